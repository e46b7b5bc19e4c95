//! The examples of `docs/queries.md`.

use super::encoded;
use crate::harness::app;

const PAGE: &str = include_str!("../../../docs/queries.md");

/// The blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_example_is_answered() {
    let app = app();
    let lists: Vec<&str> = blocks("text").into_iter().flat_map(str::lines).collect();
    assert!(lists.len() > 5, "{lists:?}");
    for list in lists {
        app.super_user().get(&format!("/api/{list}")).succeeds(200);
    }
    for filters in blocks("json") {
        app.super_user().get(&format!("/api/posts?filters={}", encoded(filters))).succeeds(200);
    }
}
