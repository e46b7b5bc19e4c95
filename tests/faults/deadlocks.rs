//! Writes that name the same rows in opposite orders.

use serde_json::{Value, json};

use crate::harness::{Setup, at_once, statuses};
use crate::ledger::{post, slug};
use crate::waiting::no_transaction_is_open;

#[test]
fn nested_writes_in_opposite_orders_are_all_made() {
    let Some(setup) = Setup::postgres() else { return };
    let app = setup.spawn();
    let grace = app.editor("grace");
    let tags: Vec<String> =
        (0..4).map(|_| grace.post("/api/tags", json!({ "name": slug() })).succeeds(201).id()).collect();
    let linked: Vec<Value> = tags.iter().map(|id| json!({ "id": id })).collect();
    let posts: Vec<String> = (0..4)
        .map(|_| {
            let mut body = post(&slug(), "…");
            body["tags"] = json!(linked);
            format!("/api/posts/{}", grace.post("/api/posts", body).succeeds(201).id())
        })
        .collect();

    for _ in 0..40 {
        let replies = at_once(posts.len(), |number| {
            let mut ids = tags.clone();
            ids.rotate_left(number / 2);
            if number % 2 == 1 {
                ids.reverse();
            }
            let renamed: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "name": slug() })).collect();
            grace.patch(&posts[number], json!({ "tags": renamed }))
        });
        assert_eq!(statuses(&replies), [(200, posts.len())], "{replies:?}");
    }
    no_transaction_is_open(&app);
}

#[test]
fn bulk_writes_beside_nested_ones_are_all_made() {
    let Some(setup) = Setup::postgres() else { return };
    let app = setup.spawn();
    let ada = app.sign_up("ada");
    let made = ada.post("/api/posts?fields=+comments", post(&slug(), "…")).succeeds(201);
    let path = format!("/api/posts/{}", made.id());
    let comments: Vec<String> = made["data"]["comments"]
        .as_array()
        .expect("comments")
        .iter()
        .map(|comment| comment["id"].as_str().expect("an id").to_owned())
        .collect();

    for round in 0..40 {
        let replies = at_once(4, |number| {
            let mut ids = comments.clone();
            if number % 2 == 1 {
                ids.reverse();
            }
            let changed: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "content": format!("{round}") })).collect();
            match number {
                3 => ada.patch(&format!("/api/comments/many?postId={}", made.id()), json!({ "content": "All" })),
                _ => ada.patch(&path, json!({ "comments": changed })),
            }
        });
        assert_eq!(statuses(&replies), [(200, 4)], "{replies:?}");
    }
    no_transaction_is_open(&app);
}
