//! Rows that are written through relations in the body of another row.

mod connect_or_create_and_upsert;
mod documented;
mod escalation;
mod hidden_rows;
mod interceptors;
mod long_form;
mod own_account;
mod request_stages;
mod set;

use serde_json::{Value, json};

use crate::harness::{Account, App, PASSWORD, app, unique};

const MISSING_ID: &str = "018f3f2e-0000-7000-8000-000000000000";

fn word() -> String {
    unique(&uuid::Uuid::now_v7().simple().to_string()[20..])
}

fn article(author: &Account, more: Value) -> Value {
    let mut body = json!({ "title": "Title", "content": "…", "slug": word() });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    author.post("/api/posts", body).succeeds(201).json["data"].take()
}

fn path(row: &Value) -> String {
    format!("/api/posts/{}", row["id"].as_str().expect("an id"))
}

/// One field of the included rows, sorted.
fn included(app: &App, path: &str, relation: &str, field: &str) -> Vec<String> {
    let row = app.row(&format!("{path}?fields=+{relation}&{relation}[limit]=100"));
    let rows = row[relation].as_array().expect("a list").iter();
    let mut values: Vec<String> = rows.map(|row| row[field].as_str().expect("a text").to_owned()).collect();
    values.sort();
    values
}

#[test]
fn an_article_comes_with_its_tags_and_comments() {
    let app = app();
    let grace = app.editor("grace");
    let (known, made) = (word(), word());
    let tag = grace.post("/api/tags", json!({ "name": known })).succeeds(201).id();
    let post = article(
        &grace,
        json!({
            "tags": [{ "name": known }, { "name": made, "apiAction": "create" }],
            "comments": [{ "content": "First" }, { "content": "Second" }],
        }),
    );
    let mut names = [known, made];
    names.sort();
    assert_eq!(included(&app, &path(&post), "tags", "name"), names);
    assert!(included(&app, &path(&post), "tags", "id").contains(&tag));
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["First", "Second"]);
    assert_eq!(included(&app, &path(&post), "comments", "authorId"), [grace.id.as_str(), &grace.id]);
}

#[test]
fn a_list_connects_creates_changes_and_deletes_at_once() {
    let app = app();
    let ada = app.sign_up("ada");
    let post =
        article(&ada, json!({ "comments": [{ "content": "Stays" }, { "content": "Wrong" }, { "content": "Goes" }] }));
    let comments = app.row(&format!("{}?fields=+comments", path(&post)))["comments"].clone();
    let id = |content: &str| {
        let mut found = comments.as_array().expect("a list").iter().filter(|comment| comment["content"] == content);
        found.next().expect("a comment")["id"].clone()
    };
    let changes = json!([
        { "id": id("Wrong"), "content": "Right" },
        { "id": id("Goes"), "apiAction": "Delete" },
        { "content": "New" },
    ]);
    ada.patch(&path(&post), json!({ "title": "Changed", "comments": changes })).succeeds(200);
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["New", "Right", "Stays"]);
    assert_eq!(app.row(&path(&post))["title"], "Changed");
}

#[test]
fn a_comment_of_another_article_is_not_reached_through_this_one() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&ada, json!({})), article(&ada, json!({ "comments": [{ "content": "Other" }] })));
    let comment = &app.row(&format!("{}?fields=+comments", path(&other)))["comments"][0];
    for change in
        [json!({ "id": comment["id"], "content": "Mine" }), json!({ "id": comment["id"], "apiAction": "delete" })]
    {
        let body = json!({ "title": "Changed", "comments": [change] });
        ada.patch(&path(&one), body).expect(400, "InlineRecordNotFound");
    }
    // The key of a comment is immutable.
    let connect = json!({ "comments": [{ "id": comment["id"] }] });
    assert_eq!(
        ada.patch(&path(&one), connect).expect(400, "InvalidRequestBody").problem_fields(),
        ["comments.0.postId"]
    );
    assert_eq!(included(&app, &path(&other), "comments", "content"), ["Other"]);
    assert_eq!(app.row(&path(&one)), one);
}

#[test]
fn a_refusal_by_the_other_model_refuses_the_whole_write() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let slug = word();
    let body = |more: Value| {
        let mut body = json!({ "title": "Title", "content": "…", "slug": slug });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let name = word();
    // An Author may make neither tags nor accounts, nor comments of another author.
    ada.post("/api/posts", body(json!({ "tags": [{ "name": name, "apiAction": "create" }] })))
        .expect(403, "NotEnoughPermissions");
    ada.post("/api/posts", body(json!({ "author": { "email": "x@example.com", "password": PASSWORD } })))
        .expect(403, "NotEnoughPermissions");
    ada.post("/api/posts", body(json!({ "comments": [{ "content": "x", "authorId": eve.id }] })))
        .expect(403, "NotEnoughPermissions");
    assert_eq!(app.count(&format!("/api/posts?slug={slug}")), 0);
    assert_eq!(app.count(&format!("/api/tags?name={name}")), 0);
    assert_eq!(app.count("/api/users?email=x@example.com"), 0);
    // A comment of another author belongs to that author, even if it is on the caller's article.
    let post = article(&ada, json!({}));
    app.editor("grace").patch(&path(&post), json!({ "status": "published" })).succeeds(200);
    let comment = eve.post("/api/comments", json!({ "content": "By Eve", "postId": post["id"] })).succeeds(201).id();
    let changes = [json!({ "id": comment, "content": "By Ada" }), json!({ "id": comment, "apiAction": "delete" })];
    for change in changes {
        ada.patch(&path(&post), json!({ "comments": [change] })).expect(400, "InlineRecordNotFound");
    }
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["By Eve"]);
}

#[test]
fn every_problem_of_a_body_is_named_with_its_place() {
    let app = app();
    let root = app.super_user();
    let body = json!({
        "title": "T", "content": "…",
        "author": { "email": "nobody", "password": "x" },
        "tags": [{ "name": "", "apiAction": "create" }, 7, { "id": "x" }, { "apiAction": "destroy", "id": MISSING_ID }],
        "comments": [{ "content": "" }, { "content": "x", "postId": MISSING_ID }, { "content": "x", "isSuperUser": true },
            { "id": MISSING_ID, "apiAction": "disconnect" }, { "apiAction": "connect" }],
    });
    let reply = root.post("/api/posts", body).expect(400, "InvalidRequestBody");
    let mut fields = reply.problem_fields();
    fields.dedup();
    assert_eq!(
        fields,
        [
            "title",
            "author.email",
            "author.password",
            "tags.0.name",
            "tags.1",
            "tags.2.id",
            "tags.3.apiAction",
            "comments.0.content",
            "comments.1.postId",
            "comments.2.isSuperUser",
            "comments.3",
            "comments.4",
        ]
    );
}

#[test]
fn a_key_is_not_reported_as_missing_if_its_row_has_problems() {
    let app = app();
    let body = json!({ "content": "x", "post": { "title": "T", "content": "x" } });
    let refused = app.super_user().post("/api/comments", body).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["post.title"]);
}

#[test]
fn an_account_is_made_with_its_first_article() {
    let app = app();
    let root = app.super_user();
    let email = format!("{}@example.com", word());
    let author = json!({ "email": email, "password": PASSWORD, "profile": { "nickname": word(), "website": "https://example.com" } });
    let post = article(root, json!({ "author": author }));
    let account = app.log_in(&email, PASSWORD);
    assert_eq!(post["authorId"], account.id);
    let profile = app.row(&format!("/api/users/{}?fields=+profile", account.id))["profile"].clone();
    assert_eq!((&profile["userId"], &profile["website"]), (&json!(account.id), &json!("https://example.com")));
}

#[test]
fn a_row_is_connected_by_a_unique_field() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    for author in [json!({ "username": ada.username }), json!({ "email": ada.email.to_uppercase() })] {
        assert_eq!(article(root, json!({ "author": author }))["authorId"], ada.id);
    }
    let unknown = json!({ "title": "Title", "content": "…", "author": { "username": word() } });
    root.post("/api/posts", unknown).expect(400, "InlineRecordNotFound");
    let post = article(root, json!({}));
    root.patch(&path(&post), json!({ "author": { "username": ada.username } })).succeeds(200);
    assert_eq!(app.row(&path(&post))["authorId"], ada.id);
}

#[test]
fn a_row_that_is_not_readable_is_not_found_by_its_fields() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let number = |n: u32| format!("+49{n}{}", &uuid::Uuid::now_v7().as_u128().to_string()[20..30]);
    let phone = eve.post("/api/phones", json!({ "number": number(1) })).succeeds(201);
    let connect = |number: &Value| {
        let body = json!({ "phones": [{ "number": number }] });
        ada.patch("/api/auth/me", body.clone());
        ada.patch(&format!("/api/users/{}", ada.id), body).bytes.clone()
    };
    assert_eq!(connect(&phone["data"]["number"]), connect(&json!(number(2))));
    assert_eq!(app.row(&format!("/api/phones/{}", phone.id()))["userId"], eve.id);
}

#[test]
fn an_optional_reference_is_changed_cleared_and_deleted_in_the_body() {
    let app = app();
    let root = app.super_user();
    let email = format!("{}@example.com", word());
    let body = json!({
        "title": "An evening", "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22",
        "startsAt": "19:30", "author": { "email": email, "password": PASSWORD },
    });
    let reading = root.post("/api/readings", body).succeeds(201);
    let (path, author) = (format!("/api/readings/{}", reading.id()), reading["data"]["authorId"].clone());
    let user = format!("/api/users/{}", author.as_str().expect("an author"));
    root.patch(&path, json!({ "author": { "apiAction": "update", "bio": "Reads aloud" } })).succeeds(200);
    assert_eq!(app.row(&user)["bio"], "Reads aloud");
    root.patch(&path, json!({ "author": { "id": author, "bio": "Reads" } })).succeeds(200);
    assert_eq!(app.row(&user)["bio"], "Reads");
    // A row that is not the linked one is refused.
    for action in ["update", "disconnect", "delete"] {
        let other = json!({ "author": { "id": root.id, "apiAction": action } });
        root.patch(&path, other).expect(400, "InlineRecordNotFound");
    }
    root.patch(&path, json!({ "author": { "apiAction": "disconnect" } })).succeeds(200);
    assert_eq!(app.row(&path)["authorId"], Value::Null);
    for action in ["update", "delete"] {
        let none = json!({ "author": { "apiAction": action } });
        root.patch(&path, none).expect(400, "InlineRecordNotFound");
    }
    root.patch(&path, json!({ "author": { "id": author } })).succeeds(200);
    root.patch(&path, json!({ "author": { "apiAction": "delete" } })).succeeds(200);
    assert_eq!(app.row(&path)["authorId"], Value::Null);
    root.get(&user).expect(404, "UserNotFound");
}

#[test]
fn a_row_of_one_to_one_is_made_changed_and_deleted() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let user = format!("/api/users/{}", ada.id);
    let profile = || app.row(&format!("{user}?fields=+profile"))["profile"].clone();
    let patch = |profile: Value| root.patch(&user, json!({ "profile": profile }));
    patch(json!({ "apiAction": "update", "website": "https://example.com" })).expect(400, "InlineRecordNotFound");
    let nickname = word();
    patch(json!({ "nickname": nickname, "apiAction": "create" })).succeeds(200);
    patch(json!({ "nickname": word(), "apiAction": "create" })).expect(409, "UserProfileUserIdUniqueConstraint");
    patch(json!({ "apiAction": "update", "website": "https://example.com" })).succeeds(200);
    assert_eq!((&profile()["nickname"], &profile()["website"]), (&json!(nickname), &json!("https://example.com")));
    let renamed = word();
    patch(json!({ "apiAction": "update", "nickname": renamed, "website": null })).succeeds(200);
    assert_eq!((&profile()["nickname"], &profile()["website"]), (&json!(renamed), &Value::Null));
    patch(json!({ "apiAction": "disconnect" })).expect(400, "InvalidRequestBody");
    patch(json!({ "apiAction": "delete" })).succeeds(200);
    assert_eq!(profile(), Value::Null);
}

#[test]
fn elements_that_can_only_create_need_no_action() {
    let app = app();
    let (ada, root, nickname) = (app.sign_up("ada"), app.super_user(), word());
    let user = format!("/api/users/{}", ada.id);
    root.patch(&user, json!({ "profile": { "nickname": nickname } })).succeeds(200);
    assert_eq!(app.row(&format!("{user}?fields=+profile"))["profile"]["nickname"], nickname);
    let taken = json!({ "roles": [{ "roleId": app.role("Author") }] });
    let refused = root.patch(&user, taken).expect(409, "UserRoleUserIdRoleIdUniqueConstraint");
    assert_eq!(refused.problem_fields(), ["roles.0"]);
}

#[test]
fn a_bulk_write_nests_and_is_all_or_nothing() {
    let app = app();
    let grace = app.editor("grace");
    let (shared, own, prefix) = (word(), word(), word());
    grace.post("/api/tags", json!({ "name": shared })).succeeds(201);
    let element = |n: u32, tag: Value| {
        json!({ "title": "Title", "content": "…", "slug": format!("{prefix}-{n}"),
            "tags": [{ "name": shared }, tag], "comments": [{ "content": format!("Of {n}") }] })
    };
    let fresh = json!({ "name": own, "apiAction": "create" });
    let both = json!([element(1, fresh.clone()), element(2, json!({ "name": word(), "apiAction": "create" }))]);
    let made = grace.post("/api/posts/many", both).succeeds(201);
    for (nth, post) in made["data"].as_array().expect("rows").iter().enumerate() {
        assert_eq!(included(&app, &path(post), "comments", "content"), [format!("Of {}", nth + 1)]);
        assert_eq!(included(&app, &path(post), "tags", "name").len(), 2);
        assert!(included(&app, &path(post), "tags", "name").contains(&shared));
    }
    let third = word();
    let clash = json!([element(3, json!({ "name": third, "apiAction": "create" })), element(4, fresh)]);
    let refused = grace.post("/api/posts/many", clash).expect(409, "TagNameUniqueConstraint");
    assert_eq!(refused.problem_fields(), ["1.tags.1.name"]);
    assert_eq!(app.count(&format!("/api/posts?slug[startsWith]={prefix}")), 2);
    assert_eq!(app.count(&format!("/api/tags?name={third}")), 0);
}

#[test]
fn a_bulk_change_names_no_rows_of_other_models() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = ada.post("/api/posts", json!({ "title": "Title", "content": "…" })).succeeds(201).id();
    let many = format!("/api/posts/many?id={post}");
    let body = json!({ "title": "T", "comments": [{ "content": "To all" }], "tags": [] });
    let refused = ada.patch(&many, body).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["title", "tags", "comments"]);
    // An interceptor would refuse the status, but does not run for a body that is refused before.
    let body = json!({ "status": "published", "comments": [{ "content": "To all" }] });
    ada.patch(&many, body).expect(400, "InvalidRequestBody");
    assert_eq!(app.count(&format!("/api/comments?postId={post}")), 0);
}

#[test]
fn bodies_nest_as_deep_as_queries_and_no_deeper() {
    let app = app();
    let root = app.super_user();
    let nested = |depth: u32| {
        let mut tag = json!({ "name": word(), "apiAction": "create" });
        for level in 1..depth {
            tag = match level % 2 {
                1 => json!({ "title": "Title", "content": "…", "slug": word(), "tags": [tag] }),
                _ => json!({ "name": word(), "apiAction": "create", "posts": [tag] }),
            };
        }
        tag
    };
    let post = json!({ "title": "Title", "content": "…", "slug": word(), "tags": [nested(3)] });
    root.post("/api/posts", post).succeeds(201);
    let name = word();
    let body = json!({ "name": name, "posts": [nested(4)] });
    let refused = root.post("/api/tags", body).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["posts.0.tags.0.posts.0.tags.0"]);
    assert_eq!(app.count(&format!("/api/tags?name={name}")), 0);
}

#[test]
fn a_body_names_as_many_rows_as_it_may_and_no_more() {
    let app = app();
    let grace = app.editor("grace");
    let post = article(&grace, json!({}));
    let comments = |count: usize| json!({ "comments": vec![json!({ "content": "x" }); count] });
    grace.patch(&path(&post), comments(1000)).succeeds(200);
    let reply = grace.patch(&path(&post), comments(1001)).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problem_fields(), ["comments.1000"]);
    assert_eq!(app.count(&format!("/api/comments?postId={}", post["id"].as_str().expect("an id"))), 1000);
}
