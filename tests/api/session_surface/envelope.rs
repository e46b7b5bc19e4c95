//! Every refusal under the prefix of the surface has the form of the surface, whichever part refuses it.

use serde_json::json;

use super::{fields, log_in, refused, register};
use crate::harness::{InProcess, JwtOnly, SessionOnly, Setup, app, until_refused};

#[test]
fn missing_paths_are_reported_in_the_envelope() {
    let app = app();
    for path in ["/auth", "/auth/", "/auth/nothing", "/auth/me/more", "/auth/sessions/1/2", "/auth/users/me"] {
        for method in ["GET", "POST", "DELETE"] {
            refused(app.request(method, path).send(), 404, "NOT_FOUND");
        }
    }
    app.get("/api/nothing").expect(404, "RouteNotFound");
    app.get("/author").expect(404, "RouteNotFound");
    app.get("/api/auth/me").expect(404, "RouteNotFound");
}

#[test]
fn a_wrong_method_is_refused_with_the_permitted_ones() {
    let app = app();
    for (method, path, allowed) in [
        ("GET", "/auth/login", "POST"),
        ("DELETE", "/auth/register", "POST"),
        ("PUT", "/auth/me", "GET, PATCH"),
        ("GET", "/auth/logout", "POST"),
        ("PATCH", "/auth/verify-email", "POST, GET"),
        ("GET", "/auth/sessions/1", "DELETE"),
    ] {
        let reply = refused(app.request(method, path).send(), 405, "METHOD_NOT_ALLOWED");
        assert_eq!(reply.header("Allow"), Some(allowed), "{path}");
    }
    app.request("PUT", "/api/users/me").json(&json!({})).send().expect(405, "MethodNotAllowed");
}

#[test]
fn malformed_bodies_are_reported_in_the_envelope() {
    let app = app();
    let ada = register(&app, "ada");
    let json = |body: &str| app.request("POST", "/auth/login").header("Content-Type", "application/json").body(body);
    for body in ["{", "[]", "\"text\"", "null", "", "{\"identifier\":\"a\",\"identifier\":\"b\"}", "\u{0}"] {
        refused(json(body).send(), 400, "VALIDATION_ERROR");
    }
    let nul = json("{\"identifier\":\"a\\u0000\",\"password\":\"x\"}").send();
    assert_eq!(fields(&refused(nul, 400, "VALIDATION_ERROR")), ["identifier"]);
    let typed =
        |content_type: &str| app.request("POST", "/auth/login").header("Content-Type", content_type).body("a=b");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        refused(typed(content_type).send(), 415, "UNSUPPORTED_MEDIA_TYPE");
    }
    refused(app.request("POST", "/auth/login").body("{}").send(), 415, "UNSUPPORTED_MEDIA_TYPE");
    let large = json!({ "fullName": "x".repeat(1_100_000) });
    refused(ada.patch("/auth/me", large.clone()), 413, "PAYLOAD_TOO_LARGE");
    refused(app.post("/auth/register", large), 413, "PAYLOAD_TOO_LARGE");
    assert!(ada.get("/auth/me")["data"]["user"]["fullName"].is_null());
}

#[test]
fn unknown_parameters_are_refused() {
    let app = app();
    let ada = register(&app, "ada");
    for (method, path) in [
        ("GET", "/auth/me"),
        ("GET", "/auth/sessions"),
        ("GET", "/auth/login-history"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/login"),
        ("GET", "/auth/verify-email"),
    ] {
        refused(ada.request(method, &format!("{path}?fields=password")).send(), 400, "VALIDATION_ERROR");
    }
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn rate_limits_are_reported_in_the_envelope() {
    let app = Setup::new().without("GABLE_RATE_LIMITS").spawn();
    let until_refused = |path: &str, method: &str| until_refused(|| app.request(method, path).send()).1;
    let narrow = refused(until_refused("/auth/login", "POST"), 429, "RATE_LIMITED");
    assert_eq!(narrow.header("RateLimit-Policy"), Some("10;w=5"));
    let global = refused(until_refused("/auth/nothing", "GET"), 429, "RATE_LIMITED");
    assert_eq!(global.header("RateLimit-Policy"), Some("1000;w=60"));
    assert!(global.header("RateLimit").is_some() && global.header("Retry-After").is_some(), "{global:?}");
    until_refused("/api", "GET").expect(429, "TooManyRequests");
}

#[test]
fn an_application_without_the_surface_has_none_of_its_paths() {
    let app = InProcess::of::<JwtOnly>();
    for path in ["/auth/login", "/auth/register", "/auth/me", "/auth"] {
        app.post(path, json!({ "identifier": "a", "password": "b" })).expect(404, "RouteNotFound");
        app.get(path).expect(404, "RouteNotFound");
    }
}

#[test]
fn an_application_with_this_surface_alone_works() {
    let app = InProcess::of::<SessionOnly>();
    let ada = register(&app, "ada");
    let ada = log_in(&app, &ada.email);
    ada.get("/auth/me").succeeds(200);
    ada.post("/api/posts", json!({ "title": "By cookie", "content": "…" })).succeeds(201);
    app.post("/api/auth/login", json!({ "email": ada.email, "password": "x" })).expect(404, "RouteNotFound");
}
