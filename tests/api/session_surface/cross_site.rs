//! Requests that a page of another site makes a browser send together with the cookie.

use serde_json::{Value, json};

use super::{NEW, Visitor, refused, register};
use crate::harness::{App, Client, PASSWORD, Reply, app, unique};

/// Headers that browsers send for a page of another site.
const FOREIGN: [&[(&str, &str)]; 5] = [
    &[("Origin", "https://evil.example")],
    &[("Origin", "null")],
    &[("Origin", "http://localhost:5174"), ("Sec-Fetch-Site", "same-site")],
    &[("Sec-Fetch-Site", "cross-site")],
    &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
];

fn send(client: &Client, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let request = client.request(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    if body.is_null() { request.send() } else { request.json(body).send() }
}

fn article() -> Value {
    json!({ "title": unique("Mine"), "content": "…" })
}

/// Every write of the surface, with a valid body.
fn writes(ada: &Visitor) -> Vec<(&'static str, String, Value)> {
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body);
    vec![
        post("/auth/register", json!({ "email": format!("{}@example.com", unique("forged")), "password": PASSWORD })),
        post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })),
        post("/auth/logout", Value::Null),
        post("/auth/logout-all", Value::Null),
        ("PATCH", "/auth/me".to_owned(), json!({ "fullName": "Forged" })),
        post("/auth/change-password", json!({ "currentPassword": PASSWORD, "newPassword": NEW })),
        post("/auth/forgot-password", json!({ "identifier": ada.email })),
        post("/auth/reset-password", json!({ "token": "x", "newPassword": NEW })),
        post("/auth/verify-email", json!({ "token": "x" })),
        post("/auth/resend-verification", json!({ "email": ada.email })),
        ("DELETE", format!("/auth/sessions/{}", ada.session()), Value::Null),
    ]
}

#[test]
fn no_write_sent_by_another_site_is_made() {
    let app = app();
    let ada = register(&app, "ada");
    let before = [ada.get("/auth/me").json, ada.get("/auth/sessions").json, ada.get("/auth/login-history").json];
    for headers in FOREIGN {
        for (method, path, body) in writes(&ada) {
            let reply = refused(send(&ada, method, &path, headers, &body), 403, "FORBIDDEN");
            assert_eq!(reply.header("Set-Cookie"), None, "{path}");
            if let Some(email) = body["email"].as_str().filter(|_| path == "/auth/register") {
                assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
            }
        }
    }
    let after = [ada.get("/auth/me").json, ada.get("/auth/sessions").json, ada.get("/auth/login-history").json];
    assert_eq!(after, before);
    Visitor::of(&app, &super::try_log_in(&app, &ada.email, PASSWORD));
}

#[test]
fn requests_of_the_own_origin_of_allowed_ones_and_without_an_origin_may_write() {
    let app = app();
    let own = format!("http://{}", app.address());
    let passing: [&[(&str, &str)]; 6] = [
        &[],
        &[("Origin", &own)],
        &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")],
        &[("Origin", "http://localhost:5173"), ("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
    ];
    for headers in passing {
        let body = json!({ "email": format!("{}@example.com", unique("ada")), "password": PASSWORD });
        let ada = Visitor::of(&app, &send(&app, "POST", "/auth/register", headers, &body).succeeds(201));
        send(&ada, "PATCH", "/auth/me", headers, &json!({ "fullName": "Ada" })).succeeds(200);
        send(&ada, "POST", "/api/posts", headers, &article()).succeeds(201);
        send(&ada, "POST", "/auth/logout", headers, &Value::Null).succeeds(200);
    }
}

#[test]
fn the_public_url_is_an_own_origin() {
    let app = crate::harness::Setup::new().with("PUBLIC_URL", "https://gazette.example/app").spawn();
    let ada = register(&app, "ada");
    let from = |origin: &str| send(&ada, "PATCH", "/auth/me", &[("Origin", origin)], &json!({ "fullName": "Ada" }));
    from("https://gazette.example").succeeds(200);
    refused(from("https://gazette.example.evil.example"), 403, "FORBIDDEN");
    refused(from("http://gazette.example"), 403, "FORBIDDEN");
    let here = app.address();
    from(&format!("https://{here}")).succeeds(200);
    refused(from(&format!("http://{here}")), 403, "FORBIDDEN");
}

#[test]
fn reading_requests_may_come_from_any_site() {
    let app = app();
    let ada = register(&app, "ada");
    for headers in FOREIGN {
        for path in ["/auth/me", "/auth/sessions", "/auth/login-history", "/api/posts"] {
            let reply = send(&ada, "GET", path, headers, &Value::Null).succeeds(200);
            let allowed = reply.header("Access-Control-Allow-Origin");
            assert!(allowed.is_none_or(|origin| origin == "http://localhost:5173"), "{reply:?}");
        }
    }
}

/// Asserts that no article was made or changed.
#[track_caller]
fn the_api_refuses(app: &App, client: &Client, account: &str) {
    for headers in FOREIGN {
        let title = uuid::Uuid::now_v7().to_string();
        let post = json!({ "title": title, "content": "…" });
        send(client, "POST", "/api/posts", headers, &post).expect(403, "CrossSiteRequest");
        send(client, "POST", "/api/posts/many", headers, &json!([post])).expect(403, "CrossSiteRequest");
        send(client, "PATCH", "/api/users/me", headers, &json!({ "bio": title })).expect(403, "CrossSiteRequest");
        send(client, "DELETE", "/api/auth/logout", headers, &Value::Null).expect(403, "CrossSiteRequest");
        assert_eq!(app.count(&format!("/api/posts?title={title}")), 0);
        assert!(app.row(&format!("/api/users/{account}"))["bio"].is_null());
    }
    client.get("/api/users/me").succeeds(200);
}

#[test]
fn a_session_cookie_from_elsewhere_writes_nothing_through_the_api() {
    let app = app();
    let ada = register(&app, "ada");
    the_api_refuses(&app, &ada, &ada.id);
}

#[test]
fn a_token_cookie_from_elsewhere_writes_nothing_through_the_api() {
    let app = app();
    let ada = app.sign_up("ada");
    let cookie = format!("arkos_access_token={}", ada.token().expect("a token"));
    the_api_refuses(&app, &app.with_cookie(&cookie), &ada.id);
}

#[test]
fn a_bearer_token_is_accepted_from_any_site() {
    let app = app();
    let ada = app.sign_up("ada");
    for headers in FOREIGN {
        send(&ada, "POST", "/api/posts", headers, &article()).succeeds(201);
    }
}
