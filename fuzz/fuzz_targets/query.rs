//! What stands behind the question mark: `posts?title[contains]=x`.

#![no_main]

use gable_fuzz::{answered, split_once, stage};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

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
