//! Fuzzes JSON bodies. The first line of an input names the operation and the path: `new posts`, `many tags`,
//! `change users`.

#![no_main]

use std::sync::LazyLock;

use gable::fuzzing::{Body, json};
use gable_fuzz::{keys, split_once, stage, success, words};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| words::of(include_str!("../dictionaries/body.dict")));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    words::change(data, size, max_size, seed, &WORDS)
});

fuzz_target!(
    init: { stage(); },
    |data: &[u8]| -> Corpus {
        let stage = stage();
        let Ok(text) = std::str::from_utf8(data) else {
            assert!(json(data).is_none(), "JSON was read from bytes that are not UTF-8");
            return Corpus::Reject;
        };
        let text = stage.with_ids(text);
        let (first, text) = split_once(&text, '\n');
        let Some(value) = json(text.as_bytes()) else { return Corpus::Keep };
        assert_eq!(keys::in_text(text), Some(keys::in_value(&value)), "a repeated key was accepted");
        let (kind, path) = split_once(first, ' ');
        let row = match path {
            "posts" => "$post",
            "readings" => "$reading",
            _ => "$user",
        };
        let body = match kind {
            "many" => Body::NewRows,
            "change" => Body::Change(stage.id(row)),
            _ => Body::New,
        };
        for caller in [&stage.super_user, &stage.author] {
            success(stage.app.write(caller, path, body, value.clone()));
        }
        Corpus::Keep
    }
);
