//! The examples of docs/interceptors.md. Each is a file here, so that it is compiled.

mod after_commit;
mod auth;
mod entities;
mod error;
mod locals;
mod narrowing;
mod other_models;
mod registering;

use serde_json::json;

use crate::harness::{InProcess, blocks};

const PAGE: &str = include_str!("../../../docs/interceptors.md");

#[test]
fn every_example_of_the_page_is_compiled() {
    let compiled = [
        include_str!("registering.rs"),
        include_str!("narrowing.rs"),
        include_str!("locals.rs"),
        include_str!("error.rs"),
        include_str!("after_commit.rs"),
        include_str!("other_models.rs"),
        include_str!("auth.rs"),
        include_str!("entities.rs"),
    ];
    assert_eq!(blocks(PAGE, "rust"), compiled);
}

#[test]
fn every_example_does_what_the_page_says() {
    let app = InProcess::with(|hooks| {
        registering::install(&mut hooks.comment);
        after_commit::install(&mut hooks.comment);
        for install in [narrowing::install, locals::install, error::install, other_models::install] {
            install(&mut hooks.post);
        }
        auth::install(&mut hooks.auth);
        entities::install(&mut hooks.auth);
    });
    let (ada, editor) = (app.author(), app.editor());
    let post = |slug: &str| json!({ "title": "On Engines", "content": "…", "slug": slug });
    let made = ada.post("/api/posts", post("engines")).succeeds(201);
    assert_eq!(ada.post("/api/posts", post("engines")).expect(409, "PostSlugUniqueConstraint")["message"], SLUG_TAKEN);

    let comment = json!({ "content": "  Well said. ", "postId": made.id() });
    assert_eq!(ada.post("/api/comments", comment.clone()).succeeds(201)["data"]["content"], "Well said.");
    let comments = ada.post("/api/comments/many", json!([comment])).succeeds(201);
    assert_eq!(comments["data"][0]["content"], "Well said.");

    editor.post("/api/tags", json!({ "name": "looms" })).succeeds(201);
    editor.post("/api/posts", post("looms")).succeeds(201);
    assert_eq!(app.rows("tags"), 2, "one of the post, one that was there");

    editor.patch(&format!("/api/posts/{}", made.id()), json!({ "status": "published" })).succeeds(200);
    let mine = editor.request("GET", "/api/posts").header("X-Mine", "yes").send().succeeds(200);
    assert_eq!((&mine["total"], app.rows("posts")), (&json!(1), 2));

    let path = format!("/api/posts/{}", made.id());
    let by_script = ada.request("DELETE", &path).header("User-Agent", "curl/8.5").send();
    by_script.expect(403, "NotEnoughPermissions");
    ada.get(&path).succeeds(200);
    let moved = json!({ "username": "ada@old.example.com", "password": "Any-Password-1" });
    app.post("/api/auth/login", moved).expect(400, "AddressMoved");
}

const SLUG_TAKEN: &str = "Another post has this slug";

#[test]
fn the_example_with_entities_deletes_the_drafts_of_an_account_with_it() {
    let app = InProcess::with(|hooks| entities::install(&mut hooks.auth));
    let ada = app.author();
    ada.post("/api/posts", json!({ "title": "A draft", "content": "…" })).succeeds(201);
    ada.delete("/api/users/me").succeeds(204);
    assert_eq!(app.rows("posts"), 0);
}
