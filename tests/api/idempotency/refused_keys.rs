//! Keys that are refused: nothing is written, and no stored answer is shown.

use serde_json::json;

use super::{article, articles, deleted_reading, is_replayed, is_the_same_again, key, post, restore};
use crate::harness::{app, unique};

#[test]
fn another_body_under_a_key_is_refused_and_writes_nothing() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    let refused = post(&ada, "/api/posts", &key, &article()).expect(409, "IdempotencyKeyReused");
    assert!(!is_replayed(&refused) && refused["data"].is_null(), "{refused:?}");
    assert_eq!(articles(&app, &ada), 1);
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
}

#[test]
fn another_query_under_a_key_is_refused_and_writes_nothing() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    post(&ada, "/api/posts", &key, &body).succeeds(201);
    post(&ada, "/api/posts?fields=id", &key, &body).expect(409, "IdempotencyKeyReused");
    assert_eq!(articles(&app, &ada), 1);
}

#[test]
fn another_path_under_a_key_is_refused_and_writes_nothing() {
    let app = app();
    let (root, key, name) = (app.super_user(), key(), unique("word"));
    let body = json!({ "name": name });
    post(root, "/api/tags", &key, &body).succeeds(201);
    post(root, "/api/auth-roles", &key, &body).expect(409, "IdempotencyKeyReused");
    assert_eq!(app.count(&format!("/api/auth-roles?name={name}")), 0);
}

#[test]
fn another_row_under_a_key_is_not_restored() {
    let app = app();
    let (editor, key) = (app.editor("grace"), key());
    let (one, other) = (deleted_reading(&editor), deleted_reading(&editor));
    restore(&editor, &one, &key).succeeds(200);
    restore(&editor, &other, &key).expect(409, "IdempotencyKeyReused");
    editor.get(&other).expect(404, "ReadingNotFound");
}

#[test]
fn a_row_that_could_not_be_restored_leaves_its_key_free() {
    let app = app();
    let (editor, key) = (app.editor("grace"), key());
    let path = deleted_reading(&editor);
    editor.post(&format!("{path}/restore"), json!({})).succeeds(200);
    restore(&editor, &path, &key).expect(404, "ReadingNotFound");
    editor.delete(&path).succeeds(204);
    assert!(!is_replayed(&restore(&editor, &path, &key).succeeds(200)));
}

#[test]
fn a_refused_request_leaves_its_key_free() {
    let app = app();
    let ada = app.sign_up("ada");
    let taken = article();
    ada.post("/api/posts", taken.clone()).succeeds(201);
    let mut published = article();
    published["status"] = json!("published");
    let refusals = [
        (json!({ "title": "" }), 400, "InvalidRequestBody"),
        (published, 403, "NotEnoughPermissions"),
        (taken, 409, "PostSlugUniqueConstraint"),
    ];
    for (body, status, code) in refusals {
        let key = key();
        post(&ada, "/api/posts", &key, &body).expect(status, code);
        post(&ada, "/api/posts", &key, &body).expect(status, code);
        assert!(!is_replayed(&post(&ada, "/api/posts", &key, &article()).succeeds(201)));
    }
    assert_eq!(articles(&app, &ada), 4);
}

#[test]
fn a_malformed_key_is_refused_before_anything_is_written() {
    let app = app();
    let ada = app.sign_up("ada");
    let long = "x".repeat(256);
    for wrong in ["", "two words", "\"open", "\"\"", "\"a\", \"b\"", &long] {
        post(&ada, "/api/posts", wrong, &article()).expect(400, "InvalidIdempotencyKey");
        post(&ada, "/api/posts/many", wrong, &json!([article()])).expect(400, "InvalidIdempotencyKey");
    }
    let twice = ada.request("POST", "/api/posts").header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    twice.json(&article()).send().expect(400, "InvalidIdempotencyKey");
    assert_eq!(articles(&app, &ada), 0);
}

#[test]
fn an_answer_made_for_other_rights_is_not_shown() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    let role = app.give_role(&ada, "Editor");
    let refused = post(&ada, "/api/posts", &key, &body).expect(409, "IdempotencyKeyReused");
    assert!(refused["data"].is_null(), "{refused:?}");
    app.super_user().delete(&format!("/api/user-roles/{role}")).succeeds(204);
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    let denied =
        json!({ "user": ada.reference(), "permission": { "id": app.permission("tag", "View") }, "effect": "deny" });
    app.super_user().post("/api/user-permissions", denied).succeeds(201);
    post(&ada, "/api/posts", &key, &body).expect(409, "IdempotencyKeyReused");
    assert_eq!(articles(&app, &ada), 1);
}

#[test]
fn a_caller_who_may_no_longer_write_is_refused_instead_of_shown_the_stored_answer() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    post(&ada, "/api/posts", &key, &body).succeeds(201);
    let create = json!({ "id": app.permission("post", "Create") });
    let denied = json!({ "user": ada.reference(), "permission": create, "effect": "deny" });
    app.super_user().post("/api/user-permissions", denied).succeeds(201);
    let refused = post(&ada, "/api/posts", &key, &body).expect(403, "NotEnoughPermissions");
    assert!(!is_replayed(&refused) && refused["data"].is_null(), "{refused:?}");
}

#[test]
fn a_suspended_account_is_not_shown_a_stored_answer() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    post(&ada, "/api/posts", &key, &body).succeeds(201);
    app.super_user().patch(&format!("/api/users/{}", ada.id), json!({ "isActive": false })).succeeds(200);
    let refused = post(&ada, "/api/posts", &key, &body);
    assert!(refused.status == 401 && !is_replayed(&refused) && refused["data"].is_null(), "{refused:?}");
}
