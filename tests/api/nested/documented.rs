//! The examples of `docs/writing.md`.

use serde_json::{Value, json};

use crate::harness::InProcess;

const PAGE: &str = include_str!("../../../docs/writing.md");

#[test]
fn every_example_is_answered() {
    let app = InProcess::with(|_| {});
    let grace = app.editor();
    let tag = grace.post("/api/tags", json!({ "name": "engines" })).succeeds(201).id();
    let post = json!({ "title": "Title", "content": "…", "slug": "title", "comments": [{ "content": "Well." }] });
    let post = grace.post("/api/posts?fields=id,comments", post).succeeds(201);
    let comment = post["data"]["comments"][0]["id"].as_str().expect("a comment").to_owned();
    let fill = |text: &str| text.replace("{post}", &post.id()).replace("{tag}", &tag).replace("{comment}", &comment);
    let examples: Vec<&str> = PAGE.split("```http\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 1, "{examples:?}");
    for example in examples {
        let (line, body) = example.split_once('\n').expect("a line and a body");
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let body: Value = serde_json::from_str(&fill(body)).expect("JSON");
        let status = if method == "POST" { 201 } else { 200 };
        grace.request(method, &fill(path)).json(&body).send().succeeds(status);
    }
}
