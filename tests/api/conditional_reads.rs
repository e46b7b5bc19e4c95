//! `If-None-Match`: a client that names the version it has receives 304 while that version is current.

use serde_json::json;

use crate::harness::{Account, Reply, app};

fn get_unless(account: &Account, path: &str, version: &str) -> Reply {
    account.request("GET", path).header("If-None-Match", version).send()
}

fn post(account: &Account, title: &str) -> String {
    let body = json!({ "title": title, "content": "…", "slug": uuid::Uuid::now_v7() });
    format!("/api/posts/{}", account.post("/api/posts", body).succeeds(201).id())
}

fn etag(reply: &Reply) -> String {
    reply.header("ETag").expect("a version").to_owned()
}

#[test]
fn a_row_that_has_not_changed_is_not_sent_again() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = post(&ada, "Notes");
    let read = ada.get(&path).succeeds(200);
    let version = etag(&read);
    assert_eq!(read.header("Cache-Control"), Some("private, no-cache"));
    for tags in [version.clone(), format!("\"other\", {version}"), format!("W/{version}"), "*".to_owned()] {
        let unchanged = get_unless(&ada, &path, &tags).succeeds(304);
        assert!(unchanged.bytes.is_empty(), "{tags}");
        assert_eq!(etag(&unchanged), version);
        assert_eq!(unchanged.header("Cache-Control"), Some("private, no-cache"));
    }
    let other = get_unless(&ada, &path, "\"other\"").succeeds(200);
    assert_eq!(other.bytes, read.bytes);
}

#[test]
fn a_row_that_has_changed_is_sent_again() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = post(&ada, "Notes");
    let version = etag(&ada.get(&path).succeeds(200));
    ada.patch(&path, json!({ "summary": "Short" })).succeeds(200);
    assert_eq!(get_unless(&ada, &path, &version).succeeds(200)["data"]["summary"], "Short");
}

#[test]
fn a_row_that_the_caller_may_not_see_is_404_whatever_version_is_named() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let path = post(&ada, "A draft");
    let version = etag(&ada.get(&path).succeeds(200));
    get_unless(&bob, &path, &version).expect(404, "PostNotFound");
    get_unless(&bob, &path, "*").expect(404, "PostNotFound");
}

#[test]
fn a_row_with_included_rows_is_always_sent_because_its_version_says_nothing_of_them() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("{}?fields=title,comments.content", post(&ada, "Notes"));
    let read = ada.get(&path).succeeds(200);
    let again = get_unless(&ada, &path, &etag(&read)).succeeds(200);
    assert_eq!(again.bytes, read.bytes);
    assert_eq!(again.header("Cache-Control"), Some("no-store"));
}

#[test]
fn a_list_is_sent_again_only_if_it_has_changed() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = post(&ada, "Notes");
    let list = format!("/api/posts?authorId={}&sort=title", ada.id);
    let read = ada.get(&list).succeeds(200);
    let version = etag(&read);
    assert!(version.starts_with("W/\""));
    assert_eq!(read.header("Cache-Control"), Some("private, no-cache"));
    assert!(get_unless(&ada, &list, &version).succeeds(304).bytes.is_empty());
    ada.patch(&path, json!({ "title": "Other notes" })).succeeds(200);
    let changed = get_unless(&ada, &list, &version).succeeds(200);
    assert_ne!(etag(&changed), version);
    assert_eq!(changed["data"][0]["title"], "Other notes");
}

#[test]
fn errors_are_not_kept() {
    let app = app();
    let reply = app.sign_up("ada").get("/api/posts?nothing=1").succeeds(400);
    assert_eq!((reply.header("Cache-Control"), reply.header("ETag")), (Some("no-store"), None));
}
