//! A query, and behind a line break what its cursor says: as it is, and signed. Then all pages of the query, one after
//! another.

#![no_main]

use std::sync::LazyLock;

use gable_fuzz::{Stage, answered, split_once, stage, words};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use serde_json::Value;

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| words::of(include_str!("../dictionaries/cursor.dict")));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    words::change(data, size, max_size, seed, &WORDS)
});

fuzz_target!(
    init: { stage(); },
    |data: &[u8]| -> Corpus {
        let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
        let stage = stage();
        let text = stage.named(text);
        let (address, body) = split_once(&text, '\n');
        let (path, query) = split_once(address, '?');
        is_refused(stage, path, query, body);
        if let Some(query) = answered(stage.app.with_cursor(&stage.super_user, path, query, body.as_bytes())) {
            answered(stage.app.list(&stage.super_user, path, &query));
        }
        leads_through(stage, path, query);
        Corpus::Keep
    }
);

/// No text that this server has not signed is a cursor.
fn is_refused(stage: &Stage, path: &str, query: &str, body: &str) {
    let cursor: String = body.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let opened = answered(stage.app.list(&stage.super_user, path, &format!("{query}&cursor={cursor}")));
    assert!(opened.is_none(), "a cursor that nobody made opens");
}

/// From page to page there are the same rows in the same order as on one.
fn leads_through(stage: &Stage, path: &str, query: &str) {
    let page = |more: &str| -> Option<Value> {
        let answer = answered(stage.app.list(&stage.super_user, path, &format!("{query}&{more}")))?;
        Some(serde_json::from_slice(&answer).expect("an answer is JSON"))
    };
    let Some(whole) = page("limit=100&page=1") else { return };
    let rows = |page: &Value| page["data"].as_array().cloned().unwrap_or_default();
    // About four pages: each of them costs what the whole list does.
    let limit = (rows(&whole).len() / 4).max(1);
    let mut walked = Vec::new();
    let mut next = page(&format!("limit={limit}"));
    while let Some(page_now) = next {
        walked.extend(rows(&page_now));
        assert!(walked.len() <= 1000, "pages without an end");
        let Some(cursor) = page_now["nextCursor"].as_str() else {
            // A text that is too long for a cursor ends the walk early.
            if page_now["hasNextPage"] == true {
                return;
            }
            break;
        };
        next = page(&format!("limit={limit}&cursor={cursor}"));
        assert!(next.is_some(), "a cursor of this very query is refused");
    }
    assert_eq!(walked, rows(&whole));
}
