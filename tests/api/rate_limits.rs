//! Rate limits, as set in `app.yaml` and by the models. Each test starts its own application, whose requests it counts.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::harness::{App, Reply, Setup, at_once, until_refused};

/// Starts an application with rate limits.
fn limited() -> App {
    Setup::new().without("GABLE_RATE_LIMITS").spawn()
}

/// A log-in of another unknown account each time, because too many wrong passwords lock an identifier.
fn unknown_address() -> String {
    format!("{}@example.com", uuid::Uuid::now_v7())
}

fn wrong_log_in(app: &App) -> Reply {
    app.post("/api/auth/login", json!({ "email": unknown_address(), "password": "Wrong-Horse-7" }))
}

/// The numbers in `limit=10, remaining=9, reset=1`.
fn quota(reply: &Reply) -> [u64; 3] {
    let text = reply.header("RateLimit").unwrap_or_else(|| panic!("no quota: {reply:?}"));
    let parts: Vec<u64> = text.split(", ").filter_map(|part| part.split_once('=')?.1.parse().ok()).collect();
    parts.try_into().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn every_answer_says_what_is_left_of_the_quota() {
    let app = limited();
    let first = app.get("/api").succeeds(200);
    assert_eq!(first.header("RateLimit-Policy"), Some("1000;w=60"));
    assert_eq!(quota(&first)[..2], [1000, 999]);
    let missing = app.get("/nothing").expect(404, "RouteNotFound");
    // The quota regains one request every 60 ms.
    let [limit, remaining, _] = quota(&missing);
    assert!(limit == 1000 && (998..=999).contains(&remaining), "{missing:?}");
}

#[test]
fn the_auth_routes_take_ten_requests_in_five_seconds() {
    let app = limited();
    let first = wrong_log_in(&app).expect(401, "IncorrectCredentials");
    assert_eq!(first.header("RateLimit-Policy"), Some("10;w=5"), "the narrower limit, on a refusal, too");
    assert_eq!(quota(&first)[..2], [10, 9]);
    let (passed, refused) = until_refused(|| wrong_log_in(&app));
    assert!(passed >= 9, "{passed} after the first");
    let refused = refused.expect(429, "TooManyRequests");
    assert_eq!(refused.header("RateLimit-Policy"), Some("10;w=5"));
    assert_eq!(quota(&refused)[..2], [10, 0]);
    let wait: u64 = refused.header("Retry-After").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=5).contains(&wait), "{wait}");
    app.get("/api/posts").succeeds(200);
    thread::sleep(Duration::from_secs(wait));
    wrong_log_in(&app).expect(401, "IncorrectCredentials");
}

#[test]
fn signing_up_is_counted_apart_from_logging_in() {
    let app = limited();
    until_refused(|| wrong_log_in(&app));
    let reply = app.post("/api/auth/signup", json!({})).expect(400, "InvalidRequestBody");
    assert_eq!(quota(&reply)[..2], [10, 9]);
}

#[test]
fn a_limit_cannot_be_dodged_with_forwarding_headers_or_other_bodies() {
    let app = limited();
    until_refused(|| wrong_log_in(&app));
    let dodging = |number: usize| {
        let body = json!({ "email": format!("{number}@example.com"), "password": "x" });
        let request = app.request("POST", "/api/auth/login").header("X-Forwarded-For", &format!("192.0.2.{number}"));
        let request = request.header("Forwarded", &format!("for=192.0.2.{number}"));
        request.header("X-Real-IP", &format!("192.0.2.{number}")).json(&body).send()
    };
    let replies = at_once(40, |number| dodging(number + 1));
    assert!(replies.iter().any(|reply| reply.status == 429), "every one of them passed");
}

#[test]
fn behind_a_trusted_proxy_each_client_is_counted_for_itself() {
    let app = Setup::new().without("GABLE_RATE_LIMITS").with("TRUSTED_PROXIES", "127.0.0.0/8").spawn();
    let from = |address: &str| {
        let body = json!({ "email": unknown_address(), "password": "x" });
        app.request("POST", "/api/auth/login").header("X-Forwarded-For", address).json(&body).send()
    };
    until_refused(|| from("192.0.2.7"));
    assert_eq!(quota(&from("192.0.2.8").expect(401, "IncorrectCredentials"))[..2], [10, 9]);
}

#[test]
fn the_header_that_the_proxy_does_not_set_gives_nobody_another_quota() {
    for (named, set, other) in [
        (None, "X-Forwarded-For", "Forwarded"),
        (Some("x-forwarded-for"), "X-Forwarded-For", "Forwarded"),
        (Some("forwarded"), "Forwarded", "X-Forwarded-For"),
    ] {
        let setup = Setup::new().without("GABLE_RATE_LIMITS").with("TRUSTED_PROXIES", "127.0.0.0/8");
        let app = named.into_iter().fold(setup, |setup, header| setup.with("TRUSTED_PROXY_HEADER", header)).spawn();
        let value = |header: &str, address: &str| match header {
            "Forwarded" => format!("for={address};proto=https"),
            _ => address.to_owned(),
        };
        let from = |claimed: &str, address: &str| {
            let body = json!({ "email": unknown_address(), "password": "x" });
            let request = app.request("POST", "/api/auth/login").header(other, &value(other, claimed));
            request.header(set, &value(set, address)).header(other, &value(other, claimed)).json(&body).send()
        };
        until_refused(|| from("192.0.2.7", "192.0.2.7"));
        let replies = at_once(40, |number| from(&format!("198.51.100.{number}"), "192.0.2.7"));
        assert!(replies.iter().any(|reply| reply.status == 429), "{named:?}: every claim was a client of its own");
        let another = from("192.0.2.7", "192.0.2.8").expect(401, "IncorrectCredentials");
        assert_eq!(quota(&another)[..2], [10, 9], "{named:?}");
    }
}

#[test]
fn a_model_can_have_a_limit_of_its_own() {
    let app = limited();
    let reply = app.get("/api/readings").succeeds(200);
    assert_eq!(reply.header("RateLimit-Policy"), Some("600;w=60"));
    assert_eq!(quota(&reply)[..2], [600, 599]);
}

#[test]
fn the_global_limit_ends_in_429_and_never_reaches_the_health_checks() {
    let app = limited();
    let (passed, refused) = until_refused(|| app.get("/api"));
    assert!(passed >= 1000, "{passed}");
    let refused = refused.expect(429, "TooManyRequests");
    assert_eq!(refused.header("RateLimit-Policy"), Some("1000;w=60"));
    assert!(refused.header("Retry-After").is_some() && refused.header("X-Request-Id").is_some());
    until_refused(|| app.get("/api/posts"));
    for _ in 0..50 {
        app.get("/health/live").succeeds(200);
        app.get("/health/ready").succeeds(200);
    }
}

#[test]
fn nothing_but_the_two_health_checks_escapes_the_global_limit() {
    let app = limited();
    for path in ["/health/nothing", "/health/live/", "/health/", "/health", "/health//live"] {
        let (_, refused) = until_refused(|| app.get(path));
        refused.expect(429, "TooManyRequests");
    }
    let preflight = || {
        let preflight = app.request("OPTIONS", "/api/posts").header("Origin", "http://localhost:5173");
        preflight.header("Access-Control-Request-Method", "POST").send()
    };
    let (_, refused) = until_refused(preflight);
    refused.expect(429, "TooManyRequests");
    app.get("/health/live").succeeds(200);
}

#[test]
fn rate_limits_that_are_off_send_no_headers() {
    let app = crate::harness::app();
    assert_eq!(app.get("/api/readings").succeeds(200).header("RateLimit"), None);
}
