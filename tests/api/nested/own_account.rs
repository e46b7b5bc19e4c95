//! Related rows in the bodies of sign-up and of `PATCH /users/me`.

use api::{CreatePhone, CreateUser};
use gable::{ApiError, Context};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{article, path, word};
use crate::harness::{App, InProcess, PASSWORD, app};

fn number() -> String {
    format!("+49{}", &uuid::Uuid::now_v7().as_u128().to_string()[20..32])
}

fn signed_up(more: &Value) -> Value {
    let mut body = json!({ "email": format!("{}@example.com", word()), "password": PASSWORD });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

fn accounts(app: &App, body: &Value) -> u64 {
    app.count(&format!("/api/users?email={}", body["email"].as_str().expect("an address")))
}

#[test]
fn a_sign_up_creates_related_rows_of_the_new_account() {
    let app = app();
    let (nickname, number) = (word(), number());
    let posts = json!([{ "title": word(), "content": "…", "comments": [{ "content": "Mine" }] }]);
    let body =
        signed_up(&json!({ "profile": { "nickname": nickname }, "phones": [{ "number": number }], "posts": posts }));
    app.post("/api/auth/signup", body.clone()).succeeds(201);
    let account = app.log_in(body["email"].as_str().expect("an address"), PASSWORD);
    let row = app.row(&format!("/api/users/{}?fields=+profile,+phones,+posts.comments", account.id));
    assert_eq!((&row["profile"]["nickname"], &row["phones"][0]["number"]), (&json!(nickname), &json!(number)));
    assert_eq!(row["posts"][0]["authorId"], account.id);
    assert_eq!(row["posts"][0]["comments"][0]["authorId"], account.id);
}

#[test]
fn a_sign_up_may_write_only_what_the_default_role_may() {
    let app = app();
    let (eve, name) = (app.sign_up("eve"), word());
    let phone = eve.post("/api/phones", json!({ "number": number() })).succeeds(201).id();
    let post = article(&eve, json!({}));
    let cases = [
        (json!({ "roles": [{ "roleId": app.role("Editor") }] }), 400),
        (json!({ "permissions": [{ "permissionId": app.permission("post", "Delete"), "effect": "allow" }] }), 400),
        (json!({ "permissions": [] }), 400),
        (json!({ "profile": { "id": super::MISSING_ID } }), 400),
        (json!({ "posts": [{ "title": "Title", "content": "…", "author": { "roles": [] } }] }), 400),
        (
            json!({ "posts": [{ "title": "Title", "content": "…", "tags": [{ "name": name, "apiAction": "create" }] }] }),
            403,
        ),
        (json!({ "phones": [{ "id": phone, "label": "Mine" }] }), 400),
        (json!({ "posts": [{ "id": post["id"] }] }), 400),
        (json!({ "pinned": { "title": "Title", "content": "…", "author": { "id": eve.id } } }), 403),
    ];
    for (more, status) in cases {
        let body = signed_up(&more);
        assert_eq!(app.post("/api/auth/signup", body.clone()).status, status, "{more}");
        assert_eq!(app.post("/auth/register", body.clone()).status / 100, 4, "{more}");
        assert_eq!(accounts(&app, &body), 0, "{more}");
    }
    assert_eq!(app.count(&format!("/api/tags?name={name}")), 0);
    assert_eq!(app.row(&path(&post))["authorId"], eve.id);
    assert_eq!(app.row(&format!("/api/phones/{phone}"))["label"], Value::Null);
}

#[test]
fn a_sign_up_whose_rows_are_refused_makes_no_account() {
    let app = app();
    let eve = app.sign_up("eve");
    let taken = eve.post("/api/phones", json!({ "number": number() })).succeeds(201)["data"]["number"].clone();
    let body = signed_up(&json!({ "phones": [{ "number": taken, "apiAction": "create" }] }));
    let refused = app.post("/api/auth/signup", body.clone()).expect(409, "PhoneNumberUniqueConstraint");
    assert_eq!(refused.problem_fields(), ["phones.0.number"]);
    let invalid = signed_up(
        &json!({ "phones": [{ "number": "none" }, { "userId": eve.id, "number": number() }], "username": "x" }),
    );
    let refused = app.post("/api/auth/signup", invalid.clone()).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["username", "phones.0.number", "phones.1.userId"]);
    assert_eq!((accounts(&app, &body), accounts(&app, &invalid)), (0, 0));
}

#[test]
fn a_change_of_ones_own_account_can_change_its_related_rows() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let (nickname, number) = (word(), number());
    let body =
        json!({ "bio": "New", "profile": { "nickname": nickname }, "phones": { "create": [{ "number": number }] } });
    ada.patch("/api/users/me", body).succeeds(200);
    let user = format!("/api/users/{}?fields=+profile,+phones", ada.id);
    let row = app.row(&user);
    assert_eq!((&row["profile"]["nickname"], &row["bio"]), (&json!(nickname), &json!("New")));
    let phone = row["phones"][0]["id"].clone();
    let change = json!({ "phones": [{ "id": phone, "label": "Home" }], "profile": { "apiAction": "delete" } });
    ada.patch("/api/users/me", change).succeeds(200);
    let row = app.row(&user);
    assert_eq!((&row["profile"], &row["phones"][0]["label"]), (&Value::Null, &json!("Home")));
    let cases = [
        (json!({ "roles": [{ "roleId": app.role("Editor") }] }), 400),
        (json!({ "permissions": { "create": [{ "permissionId": app.permission("post", "Delete") }] } }), 400),
        (json!({ "comments": [{ "id": super::MISSING_ID, "content": "x" }] }), 400),
    ];
    for (more, status) in cases {
        let mut body = json!({ "bio": "Refused" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        assert_eq!(ada.patch("/api/users/me", body).status, status, "{more}");
    }
    eve.patch("/api/users/me", json!({ "bio": "Refused", "phones": [{ "id": phone, "label": "Mine" }] }))
        .expect(400, "InlineRecordNotFound");
    assert_eq!(app.row(&user)["phones"][0]["label"], "Home");
    assert_eq!(
        (&app.row(&user)["bio"], &app.row(&format!("/api/users/{}", eve.id))["bio"]),
        (&json!("New"), &Value::Null)
    );
}

#[test]
fn at_sign_up_account_interceptors_see_an_anonymous_caller_and_row_interceptors_the_account() {
    async fn record_that_the_caller_is_anonymous(ctx: &mut Context<'_>, user: &mut CreateUser) -> Result<(), ApiError> {
        user.bio = Some(format!("{}", ctx.principal().account().is_none()));
        Ok(())
    }
    async fn record_that_the_caller_is_the_account(
        ctx: &mut Context<'_>,
        phone: &mut CreatePhone,
    ) -> Result<(), ApiError> {
        phone.label = Some(format!("{}", ctx.account_id::<Uuid>()? == phone.user_id));
        Ok(())
    }
    let app = InProcess::with(|hooks| {
        hooks.user.before_create_one(record_that_the_caller_is_anonymous);
        hooks.phone.before_create_one(record_that_the_caller_is_the_account);
    });
    let body = signed_up(&json!({ "phones": [{ "number": number() }] }));
    let made = app.post("/api/auth/signup", body).succeeds(201);
    assert_eq!(made["data"]["bio"], "true");
    let phones = app.super_user().get(&format!("/api/phones?userId={}", made.id())).succeeds(200);
    assert_eq!(phones.column("label"), ["true"]);
}

#[test]
fn a_related_row_of_ones_own_account_can_be_linked_changed_and_unlinked() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&ada, json!({}));
    let pinned =
        |body: Value| ada.patch("/api/users/me", json!({ "pinned": body })).succeeds(200)["data"]["pinnedId"].clone();
    assert_eq!(pinned(json!({ "id": post["id"] })), post["id"]);
    assert_eq!(pinned(json!({ "title": "Other", "apiAction": "update" })), post["id"]);
    assert_eq!(app.row(&path(&post))["title"], "Other");
    assert_eq!(pinned(json!({ "disconnect": true })), Value::Null);
}

#[test]
fn a_long_upsert_body_is_parsed_in_time() {
    let app = app();
    let mut phone =
        serde_json::Map::from_iter([("apiAction".to_owned(), json!("upsert")), ("number".to_owned(), json!(number()))]);
    phone.extend((0..40_000).map(|number| (format!("a{number}"), json!(1))));
    let body = signed_up(&json!({ "phones": [phone] }));
    let start = std::time::Instant::now();
    app.post("/api/auth/signup", body.clone()).expect(400, "InvalidRequestBody");
    assert!(start.elapsed() < std::time::Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(accounts(&app, &body), 0);
}
