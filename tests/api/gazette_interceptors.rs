//! The effects of the Gazette's own interceptors.

use serde_json::{Value, json};

use crate::harness::{Account, Reply, app};

/// A unique title, and the slug that is made from it.
fn title() -> (String, String) {
    let number = uuid::Uuid::now_v7().simple().to_string();
    (format!("Ada's Letter, No. {number}!"), format!("ada-s-letter-no-{number}"))
}

fn article(author: &Account, more: Value) -> Reply {
    let mut body = json!({ "title": title().0, "content": "…" });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    author.post("/api/posts", body)
}

#[test]
fn a_slug_is_made_from_the_title() {
    let app = app();
    let ada = app.sign_up("ada");
    let (title, slug) = title();
    let body = json!({ "title": title, "content": "…" });
    assert_eq!(ada.post("/api/posts", body).succeeds(201)["data"]["slug"], slug);
}

#[test]
fn a_slug_that_was_given_stays() {
    let app = app();
    let ada = app.sign_up("ada");
    let (_, slug) = title();
    assert_eq!(article(&ada, json!({ "slug": slug })).succeeds(201)["data"]["slug"], slug);
}

#[test]
fn slugs_are_made_for_many_articles_at_once() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (title(), title());
    let body = json!([{ "title": one.0, "content": "…" }, { "title": other.0, "content": "…" }]);
    assert_eq!(ada.post("/api/posts/many", body).succeeds(201).column("slug"), [one.1, other.1]);
}

#[test]
fn a_taken_name_is_explained_in_the_interceptors_words() {
    let app = app();
    let ada = app.sign_up("ada");
    let (title, _) = title();
    let body = json!({ "title": title, "content": "…" });
    ada.post("/api/posts", body.clone()).succeeds(201);
    let reply = ada.post("/api/posts", body).expect(409, "PostSlugUniqueConstraint");
    assert_eq!(reply["message"], "Another article has this slug: choose a different one");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 1);
}

#[test]
fn an_author_cannot_publish_in_any_way() {
    let app = app();
    let ada = app.sign_up("ada");
    let published = json!({ "status": "published" });
    article(&ada, published.clone()).expect(403, "NotEnoughPermissions");
    let batch =
        json!([{ "title": title().0, "content": "…" }, { "title": title().0, "content": "…", "status": "published" }]);
    ada.post("/api/posts/many", batch).expect(403, "NotEnoughPermissions");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
    let path = format!("/api/posts/{}", article(&ada, json!({})).succeeds(201).id());
    ada.patch(&path, published.clone()).expect(403, "NotEnoughPermissions");
    ada.patch(&format!("/api/posts/many?authorId={}", ada.id), published).expect(403, "NotEnoughPermissions");
    let row = app.row(&path);
    assert_eq!((&row["status"], &row["publishedAt"]), (&json!("draft"), &Value::Null));
}

#[test]
fn an_author_hands_an_article_in_for_review() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}", article(&ada, json!({})).succeeds(201).id());
    assert_eq!(ada.patch(&path, json!({ "status": "review" })).succeeds(200)["data"]["status"], "review");
}

#[test]
fn publishing_is_dated_and_taking_back_clears_the_date() {
    let app = app();
    let (ada, grace) = (app.sign_up("ada"), app.editor("grace"));
    let path = format!("/api/posts/{}", article(&ada, json!({})).succeeds(201).id());
    let published = grace.patch(&path, json!({ "status": "published" })).succeeds(200);
    assert_eq!(published["data"]["publishedAt"], published["data"]["updatedAt"]);
    assert!(published["data"]["publishedAt"].is_string());
    let retitled = grace.patch(&path, json!({ "title": "Another title" })).succeeds(200);
    assert_eq!(retitled["data"]["publishedAt"], published["data"]["publishedAt"]);
    let withdrawn = grace.patch(&path, json!({ "status": "draft" })).succeeds(200);
    assert_eq!(withdrawn["data"]["publishedAt"], Value::Null);
    let born = article(&grace, json!({ "status": "published" })).succeeds(201);
    assert_eq!(born["data"]["publishedAt"], born["data"]["createdAt"]);
}

#[test]
fn publishing_in_bulk_is_dated_too() {
    let app = app();
    let (ada, grace) = (app.sign_up("ada"), app.editor("grace"));
    article(&ada, json!({})).succeeds(201);
    let many = format!("/api/posts/many?authorId={}", ada.id);
    let published = grace.patch(&many, json!({ "status": "published" })).succeeds(200);
    assert!(published["data"][0]["publishedAt"].is_string(), "{published:?}");
}

#[test]
fn publishing_can_be_given_to_one_account() {
    let app = app();
    let ada = app.sign_up("ada");
    let permission = json!({ "id": app.permission("post", "Publish") });
    let body = json!({ "user": ada.reference(), "permission": permission });
    app.super_user().post("/api/user-permissions", body).succeeds(201);
    article(&ada, json!({ "status": "published" })).succeeds(201);
}

#[test]
fn a_comment_on_an_article_that_its_writer_cannot_read_is_404_and_not_stored() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let id = article(&ada, json!({})).succeeds(201).id();
    let comment = json!({ "content": "I should not see this.", "post": { "id": id } });
    bob.post("/api/comments", comment.clone()).expect(404, "PostNotFound");
    assert_eq!(app.count(&format!("/api/comments?postId={id}")), 0);
    ada.post("/api/comments", comment.clone()).succeeds(201);
    app.super_user().patch(&format!("/api/posts/{id}"), json!({ "status": "published" })).succeeds(200);
    bob.post("/api/comments", comment).succeeds(201);
}

#[test]
fn many_comments_at_once_meet_the_same_check() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let id = article(&ada, json!({})).succeeds(201).id();
    let comments = json!([{ "content": "I should not see this.", "post": { "id": id } }]);
    bob.post("/api/comments/many", comments).expect(404, "PostNotFound");
    assert_eq!(app.count(&format!("/api/comments?postId={id}")), 0);
}

#[test]
fn a_tag_is_stored_in_lower_case() {
    let app = app();
    let name = format!("Rust {}", &uuid::Uuid::now_v7().simple().to_string()[12..]);
    let root = app.super_user();
    let tag = root.post("/api/tags", json!({ "name": format!("  {} ", name.to_uppercase()) })).succeeds(201);
    assert_eq!(tag["data"]["name"], name.to_lowercase());
    root.post("/api/tags", json!({ "name": name })).expect(409, "TagNameUniqueConstraint");
    let path = format!("/api/tags/{}", tag.id());
    assert_eq!(
        root.patch(&path, json!({ "name": format!("{name} X") })).succeeds(200)["data"]["name"],
        format!("{name} x").to_lowercase()
    );
}

#[test]
fn many_tags_at_once_are_stored_in_lower_case_too() {
    let app = app();
    let name = format!("Rust {}", &uuid::Uuid::now_v7().simple().to_string()[12..]);
    let tags = app.super_user().post("/api/tags/many", json!([{ "name": name }])).succeeds(201);
    assert_eq!(tags.column("name"), [name.to_lowercase()]);
}

#[test]
fn a_full_name_is_made_from_its_parts() {
    let app = app();
    let full_name = |account: &Account| account.get("/api/users/me").succeeds(200)["data"]["fullName"].clone();
    let parts = json!({ "firstName": "Ada", "lastName": "Lovelace" });
    assert_eq!(full_name(&app.sign_up_with("ada", parts)), "Ada Lovelace");
    let given = json!({ "firstName": "Ada", "lastName": "Lovelace", "fullName": "The Countess" });
    assert_eq!(full_name(&app.sign_up_with("ada", given)), "The Countess");
    assert_eq!(full_name(&app.sign_up_with("ada", json!({ "firstName": "Ada" }))), Value::Null);
}

#[test]
fn full_names_are_made_for_many_accounts_at_once() {
    let app = app();
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    let account = json!({ "email": email, "password": "Correct-Horse-7", "firstName": "Ada", "lastName": "Lovelace" });
    let made = app.super_user().post("/api/users/many", json!([account])).succeeds(201);
    assert_eq!(made.column("fullName"), ["Ada Lovelace"]);
}

#[test]
fn a_tag_that_is_nothing_but_space_is_refused() {
    let app = app();
    let before = app.count("/api/tags?name=");
    app.super_user().post("/api/tags", json!({ "name": "   " })).expect(400, "InvalidRequestBody");
    assert_eq!(app.count("/api/tags?name="), before);
}

#[test]
fn an_article_is_announced_once_it_is_stored_and_only_then() {
    let app = app();
    let ada = app.sign_up("ada");
    let (announced, _) = title();
    let body = json!({ "title": announced, "content": "…" });
    ada.post("/api/posts", body.clone()).succeeds(201);
    ada.post("/api/posts", body).expect(409, "PostSlugUniqueConstraint");
    let refused = json!({ "title": announced, "content": "…", "slug": null, "tags": [{ "id": ada.id }] });
    assert!(matches!(ada.post("/api/posts", refused).status, 400 | 409));
    app.log_has("an article was created", &announced);
    let times = app
        .output()
        .lines()
        .filter(|line| line.contains("an article was created") && line.contains(&announced))
        .count();
    assert_eq!(times, 1);
}
