//! What stands behind the question mark: `posts?title[contains]=x`.

#![no_main]

use std::sync::LazyLock;

use gable_fuzz::{answered, split_once, stage, words};
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
        let text = stage.named(text);
        let (path, query) = split_once(&text, '?');
        for caller in stage.callers() {
            if let Some(answer) = answered(stage.app.list(caller, path, query)) {
                let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
                assert!(answer["data"].is_array());
            }
            // No row is lost between a filter and its opposite, and none is in both.
            if let Some(shares) = answered(stage.app.shares(caller, path, query)) {
                assert_eq!(shares.kept + shares.left, shares.all, "{shares:?}");
            }
        }
        Corpus::Keep
    }
);
