//! `Idempotency-Key`: a repeated request receives the stored answer and is executed once.

mod effects_and_lifetime;
mod parallel_requests;
mod refused_keys;
mod without_accounts;

use serde_json::{Value, json};

use crate::harness::{Account, App, Client, Reply, Setup, app, unique};

/// Sends a request with a key.
fn post(client: &Client, path: &str, key: &str, body: &Value) -> Reply {
    client.request("POST", path).header("Idempotency-Key", key).json(body).send()
}

/// A new key.
fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn article() -> Value {
    json!({ "title": "Notes", "content": "…", "slug": uuid::Uuid::now_v7() })
}

/// The number of articles of an author.
fn articles(app: &App, author: &Account) -> u64 {
    app.count(&format!("/api/posts?authorId={}", author.id))
}

fn is_replayed(reply: &Reply) -> bool {
    reply.header("Idempotent-Replayed") == Some("true")
}

/// Headers that differ from request to request. The last one is a list in any order.
const OF_THE_REQUEST: [&str; 4] = ["date", "x-request-id", "idempotent-replayed", "access-control-expose-headers"];

#[track_caller]
fn is_the_same_again(again: &Reply, first: &Reply) {
    assert!(is_replayed(again) && !is_replayed(first), "{again:?}");
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    assert_eq!(again.headers_but(&OF_THE_REQUEST), first.headers_but(&OF_THE_REQUEST));
}

#[test]
fn a_request_that_comes_again_is_answered_alike_and_made_once() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let path = "/api/posts?fields=+comments";
    let first = post(&ada, path, &key, &body).succeeds(201);
    assert!(
        first.header("Location").is_some() && first.header("ETag").is_some() && first["data"]["comments"].is_array()
    );
    is_the_same_again(&post(&ada, path, &key, &body), &first);
    is_the_same_again(&post(&ada, path, &key, &body), &first);
    assert_eq!(articles(&app, &ada), 1);
}

#[test]
fn the_first_answer_is_repeated_even_if_the_row_has_changed() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    let path = first.header("Location").expect("a place").to_owned();
    ada.patch(&path, json!({ "title": "Other notes" })).succeeds(200);
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    ada.delete(&path).succeeds(204);
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    assert_eq!(articles(&app, &ada), 0);
}

#[test]
fn another_log_in_of_the_same_account_may_repeat_a_request() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    let later = app.log_in(&ada.email, crate::harness::PASSWORD);
    is_the_same_again(&post(&later, "/api/posts", &key, &body), &first);
}

#[test]
fn a_key_in_quotes_is_the_bare_one() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    is_the_same_again(&post(&ada, "/api/posts", &format!("\"{key}\""), &body), &first);
}

#[test]
fn many_rows_are_created_once() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), json!([article(), article(), article()]));
    let first = post(&ada, "/api/posts/many?fields=id,slug", &key, &body).succeeds(201);
    is_the_same_again(&post(&ada, "/api/posts/many?fields=id,slug", &key, &body), &first);
    assert_eq!(articles(&app, &ada), 3);
}

/// Makes a reading, deletes it, and returns its path.
fn deleted_reading(editor: &Account) -> String {
    let reading = json!({ "title": "An evening", "contact": "door@example.com", "seats": 80, "price": "9.50",
                          "day": "2026-12-01", "startsAt": "19:30" });
    let path = format!("/api/readings/{}", editor.post("/api/readings", reading).succeeds(201).id());
    editor.delete(&path).succeeds(204);
    path
}

fn restore(editor: &Account, path: &str, key: &str) -> Reply {
    editor.request("POST", &format!("{path}/restore")).header("Idempotency-Key", key).send()
}

#[test]
fn a_restoration_may_be_repeated() {
    let app = app();
    let (editor, key) = (app.editor("grace"), key());
    let path = deleted_reading(&editor);
    let first = restore(&editor, &path, &key).succeeds(200);
    editor.delete(&path).succeeds(204);
    is_the_same_again(&restore(&editor, &path, &key), &first);
    editor.get(&path).expect(404, "ReadingNotFound");
}

#[test]
fn two_accounts_with_the_same_key_do_not_share_an_answer() {
    let app = app();
    let (ada, bob, grace, key) = (app.sign_up("ada"), app.sign_up("bob"), app.editor("grace"), key());
    let mut published = article();
    published["status"] = json!("published");
    let post_id = grace.post("/api/posts", published).succeeds(201).id();
    let body = json!({ "content": "Well said.", "postId": post_id });
    let (hers, his) = (post(&ada, "/api/comments", &key, &body), post(&bob, "/api/comments", &key, &body));
    assert!(!is_replayed(&hers) && !is_replayed(&his));
    assert_eq!((&hers["data"]["authorId"], &his["data"]["authorId"]), (&json!(ada.id), &json!(bob.id)));
    is_the_same_again(&post(&ada, "/api/comments", &key, &body), &hers);
    is_the_same_again(&post(&bob, "/api/comments", &key, &body), &his);
    assert_eq!(app.count(&format!("/api/comments?postId={post_id}")), 2);
}

#[test]
fn requests_other_than_post_ignore_a_key() {
    let app = app();
    let (ada, key) = (app.sign_up("ada"), key());
    let path = format!("/api/posts/{}", post(&ada, "/api/posts", &key, &article()).succeeds(201).id());
    for summary in ["One", "Another"] {
        let changed = ada.request("PATCH", &path).header("Idempotency-Key", &key);
        let changed = changed.json(&json!({ "summary": summary })).send().succeeds(200);
        assert_eq!((&changed["data"]["summary"], is_replayed(&changed)), (&json!(summary), false));
    }
    ada.request("GET", &path).header("Idempotency-Key", "not a key").send().succeeds(200);
}

#[test]
fn a_request_without_a_key_costs_no_statement_and_a_key_is_not_logged() {
    let app = Setup::new().with("RUST_LOG", "info,gable=trace").spawn();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let is_claim = |line: &&str| line.contains("INSERT INTO") && line.contains("gable_idempotency");
    let claims = || app.output().lines().filter(is_claim).count();
    ada.post("/api/posts", article()).succeeds(201);
    app.log_has("INSERT INTO", "posts");
    assert_eq!(claims(), 0);
    post(&ada, "/api/posts", &key, &body).succeeds(201);
    post(&ada, "/api/posts", &key, &body).succeeds(201);
    post(&ada, "/api/posts", &key, &article()).expect(409, "IdempotencyKeyReused");
    app.log_has("POST", "409");
    assert!(claims() > 0 && !app.output().contains(&key), "{}", app.output());
    assert!(!app.output().contains(body["slug"].as_str().expect("a slug")), "{}", app.output());
}

#[test]
fn an_answer_that_is_too_large_to_be_kept_is_refused_with_its_write() {
    let app = app();
    let ada = app.sign_up("ada");
    let view = json!({ "user": ada.reference(), "permission": { "id": app.permission("user", "View") } });
    app.super_user().post("/api/user-permissions", view).succeeds(201);
    for _ in 0..5 {
        let mut long = article();
        long["content"] = json!("x".repeat(900_000));
        ada.post("/api/posts", long).succeeds(201);
    }
    let (key, body) = (key(), article());
    let path = "/api/posts?fields=id,author.posts.content";
    post(&ada, path, &key, &body).expect(400, "AnswerTooLarge");
    assert_eq!(articles(&app, &ada), 5);
    post(&ada, "/api/posts?fields=id", &key, &body).succeeds(201);
    let unbounded = ada.post(path, article()).succeeds(201);
    assert!(unbounded.bytes.len() > 4 << 20, "{} bytes", unbounded.bytes.len());
}

#[test]
fn as_many_rows_as_a_body_may_hold_are_made_once() {
    let app = app();
    let (root, key, prefix) = (app.super_user(), key(), unique("many"));
    let body: Value = (0..1000).map(|n| json!({ "name": format!("{prefix}-{n}") })).collect();
    let first = post(root, "/api/tags/many", &key, &body).succeeds(201);
    is_the_same_again(&post(root, "/api/tags/many", &key, &body), &first);
    assert_eq!(app.count(&format!("/api/tags?name[startsWith]={prefix}")), 1000);
}

#[test]
fn two_accounts_are_made_once_each_with_their_passwords() {
    let app = app();
    let (root, key) = (app.super_user(), key());
    let name = unique("made");
    let body = json!({ "username": name, "email": format!("{name}@example.com"), "password": "Analytical-1843" });
    let first = post(root, "/api/users", &key, &body).succeeds(201);
    is_the_same_again(&post(root, "/api/users", &key, &body), &first);
    let mut other = body.clone();
    other["password"] = json!("Difference-1822");
    post(root, "/api/users", &key, &other).expect(409, "IdempotencyKeyReused");
    app.log_in(&format!("{name}@example.com"), "Analytical-1843");
}
