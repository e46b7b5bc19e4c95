//! `ETag` and `If-Match`: a change for one version of a row is refused for another. Also restoring deleted rows.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Account, Reply, app};

fn post(account: &Account) -> String {
    let made = account.post("/api/posts", json!({ "title": "Notes", "content": "…", "slug": uuid::Uuid::now_v7() }));
    format!("/api/posts/{}", made.succeeds(201).id())
}

fn patch_if(account: &Account, path: &str, version: &str, body: Value) -> Reply {
    account.request("PATCH", path).header("If-Match", version).json(&body).send()
}

fn delete_if(account: &Account, path: &str, version: &str) -> Reply {
    account.request("DELETE", path).header("If-Match", version).send()
}

#[test]
fn an_answer_has_the_version_of_its_row_and_a_change_gives_it_a_new_one() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = post(&ada);
    let read = ada.get(&path).succeeds(200);
    let first = read.header("ETag").expect("a version").to_owned();
    assert_eq!(ada.get(&path).header("ETag"), Some(first.as_str()), "reading changes nothing");
    let changed = ada.patch(&path, json!({ "summary": "Short" })).succeeds(200);
    let second = changed.header("ETag").expect("a version").to_owned();
    assert_ne!(second, first);
    assert_eq!(ada.get(&path).header("ETag"), Some(second.as_str()));
}

#[test]
fn a_version_is_the_sha_256_of_what_its_reader_sees() {
    let app = app();
    let ada = app.sign_up("ada");
    let read = ada.get(&post(&ada)).succeeds(200);
    let row = read.bytes.strip_prefix(b"{\"data\":").and_then(|rest| rest.strip_suffix(b"}")).expect("one row");
    let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(row));
    assert_eq!(read.header("ETag"), Some(format!("\"{digest}\"").as_str()));
}

#[test]
fn a_change_or_deletion_of_an_older_version_is_refused_and_changes_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = post(&ada);
    let stale = ada.get(&path).header("ETag").expect("a version").to_owned();
    ada.patch(&path, json!({ "summary": "Somebody was faster" })).succeeds(200);
    let before = app.row(&path);
    patch_if(&ada, &path, &stale, json!({ "summary": "Lost" })).expect(412, "PreconditionFailed");
    delete_if(&ada, &path, &stale).expect(412, "PreconditionFailed");
    assert_eq!(app.row(&path), before);
    let current = ada.get(&path).header("ETag").expect("a version").to_owned();
    patch_if(&ada, &path, &current, json!({ "summary": "Mine" })).succeeds(200);
    patch_if(&ada, &path, "*", json!({ "summary": "Whichever" })).succeeds(200);
    let current = ada.get(&path).header("ETag").expect("a version").to_owned();
    delete_if(&ada, &path, &current).succeeds(204);
}

#[test]
fn the_version_of_a_hidden_row_is_not_revealed() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let path = post(&ada);
    let version = ada.get(&path).header("ETag").expect("a version").to_owned();
    patch_if(&eve, &path, &version, json!({ "summary": "x" })).expect(404, "PostNotFound");
    patch_if(&eve, &path, "\"0\"", json!({ "summary": "x" })).expect(404, "PostNotFound");
}

#[test]
fn a_row_that_the_caller_cannot_see_cannot_be_changed_despite_the_permission() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let path = post(&ada);
    let before = app.row(&path);
    let role = app.super_user().post("/api/auth-roles", json!({ "name": format!("Blind-{}", uuid::Uuid::now_v7()) }));
    let permission = app.super_user().get("/api/auth-permissions?resource=post&action=Update").succeeds(200);
    let role = format!("/api/auth-roles/{}", role.succeeds(201).id());
    let link = json!({ "permissions": [{ "id": permission["data"][0]["id"] }] });
    let id = app.super_user().patch(&role, link).succeeds(200).id();
    app.super_user().post("/api/user-roles", json!({ "user": { "id": eve.id }, "role": { "id": id } })).succeeds(201);
    eve.get(&path).expect(404, "PostNotFound");
    eve.patch(&path, json!({})).expect(404, "PostNotFound");
    eve.patch(&path, json!({ "summary": "x" })).expect(404, "PostNotFound");
    let many = format!("/api/posts/many?authorId={}", ada.id);
    assert_eq!(eve.patch(&many, json!({ "summary": "x" })).succeeds(200)["results"], 0);
    assert_eq!(app.row(&path), before);
}

#[test]
fn a_deleted_reading_can_be_restored_only_with_the_permission() {
    let app = app();
    let (editor, ada) = (app.editor("grace"), app.sign_up("ada"));
    let reading = json!({ "title": "An evening", "contact": "door@example.com", "seats": 80, "price": "9.50",
                          "day": "2026-12-01", "startsAt": "19:30" });
    let path = format!("/api/readings/{}", editor.post("/api/readings", reading).succeeds(201).id());
    let restore = format!("{path}/restore");
    editor.post(&restore, json!({})).expect(404, "ReadingNotFound");
    editor.delete(&path).succeeds(204);
    editor.get(&path).expect(404, "ReadingNotFound");
    ada.post(&restore, json!({})).expect(403, "NotEnoughPermissions");
    editor.get(&path).expect(404, "ReadingNotFound");
    let restored = editor.post(&restore, json!({})).succeeds(200);
    assert_eq!((&restored["data"]["title"], &restored["data"]["deletedAt"]), (&json!("An evening"), &json!(null)));
    editor.get(&path).succeeds(200);
    editor.get(&restore).expect(405, "MethodNotAllowed");
    editor.post(&path.replace("readings", "posts"), json!({})).expect(405, "MethodNotAllowed");
}
