//! Fuzzes cursors. An input is a query and, on the next line, the content of a cursor, which is sent unsigned and
//! signed. Then all pages of the query are read, one after another.

#![no_main]

use std::sync::LazyLock;

use gable_fuzz::{Stage, split_once, stage, success, words};
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
        let text = stage.with_ids(text);
        let (address, body) = split_once(&text, '\n');
        let (path, query) = split_once(address, '?');
        assert_refused(stage, path, query, body);
        if let Some(query) = success(stage.app.with_cursor(&stage.super_user, path, query, body.as_bytes())) {
            success(stage.app.list(&stage.super_user, path, &query));
        }
        assert_pages_match(stage, path, query);
        Corpus::Keep
    }
);

/// Asserts that a cursor which the server did not sign is refused.
fn assert_refused(stage: &Stage, path: &str, query: &str, body: &str) {
    let cursor: String = body.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let opened = success(stage.app.list(&stage.super_user, path, &format!("{query}&cursor={cursor}")));
    assert!(opened.is_none(), "an unsigned cursor was accepted");
}

/// Asserts that the pages together have the same rows in the same order as one large page.
fn assert_pages_match(stage: &Stage, path: &str, query: &str) {
    let page = |more: &str| -> Option<Value> {
        let answer = success(stage.app.list(&stage.super_user, path, &format!("{query}&{more}")))?;
        Some(serde_json::from_slice(&answer).expect("an answer is JSON"))
    };
    let Some(whole) = page("limit=100&page=1") else { return };
    let rows = |page: &Value| page["data"].as_array().cloned().unwrap_or_default();
    // About four pages, because each of them costs as much as the whole list.
    let limit = (rows(&whole).len() / 4).max(1);
    let mut rows_of_pages = Vec::new();
    let mut next = page(&format!("limit={limit}"));
    while let Some(current) = next {
        rows_of_pages.extend(rows(&current));
        assert!(rows_of_pages.len() <= 1000, "the list of pages does not end");
        let Some(cursor) = current["nextCursor"].as_str() else {
            // There is no cursor if it would contain a very long text.
            if current["hasNextPage"] == true {
                return;
            }
            break;
        };
        next = page(&format!("limit={limit}&cursor={cursor}"));
        assert!(next.is_some(), "a cursor of the same query was refused");
    }
    assert_eq!(rows_of_pages, rows(&whole));
}
