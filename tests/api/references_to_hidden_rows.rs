//! References to rows that the caller cannot see, in an application without interceptors of its own.

use serde_json::{Value, json};

use crate::harness::{InProcess, PASSWORD, unique};

/// A body that refers to a row, and the code of its refusal.
type Named<'b> = (&'b dyn Fn(&str) -> Value, &'static str);

#[test]
fn a_row_cannot_refer_to_a_hidden_row_and_the_refusal_does_not_reveal_that_it_exists() {
    let bare = InProcess::new();
    let (ada, bob) = (bare.author(), bare.author());
    let post = json!({ "title": "A draft", "content": "…", "slug": unique("draft") });
    let hidden = ada.post("/api/posts", post).succeeds(201).id();
    let missing = "018f3f2e-0000-7000-8000-000000000000";
    let named = |post: &str| json!({ "content": "Found it", "post": { "id": post } });
    let by_key = |post: &str| json!({ "content": "Found it", "postId": post });
    let bodies: [Named; 2] = [(&named, "InlineRecordNotFound"), (&by_key, "ReferencedRecordNotFound")];
    for (body, code) in bodies {
        let one = |post: &str| bob.post("/api/comments", body(post)).expect(400, code).bytes.clone();
        assert_eq!(one(&hidden), one(missing));
        let many = |post: &str| bob.post("/api/comments/many", json!([body(post)])).expect(400, code).bytes.clone();
        assert_eq!(many(&hidden), many(missing));
    }
    let comments = format!("/api/comments?postId={hidden}");
    assert_eq!(ada.get(&comments).succeeds(200)["total"], 0);
    ada.post("/api/comments", named(&hidden)).succeeds(201);
    assert_eq!(ada.get(&comments).succeeds(200)["total"], 1);
}

#[test]
fn the_callers_own_account_cannot_refer_to_a_hidden_row_either() {
    let bare = InProcess::new();
    let (ada, bob) = (bare.author(), bare.author());
    let post = json!({ "title": "A draft", "content": "…", "slug": unique("draft") });
    let hidden = ada.post("/api/posts", post.clone()).succeeds(201).id();
    let missing = "018f3f2e-0000-7000-8000-000000000000";
    let by_key = |id: &str| json!({ "pinnedId": id });
    let named = |id: &str| json!({ "pinned": { "id": id } });
    let keys: [Named; 2] = [(&named, "InlineRecordNotFound"), (&by_key, "ReferencedRecordNotFound")];
    for (key, code) in keys {
        let change = |id: &str| bob.patch("/api/users/me", key(id)).expect(400, code).bytes.clone();
        assert_eq!(change(&hidden), change(missing));
        let email = format!("{}@example.com", unique("eve"));
        let sign_up = |id: &str| {
            let mut body = key(id);
            body["email"] = json!(email);
            body["password"] = json!(PASSWORD);
            bare.post("/api/auth/signup", body).expect(400, code).bytes.clone()
        };
        assert_eq!(sign_up(&hidden), sign_up(missing));
        let listed = bare.super_user().get(&format!("/api/users?email={email}"));
        assert_eq!(listed.succeeds(200)["total"], 0);
    }
    assert_eq!(bob.get("/api/users/me").succeeds(200)["data"]["pinnedId"], Value::Null);
    ada.patch("/api/users/me", json!({ "pinnedId": hidden })).succeeds(200);
}
