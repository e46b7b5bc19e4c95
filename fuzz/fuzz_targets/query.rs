//! Fuzzes query strings: `posts?title[contains]=x`.

#![no_main]

use std::sync::LazyLock;

use gable_fuzz::{split_once, stage, success, words};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use serde_json::Value;

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| words::of(include_str!("../dictionaries/query.dict")));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    words::change(data, size, max_size, seed, &WORDS)
});

fuzz_target!(
    init: { stage(); },
    |data: &[u8]| -> Corpus {
        let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
        let stage = stage();
        let text = stage.with_ids(text);
        let (path, query) = split_once(&text, '?');
        for caller in stage.callers() {
            if let Some(answer) = success(stage.app.list(caller, path, query)) {
                let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
                assert!(answer["data"].is_array());
            }
            // Every row matches either the filter or its negation.
            if let Some(shares) = success(stage.app.shares(caller, path, query)) {
                assert_eq!(shares.kept + shares.left, shares.all, "{shares:?}");
            }
        }
        Corpus::Keep
    }
);
