//! Rows that belong to others, where no interceptor of the application's looks at what they belong to.

use serde_json::{Value, json};

use crate::harness::{InProcess, PASSWORD, unique};

/// A body that names a row, and the code of its refusal.
type Named<'b> = (&'b dyn Fn(&str) -> Value, &'static str);

#[test]
fn a_row_cannot_belong_to_a_hidden_one_and_does_not_tell_that_it_is_there() {
    let bare = InProcess::with(|_| {});
    let (ada, bob) = (bare.author(), bare.author());
    let post = json!({ "title": "A draft", "content": "…", "slug": unique("draft") });
    let hidden = ada.post("/api/posts", post).succeeds(201).id();
    let nobody = "018f3f2e-0000-7000-8000-000000000000";
    let named = |post: &str| json!({ "content": "Found it", "post": { "id": post } });
    let by_key = |post: &str| json!({ "content": "Found it", "postId": post });
    let bodies: [Named; 2] = [(&named, "InlineRecordNotFound"), (&by_key, "ReferencedRecordNotFound")];
    for (body, code) in bodies {
        let one = |post: &str| bob.post("/api/comments", body(post)).expect(400, code).bytes.clone();
        assert_eq!(one(&hidden), one(nobody));
        let many = |post: &str| bob.post("/api/comments/many", json!([body(post)])).expect(400, code).bytes.clone();
        assert_eq!(many(&hidden), many(nobody));
    }
    let comments = format!("/api/comments?postId={hidden}");
    assert_eq!(ada.get(&comments).succeeds(200)["total"], 0);
    ada.post("/api/comments", named(&hidden)).succeeds(201);
    assert_eq!(ada.get(&comments).succeeds(200)["total"], 1);
}

#[test]
fn an_own_account_cannot_name_a_hidden_row_either() {
    let bare = InProcess::with(|_| {});
    let (ada, bob) = (bare.author(), bare.author());
    let post = json!({ "title": "A draft", "content": "…", "slug": unique("draft") });
    let hidden = ada.post("/api/posts", post.clone()).succeeds(201).id();
    let nobody = "018f3f2e-0000-7000-8000-000000000000";
    let by_key = |id: &str| json!({ "pinnedId": id });
    let named = |id: &str| json!({ "pinned": { "id": id } });
    let keys: [Named; 2] = [(&named, "InlineRecordNotFound"), (&by_key, "ReferencedRecordNotFound")];
    for (key, code) in keys {
        let change = |id: &str| bob.patch("/api/users/me", key(id)).expect(400, code).bytes.clone();
        assert_eq!(change(&hidden), change(nobody));
        let email = format!("{}@example.com", unique("eve"));
        let sign_up = |id: &str| {
            let mut body = key(id);
            body["email"] = json!(email);
            body["password"] = json!(PASSWORD);
            bare.post("/api/auth/signup", body).expect(400, code).bytes.clone()
        };
        assert_eq!(sign_up(&hidden), sign_up(nobody));
        let listed = bare.super_user().get(&format!("/api/users?email={email}"));
        assert_eq!(listed.succeeds(200)["total"], 0);
    }
    assert_eq!(bob.get("/api/users/me").succeeds(200)["data"]["pinnedId"], Value::Null);
    ada.patch("/api/users/me", json!({ "pinnedId": hidden })).succeeds(200);
}
