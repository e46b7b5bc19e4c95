//! Every refusal has the form `{ name, status, message }`, whichever part refuses.

use serde_json::json;

use super::pair::{
    CHANGE_EMAIL, CHANGE_PASSWORD, FORGOT, LOCAL, LOGOUT, NEW, RENEW, RESEND, RESET, VERIFY, address, credentials,
    refused, refused_for,
};
use super::start;
use crate::harness::{JwtOnly, PASSWORD, Setup, app, until_refused};

const POSTS: [&str; 9] = [NEW, LOCAL, RENEW, LOGOUT, FORGOT, RESET, RESEND, CHANGE_EMAIL, CHANGE_PASSWORD];

#[test]
fn a_missing_path_is_reported_in_the_surfaces_form() {
    let app = app();
    for path in [
        "/authentication",
        "/authentication/",
        "/authentication/nothing",
        "/authentication/local/",
        "/authentication/local/nothing",
        "/authentication/local/new/more",
        "/authentication/verify-email/x",
        "/hook/authentication",
        "/hook/authentication/verify-email",
        "/hook/authentication/verify-email/",
        "/hook/authentication/verify-email/x/y",
        "/hook/authentication/local",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            refused(&app.request(method, path).send(), 404, "NOT_FOUND");
        }
    }
    for path in ["/authenticationx", "/hook", "/hook/nothing", "/hook/authenticationx"] {
        app.get(path).expect(404, "RouteNotFound");
    }
}

#[test]
fn another_method_is_refused_and_the_right_one_named() {
    let app = app();
    for path in POSTS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD"] {
            let reply = app.request(method, path).send();
            assert_eq!((reply.status, reply.header("Allow")), (405, Some("POST")), "{reply:?}");
            if method != "HEAD" {
                refused(&reply, 405, "METHOD_NOT_ALLOWED");
            }
        }
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let reply = app.request(method, &format!("{VERIFY}/x")).send();
        refused(&reply, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(reply.header("Allow"), Some("GET"));
    }
}

#[test]
fn a_body_that_is_no_json_is_refused() {
    let app = app();
    for path in [NEW, LOCAL, FORGOT, RESET, RESEND] {
        let send = |body: &[u8]| app.request("POST", path).header("Content-Type", "application/json").body(body).send();
        for body in [&b""[..], b"{", b"[]", b"7", b"null", b"\"x\"", b"{\"email\":}", b"{\"email\":\"\xff\xfe\"}"] {
            refused(&send(body), 400, "INVALID_ARGUMENTS");
        }
        refused(&send(b"{\"email\":\"a@example.com\",\"email\":\"b@example.com\"}"), 400, "INVALID_ARGUMENTS");
        refused(&send("[".repeat(10_000).as_bytes()), 400, "INVALID_ARGUMENTS");
        refused(
            &send(format!("{{\"email\":{}1{}}}", "[".repeat(500), "]".repeat(500)).as_bytes()),
            400,
            "INVALID_ARGUMENTS",
        );
    }
}

#[test]
fn a_body_that_is_too_large_or_of_another_type_is_refused() {
    let app = app();
    let text = credentials(&address("ada"), PASSWORD).to_string();
    for path in [NEW, LOCAL, FORGOT, RESET, RESEND] {
        let large = json!({ "email": "x".repeat(1_100_000) }).to_string();
        let reply = app.request("POST", path).header("Content-Type", "application/json").body(large).send();
        refused(&reply, 413, "INVALID_ARGUMENTS");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let reply = app.request("POST", path).header("Content-Type", kind).body(text.clone()).send();
            refused(&reply, 415, "INVALID_ARGUMENTS");
        }
        refused(&app.request("POST", path).body(text.clone()).send(), 415, "INVALID_ARGUMENTS");
    }
}

#[test]
fn unknown_parameters_are_refused() {
    let app = app();
    for path in [NEW, LOCAL, RENEW, FORGOT, RESET, RESEND] {
        refused(&app.post(&format!("{path}?x=1"), json!({})), 400, "INVALID_ARGUMENTS");
    }
    refused(&app.get(&format!("{VERIFY}/nonsense?x=1")), 400, "INVALID_ARGUMENTS");
}

#[test]
fn a_body_names_every_field_that_is_wrong() {
    let app = app();
    refused_for(&app.post(LOCAL, json!({})), &["email", "password"]);
    refused_for(&app.post(FORGOT, json!({ "mail": "x" })), &["email", "mail"]);
    refused_for(&app.post(FORGOT, json!({ "email": 7 })), &["email"]);
    refused_for(&app.post(RESEND, json!({ "email": null })), &["email"]);
    refused_for(&app.post(RESET, json!({})), &["passwordResetToken", "password"]);
    refused_for(&app.post(RESET, json!({ "passwordResetToken": "x", "password": "short" })), &["password"; 3]);
    refused_for(&app.post(RESET, json!({ "token": "x", "passwordResetToken": "x", "password": PASSWORD })), &["token"]);
}

#[test]
fn a_rate_limit_is_reported_in_the_surfaces_form() {
    let app = Setup::new().without("GABLE_RATE_LIMITS").spawn();
    for (path, body) in [(LOCAL, credentials("nobody@example.com", "Wrong-1234")), (FORGOT, json!({ "email": "x" }))] {
        let (passed, reply) = until_refused(|| app.post(path, body.clone()));
        refused(&reply, 429, "RATE_LIMITED");
        assert!(reply.header("Retry-After").is_some(), "{reply:?}");
        assert!(passed >= 10, "{passed}");
    }
}

#[test]
fn where_the_surface_is_not_mounted_its_paths_are_not_there() {
    let app = start::<JwtOnly>();
    for path in POSTS {
        app.post(path, credentials("ada@example.com", PASSWORD)).expect(404, "RouteNotFound");
    }
    app.get(&format!("{VERIFY}/x")).expect(404, "RouteNotFound");
    assert_eq!(app.rows("users"), 0);
}
