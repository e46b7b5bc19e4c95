//! The Gazette's interceptors of accounts: an API key for programs, and the deletion of a leaving author's drafts.

use serde_json::json;

use crate::harness::{Account, App, Reply, Setup, app, spawn_app, unique};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Starts the Gazette with an API key that identifies an editor, and returns that account.
fn newsroom() -> (App, Account) {
    // The key's account must exist before the start, so an earlier start makes it.
    let app = spawn_app();
    let program = app.editor("program");
    let app = app.restart_with(&[("GAZETTE_NEWSROOM_KEY", KEY), ("GAZETTE_NEWSROOM_ACCOUNT", &program.id)]);
    let program = app.log_in(&program.email, crate::harness::PASSWORD);
    (app, program)
}

fn with_key(app: &App, key: &str, method: &str, path: &str) -> Reply {
    app.request(method, path).header("X-Newsroom-Key", key).send()
}

fn tag(app: &App, key: &str) -> (String, Reply) {
    let name = unique("tag");
    let request = app.request("POST", "/api/tags").header("X-Newsroom-Key", key);
    let reply = request.json(&json!({ "name": name })).send();
    (name, reply)
}

#[test]
fn the_newsrooms_key_identifies_its_account() {
    let (app, program) = newsroom();
    let me = with_key(&app, KEY, "GET", "/api/users/me").succeeds(200);
    assert_eq!(me["data"]["id"], program.id);
    tag(&app, KEY).1.succeeds(201);
    let article = app.request("POST", "/api/posts").header("X-Newsroom-Key", KEY);
    let article = article.json(&json!({ "title": "From a program", "content": "…" })).send().succeeds(201);
    assert_eq!(article["data"]["authorId"], program.id);
    with_key(&app, KEY, "GET", "/api/users").expect(403, "NotEnoughPermissions");
}

#[test]
fn a_wrong_key_is_refused() {
    let (app, _) = newsroom();
    let longer = format!("{KEY}0");
    for key in ["", "0", &KEY[1..], &longer, &KEY.to_uppercase(), "0123456789abcdef0123456789abcdeg"] {
        with_key(&app, key, "GET", "/api/users/me").expect(401, "LoginRequired");
        with_key(&app, key, "GET", "/api/posts").succeeds(200);
        let (name, reply) = tag(&app, key);
        reply.expect(401, "LoginRequired");
        assert_eq!(app.count(&format!("/api/tags?name={name}")), 0, "{key}");
    }
}

#[test]
fn without_a_key_in_the_environment_every_key_is_refused() {
    let app = app();
    for key in ["", KEY] {
        with_key(&app, key, "GET", "/api/users/me").expect(401, "LoginRequired");
    }
    let short = Setup::new().with("GAZETTE_NEWSROOM_KEY", "short");
    let short = short.with("GAZETTE_NEWSROOM_ACCOUNT", "018f3f2e-0000-7000-8000-000000000000").spawn();
    with_key(&short, "short", "GET", "/api/users/me").expect(401, "LoginRequired");
}

#[test]
fn the_key_gives_no_more_rights_than_its_account_has() {
    let (app, program) = newsroom();
    let path = format!("/api/users/{}", program.id);
    app.super_user().patch(&path, json!({ "isActive": false })).succeeds(200);
    with_key(&app, KEY, "GET", "/api/users/me").expect(401, "UserNoLongerExists");
    tag(&app, KEY).1.expect(401, "UserNoLongerExists");
    app.super_user().patch(&path, json!({ "isActive": true })).succeeds(200);
    tag(&app, KEY).1.succeeds(201);
    app.super_user().delete(&format!("/api/user-roles/many?userId={}", program.id)).succeeds(200);
    tag(&app, KEY).1.expect(403, "NotEnoughPermissions");
}

#[test]
fn the_key_has_no_password_to_change_and_no_log_in_to_end() {
    let (app, program) = newsroom();
    with_key(&app, KEY, "DELETE", "/api/auth/logout").succeeds(204);
    with_key(&app, KEY, "GET", "/api/users/me").succeeds(200);
    program.get("/api/users/me").succeeds(200);
    let body = json!({ "currentPassword": crate::harness::PASSWORD, "newPassword": "Another-Horse-7" });
    let request = app.request("POST", "/api/auth/update-password").header("X-Newsroom-Key", KEY);
    request.json(&body).send().expect(401, "LoginRequired");
    program.get("/api/users/me").succeeds(200);
}

#[test]
fn a_refusal_is_noted_in_the_log() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    ada.post("/api/tags", json!({ "name": "no" })).expect(403, "NotEnoughPermissions");
    app.log_has("a request was refused", "NotEnoughPermissions");
    app.post("/api/auth/login", json!({ "email": ada.email, "password": "Wrong-Horse-7" })).succeeds(401);
    app.log_has("a log-in failed", "IncorrectCredentials");
}

#[test]
fn deleting_ones_own_account_deletes_drafts_and_keeps_published_articles() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let article = |author: &Account, status: &str| {
        let body = json!({ "title": "Title", "content": "…", "slug": uuid::Uuid::now_v7() });
        let path = format!("/api/posts/{}", author.post("/api/posts", body).succeeds(201).id());
        app.super_user().patch(&path, json!({ "status": status })).succeeds(200);
        path
    };
    let (draft, published, review) = (article(&ada, "draft"), article(&ada, "published"), article(&ada, "review"));
    let of_bob = article(&bob, "draft");
    ada.delete("/api/users/me").succeeds(204);
    app.super_user().get(&draft).expect(404, "PostNotFound");
    assert_eq!(app.get(&published).succeeds(200)["data"]["authorId"], ada.id);
    app.row(&review);
    app.row(&of_bob);
}

#[test]
fn drafts_are_kept_if_the_deletion_of_the_account_fails() {
    let app = spawn_app();
    let root = app.super_user();
    let draft = root.post("/api/posts", json!({ "title": "Title", "content": "…" })).succeeds(201).id();
    root.delete("/api/users/me").expect(409, "LastSuperUser");
    app.row(&format!("/api/posts/{draft}"));
}
