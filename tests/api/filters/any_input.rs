//! Random query strings: each is answered or refused with 400, and none causes a 500.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use super::encoded;
use crate::harness::app;

/// Names, values and separators of queries.
const PIECES: [&str; 64] = [
    "title",
    "status",
    "views",
    "publishedAt",
    "id",
    "authorId",
    "author",
    "comments",
    "tags",
    "posts",
    "post",
    "password",
    "email",
    "profile",
    "some",
    "every",
    "none",
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "in",
    "notIn",
    "contains",
    "iendsWith",
    "isNull",
    "__",
    "__",
    "__",
    "[",
    "]",
    "[",
    "]",
    "_",
    "-",
    ",",
    "true",
    "null",
    "1",
    "-1",
    "1e999",
    "9223372036854775808",
    "0.5",
    "2026-02-30",
    "018f3f2e-0000-7000-8000-000000000000",
    "{",
    "}",
    "\"",
    ":",
    "{\"AND\":[",
    "]}",
    "{\"NOT\":{",
    "{\"comments\":{\"some\":{",
    "\"OR\":[{}]",
    "%",
    "\\",
    "'",
    "\0",
    "🦀",
    "é",
    " ",
    "&",
    "=",
];

const NAMES: [&str; 11] = [
    "page",
    "limit",
    "sort",
    "search",
    "filters",
    "filterMode",
    "cursor",
    "count",
    "fields",
    "title",
    "comments__content",
];

fn pieces() -> impl Strategy<Value = String> {
    prop_oneof![4 => vec(select(&PIECES[..]), 0..8).prop_map(|pieces| pieces.concat()), 1 => "\\PC{0,20}"]
}

/// Up to three parameters, encoded as browsers encode them, or made of characters that they would encode.
fn query() -> impl Strategy<Value = String> {
    let name = prop_oneof![1 => select(&NAMES[..]).prop_map(str::to_owned), 1 => pieces()];
    let pair = (name, pieces()).prop_map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)));
    let raw = vec(select(b"%&=[]{}+;/?:@!$'()*,~aF0".to_vec()), 0..20);
    let raw = raw.prop_map(|bytes| String::from_utf8(bytes).expect("ASCII"));
    vec(prop_oneof![5 => pair, 1 => raw], 0..4).prop_map(|pairs| pairs.join("&"))
}

#[test]
fn any_query_string_is_answered_or_refused_as_a_query() {
    let app = app();
    let lists = select(vec!["posts", "comments", "readings", "users", "auth-roles", "posts/many"]);
    let config =
        Config { cases: 1500, failure_persistence: None, rng_seed: RngSeed::Fixed(20_261_120), ..Config::default() };
    let outcome = TestRunner::new(config).run(&(lists, query()), |(list, query)| {
        let path = format!("/api/{list}?{query}");
        // An empty body changes nothing, whichever rows the query selects.
        let reply = if list.ends_with("many") {
            app.super_user().patch(&path, serde_json::json!({}))
        } else {
            app.super_user().get(&path)
        };
        let code = reply["code"].as_str().unwrap_or_default();
        let codes = ["InvalidRequestQuery", "MissingFilterCriteria", "InvalidRequestBody"];
        match reply.status {
            200 => Ok(()),
            400 if codes.contains(&code) => Ok(()),
            _ => Err(TestCaseError::fail(format!("{reply:?}"))),
        }
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
