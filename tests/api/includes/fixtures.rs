//! Rows of the Gazette for tests of includes.

use serde_json::{Value, json};

use crate::harness::{Account, App};

/// A text that is unique in this run.
pub(crate) fn word() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Makes an article that only its author and editors can see, and returns its id.
pub(crate) fn draft(author: &Account, title: &str) -> String {
    author.post("/api/posts", json!({ "title": title, "content": "…", "slug": word() })).succeeds(201).id()
}

/// Makes an article that everybody can see, and returns its id.
pub(crate) fn article(app: &App, author: &Account, title: &str) -> String {
    let id = draft(author, title);
    app.super_user().patch(&format!("/api/posts/{id}"), json!({ "status": "published" })).succeeds(200);
    id
}

/// Makes a comment and returns its id.
pub(super) fn comment(author: &Account, post: &str, content: &str) -> String {
    author.post("/api/comments", json!({ "content": content, "post": { "id": post } })).succeeds(201).id()
}

/// Makes a tag on these articles and returns its id.
pub(super) fn tag(app: &App, posts: &[&str]) -> String {
    let tag = app.super_user().post("/api/tags", json!({ "name": word() })).succeeds(201).id();
    for post in posts {
        let link = json!({ "tags": [{ "id": tag }] });
        app.super_user().patch(&format!("/api/posts/{post}"), link).succeeds(200);
    }
    tag
}

/// Makes a reading and returns its id.
pub(super) fn reading(app: &App, author: Value) -> String {
    let body = json!({
        "title": word(), "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22",
        "startsAt": "19:30", "author": author
    });
    app.super_user().post("/api/readings", body).succeeds(201).id()
}

/// One field of each of these objects.
#[track_caller]
pub(super) fn column(rows: &Value, field: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("a list, not {rows}"));
    rows.iter().map(|row| row[field].as_str().unwrap_or_else(|| panic!("{field} in {row}")).to_owned()).collect()
}

/// The names of an object's members, in alphabetical order.
#[track_caller]
pub(super) fn keys(object: &Value) -> Vec<&str> {
    let object = object.as_object().unwrap_or_else(|| panic!("an object, not {object}"));
    object.keys().map(String::as_str).collect()
}
