//! References between rows: connecting, restricting, cascading, and uniqueness.

use serde_json::{Value, json};

use crate::harness::{Account, App, app};

const MISSING_ID: &str = "018f3f2e-0000-7000-8000-000000000000";

fn slug() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn article(author: &Account, more: Value) -> String {
    let mut body = json!({ "title": "Title", "content": "…", "slug": slug() });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    author.post("/api/posts", body).succeeds(201).id()
}

fn tag(app: &App) -> String {
    app.super_user().post("/api/tags", json!({ "name": uuid::Uuid::now_v7().simple().to_string() })).succeeds(201).id()
}

/// Makes a reading by this author and returns its path.
fn reading_of(app: &App, author: Value) -> String {
    let body = json!({
        "title": "An evening", "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22",
        "startsAt": "19:30", "author": author
    });
    format!("/api/readings/{}", app.super_user().post("/api/readings", body).succeeds(201).id())
}

#[test]
fn a_reference_is_given_as_an_object_or_as_a_key() {
    let app = app();
    let (ada, grace) = (app.sign_up("ada"), app.editor("grace"));
    for body in [json!({ "author": ada.reference() }), json!({ "authorId": ada.id })] {
        let id = article(&grace, body);
        assert_eq!(app.row(&format!("/api/posts/{id}"))["authorId"], ada.id);
    }
    let connect = json!({ "author": { "id": ada.id, "apiAction": "connect" } });
    assert_eq!(app.row(&format!("/api/posts/{}", article(&grace, connect)))["authorId"], ada.id);
}

#[test]
fn a_reference_given_both_ways_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "Title", "content": "…", "author": ada.reference(), "authorId": ada.id });
    assert_eq!(ada.post("/api/posts", body).expect(400, "InvalidRequestBody").problem_fields(), ["author"]);
}

#[test]
fn a_reference_to_nothing_is_refused_and_nothing_is_stored() {
    let app = app();
    let grace = app.editor("grace");
    let body = json!({ "title": "Title", "content": "…", "slug": slug(), "authorId": MISSING_ID });
    let title = body["slug"].as_str().expect("a slug").to_owned();
    grace.post("/api/posts", body).expect(400, "ReferencedRecordNotFound");
    assert_eq!(app.count(&format!("/api/posts?slug={title}")), 0);
    let path = format!("/api/posts/{}", article(&grace, json!({})));
    grace.patch(&path, json!({ "author": { "id": MISSING_ID } })).expect(400, "InlineRecordNotFound");
    assert_eq!(app.row(&path)["authorId"], grace.id);
}

#[test]
fn a_malformed_reference_is_refused() {
    let app = app();
    let root = app.super_user();
    for author in
        [json!(7), json!("x"), json!([]), json!({}), json!({ "id": "x" }), json!({ "id": root.id, "more": 1 })]
    {
        let body = json!({ "title": "Title", "content": "…", "author": author });
        root.post("/api/posts", body).expect(400, "InvalidRequestBody");
    }
}

#[test]
fn an_optional_reference_is_cleared_by_null() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = reading_of(&app, ada.reference());
    assert_eq!(app.row(&path)["authorId"], ada.id);
    assert_eq!(app.super_user().patch(&path, json!({ "author": null })).succeeds(200)["data"]["authorId"], Value::Null);
    assert_eq!(app.super_user().patch(&path, json!({ "authorId": ada.id })).succeeds(200)["data"]["authorId"], ada.id);
}

#[test]
fn a_required_reference_cannot_be_cleared() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", article(&ada, json!({})));
    ada.patch(&path, json!({ "author": null })).expect(400, "InvalidRequestBody");
    ada.patch(&path, json!({ "authorId": null })).expect(400, "InvalidRequestBody");
    assert_eq!(app.row(&path)["authorId"], ada.id);
}

#[test]
fn an_immutable_reference_is_refused_later() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&ada, json!({})), article(&ada, json!({})));
    let comment = ada.post("/api/comments", json!({ "content": "Well said.", "post": { "id": one } })).succeeds(201);
    let path = format!("/api/comments/{}", comment.id());
    for body in [json!({ "post": { "id": other } }), json!({ "postId": other }), json!({ "authorId": MISSING_ID })] {
        ada.patch(&path, body).expect(400, "InvalidRequestBody");
    }
    assert_eq!(app.row(&path), comment["data"]);
}

#[test]
fn rows_are_linked_and_unlinked_through_the_body() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, two) = (tag(&app), tag(&app));
    let id = article(&ada, json!({ "tags": [{ "id": one }, { "id": two, "apiAction": "connect" }] }));
    let path = format!("/api/posts/{id}");
    // Linking a row twice and unlinking a row that is not linked both succeed.
    ada.patch(&path, json!({ "tags": [{ "id": one }] })).succeeds(200);
    let out = json!({ "tags": [{ "id": two, "apiAction": "disconnect" }] });
    ada.patch(&path, out.clone()).succeeds(200);
    ada.patch(&path, out).succeeds(200);
}

#[test]
fn a_link_to_nothing_is_refused_and_nothing_is_stored() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "Title", "content": "…", "slug": slug(), "tags": [{ "id": tag(&app) }, { "id": MISSING_ID }] });
    ada.post("/api/posts", body).expect(400, "InlineRecordNotFound");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
    let path = format!("/api/posts/{}", article(&ada, json!({})));
    let before = app.row(&path);
    let change = json!({ "title": "Changed", "tags": [{ "id": MISSING_ID }] });
    ada.patch(&path, change).expect(400, "InlineRecordNotFound");
    assert_eq!(app.row(&path), before);
}

#[test]
fn a_malformed_list_of_links_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    for tags in [json!({}), json!("x"), json!([7]), json!([{ "id": 7 }]), json!(null)] {
        let body = json!({ "title": "Title", "content": "…", "tags": tags });
        ada.post("/api/posts", body).expect(400, "InvalidRequestBody");
    }
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn a_row_that_others_restrict_cannot_be_deleted() {
    let app = app();
    let ada = app.sign_up("ada");
    let reading = reading_of(&app, ada.reference());
    let path = format!("/api/users/{}", ada.id);
    app.super_user().delete(&path).expect(409, "RecordStillReferenced");
    app.super_user().delete(&format!("/api/users/many?id={}", ada.id)).expect(409, "RecordStillReferenced");
    assert_eq!(
        (app.row(&path)["id"].as_str(), app.row(&reading)["authorId"].as_str()),
        (Some(&*ada.id), Some(&*ada.id))
    );
}

#[test]
fn deleting_a_row_deletes_what_belongs_to_it() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let id = article(&ada, json!({ "status": "draft" }));
    app.super_user().patch(&format!("/api/posts/{id}"), json!({ "status": "published" })).succeeds(200);
    let comment = bob.post("/api/comments", json!({ "content": "Well said.", "postId": id })).succeeds(201).id();
    ada.delete(&format!("/api/posts/{id}")).succeeds(204);
    app.super_user().get(&format!("/api/comments/{comment}")).expect(404, "CommentNotFound");
}

#[test]
fn deleting_an_account_deletes_its_articles_and_ends_its_token() {
    let app = app();
    let ada = app.sign_up("ada");
    let id = article(&ada, json!({}));
    app.super_user().delete(&format!("/api/users/{}", ada.id)).succeeds(204);
    app.super_user().get(&format!("/api/posts/{id}")).expect(404, "PostNotFound");
    ada.get("/api/users/me").expect(401, "UserNoLongerExists");
    ada.post("/api/posts", json!({ "title": "From beyond", "content": "…" })).expect(401, "UserNoLongerExists");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn deleting_a_tag_leaves_its_articles() {
    let app = app();
    let ada = app.sign_up("ada");
    let tag = tag(&app);
    let id = article(&ada, json!({ "tags": [{ "id": tag }] }));
    app.super_user().delete(&format!("/api/tags/{tag}")).succeeds(204);
    ada.get(&format!("/api/posts/{id}")).succeeds(200);
}

#[test]
fn a_unique_value_that_is_taken_is_409_and_names_the_fields() {
    let app = app();
    let ada = app.sign_up("ada");
    let name = uuid::Uuid::now_v7().simple().to_string();
    let root = app.super_user();
    root.post("/api/tags", json!({ "name": name })).succeeds(201);
    let reply = root.post("/api/tags", json!({ "name": name })).expect(409, "TagNameUniqueConstraint");
    assert_eq!(reply["meta"]["fields"], json!(["name"]));
    assert!(!reply["message"].to_string().contains(&name), "the value is not repeated");
    let other = root.post("/api/tags", json!({ "name": uuid::Uuid::now_v7().simple().to_string() })).id();
    root.patch(&format!("/api/tags/{other}"), json!({ "name": name })).expect(409, "TagNameUniqueConstraint");
    let taken = json!({ "email": ada.email, "password": "Correct-Horse-7" });
    app.post("/api/auth/signup", taken).expect(409, "UserEmailUniqueConstraint");
}

#[test]
fn two_fields_can_be_unique_together() {
    let app = app();
    let ada = app.sign_up("ada");
    let author = app.role("Author");
    let body = json!({ "user": ada.reference(), "role": { "id": author } });
    let reply = app.super_user().post("/api/user-roles", body).expect(409, "UserRoleUserIdRoleIdUniqueConstraint");
    assert_eq!(reply["meta"]["fields"], json!(["userId", "roleId"]));
    let pair = json!({ "resource": "post", "action": "View" });
    app.super_user().post("/api/auth-permissions", pair).expect(409, "AuthPermissionResourceActionUniqueConstraint");
    assert_eq!(app.count(&format!("/api/user-roles?userId={}", ada.id)), 1);
}

#[test]
fn a_one_to_one_reference_is_taken_once() {
    let app = app();
    let ada = app.sign_up("ada");
    ada.post("/api/user-profiles", json!({ "nickname": slug() })).succeeds(201);
    let second = ada.post("/api/user-profiles", json!({ "nickname": slug() }));
    second.expect(409, "UserProfileUserIdUniqueConstraint");
    assert_eq!(app.count(&format!("/api/user-profiles?userId={}", ada.id)), 1);
}

#[test]
fn any_number_of_rows_may_leave_a_unique_field_empty() {
    let app = app();
    for _ in 0..2 {
        let body = json!({ "email": format!("{}@example.com", slug()), "password": "Correct-Horse-7" });
        assert_eq!(app.post("/api/auth/signup", body).succeeds(201)["data"]["username"], Value::Null);
    }
}

#[test]
fn the_id_of_another_model_is_no_reference() {
    let app = app();
    let grace = app.editor("grace");
    let tag = tag(&app);
    let body = json!({ "title": "Title", "content": "…", "slug": slug(), "authorId": tag });
    grace.post("/api/posts", body).expect(400, "ReferencedRecordNotFound");
    let body = json!({ "title": "Title", "content": "…", "slug": slug(), "tags": [grace.reference()] });
    grace.post("/api/posts", body).expect(400, "InlineRecordNotFound");
    grace.get(&format!("/api/posts/{tag}")).expect(404, "PostNotFound");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", grace.id)), 0);
}
