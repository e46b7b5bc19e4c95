//! Requests whose body arrives after the rights of the sender were revoked.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Account, App, read_answer, spawn_app};

/// A request that was sent except for its last byte.
struct UnfinishedRequest {
    stream: TcpStream,
    last: u8,
}

fn begin(app: &App, account: &Account, method: &str, path: &str, body: &Value) -> UnfinishedRequest {
    let body = body.to_string().into_bytes();
    let mut stream = app.connect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        account.token().expect("a token"),
        body.len()
    );
    let (last, first) = body.split_last().expect("a body");
    stream.write_all(head.as_bytes()).expect("the head is sent");
    stream.write_all(first).expect("most of the body is sent");
    // If a slow server has not authorized the request by then, it refuses it with another code.
    app.get("/health/live").succeeds(200);
    std::thread::sleep(std::time::Duration::from_millis(100));
    UnfinishedRequest { stream, last: *last }
}

impl UnfinishedRequest {
    /// Sends the last byte and asserts that the request is refused.
    #[track_caller]
    fn finish_is_refused(mut self) {
        self.stream.write_all(&[self.last]).expect("the rest is sent");
        let answer = read_answer(&mut self.stream);
        let refused =
            ["401", "403", "404", "409"].iter().any(|status| answer.starts_with(&format!("HTTP/1.1 {status} ")));
        assert!(refused, "{answer}");
    }
}

fn post() -> Value {
    json!({ "title": "Held back", "content": "…" })
}

#[test]
fn a_suspended_account_cannot_finish_a_request_that_it_began_before() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let unfinished = begin(&app, &ada, "POST", "/api/posts", &post());
    app.super_user().patch(&format!("/api/users/{}", ada.id), json!({ "isActive": false })).succeeds(200);
    unfinished.finish_is_refused();
    assert_eq!(app.count("/api/posts?title=Held%20back"), 0);
}

#[test]
fn a_logged_out_caller_cannot_finish_a_request_that_they_began_before() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let unfinished = begin(&app, &ada, "PATCH", "/api/users/me", &json!({ "bio": "Too late" }));
    ada.delete("/api/auth/logout").succeeds(204);
    unfinished.finish_is_refused();
    assert_eq!(app.row(&format!("/api/users/{}", ada.id))["bio"], json!(null));
}

#[test]
fn a_demoted_super_user_cannot_finish_making_themselves_one() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    app.super_user().patch(&path, json!({ "isSuperUser": true })).succeeds(200);
    let unfinished = begin(&app, &ada, "PATCH", &path, &json!({ "isSuperUser": true }));
    app.super_user().patch(&path, json!({ "isSuperUser": false })).succeeds(200);
    unfinished.finish_is_refused();
    assert_eq!(app.row(&path)["isSuperUser"], json!(false));
}

#[test]
fn a_caller_who_lost_a_role_cannot_finish_a_request_that_it_allowed() {
    let app = spawn_app();
    let grace = app.editor("grace");
    let unfinished = begin(&app, &grace, "POST", "/api/tags", &json!({ "name": "too-late" }));
    for row in app.super_user().get(&format!("/api/user-roles?userId={}", grace.id)).succeeds(200).column("id") {
        app.super_user().delete(&format!("/api/user-roles/{}", row.as_str().expect("an id"))).succeeds(204);
    }
    unfinished.finish_is_refused();
    assert_eq!(app.count("/api/tags?name=too-late"), 0);
}

#[test]
fn a_token_from_before_a_suspension_remains_invalid_when_the_suspension_is_lifted() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    for active in [false, true] {
        app.super_user().patch(&path, json!({ "isActive": active })).succeeds(200);
        assert_eq!(ada.get("/api/users/me").status, 401);
    }
}
