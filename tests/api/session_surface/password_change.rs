//! Changing the password: the sessions that it ends or keeps, and its rate limit.

use serde_json::json;

use super::{
    NEW, Visitor, WRONG, change_password, is_logged_out, log_in, refused, register, succeeds_with, try_log_in,
};
use crate::harness::{App, InProcess, PASSWORD, Reply, Setup, app, unique};

#[test]
fn a_changed_password_keeps_this_session_and_ends_every_other_log_in() {
    let app = app();
    let ada = register(&app, "ada");
    let (other, token) = (log_in(&app, &ada.email), app.log_in(&ada.email, PASSWORD));
    let local = json!({ "email": ada.email, "password": PASSWORD });
    let pair = app.post("/authentication/local", local).succeeds(200);
    let access = app.with_token(pair["accessToken"].as_str().expect("an access token"));
    let refresh = app.with_token(pair["refreshToken"].as_str().expect("a refresh token"));
    let bob = register(&app, "bob");
    access.get("/api/posts").succeeds(200);
    succeeds_with(&change_password(&ada, PASSWORD, NEW), "Password changed successfully");
    ada.get("/auth/me").succeeds(200);
    ada.post("/api/posts", json!({ "title": unique("Still here"), "content": "…" })).succeeds(201);
    is_logged_out(&other);
    token.get("/api/users/me").expect(401, "PasswordChanged");
    assert_eq!(access.get("/api/posts").status, 401);
    assert_eq!(refresh.request("POST", "/authentication/renew").send().status, 400);
    bob.get("/auth/me").succeeds(200);
}

#[test]
fn every_password_change_within_one_second_ends_earlier_sessions() {
    let app = app();
    let ada = register(&app, "ada");
    let mut current = PASSWORD.to_owned();
    for number in 0..4 {
        let (new, other) =
            (format!("Quick-Horse-{number}"), Visitor::of(&app, &try_log_in(&app, &ada.email, &current)));
        succeeds_with(&change_password(&ada, &current, &new), "Password changed successfully");
        is_logged_out(&other);
        current = new;
    }
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn guessing_the_current_password_locks_the_account_and_keeps_the_session() {
    let app = app();
    let ada = register(&app, "ada");
    (0..5).for_each(|_| drop(refused(change_password(&ada, WRONG, NEW), 401, "INVALID_CREDENTIALS")));
    refused(change_password(&ada, PASSWORD, NEW), 423, "ACCOUNT_LOCKED");
    refused(try_log_in(&app, &ada.email, PASSWORD), 423, "ACCOUNT_LOCKED");
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn guesses_at_the_current_password_and_at_the_log_in_count_together() {
    let app = app();
    let ada = register(&app, "ada");
    (0..3).for_each(|_| drop(refused(change_password(&ada, WRONG, NEW), 401, "INVALID_CREDENTIALS")));
    (0..2).for_each(|_| drop(refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS")));
    refused(change_password(&ada, PASSWORD, NEW), 423, "ACCOUNT_LOCKED");
}

fn limited() -> App {
    Setup::new().without("GABLE_RATE_LIMITS").with("TRUSTED_PROXIES", "127.0.0.0/8").spawn()
}

fn change_from(visitor: &Visitor, address: &str) -> Reply {
    let body = json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD });
    visitor.request("POST", "/auth/change-password").header("X-Forwarded-For", address).json(&body).send()
}

#[track_caller]
fn is_limited(reply: Reply) {
    let reply = refused(reply, 429, "RATE_LIMITED");
    assert_eq!(reply.header("RateLimit-Policy"), Some("5;w=900"));
    let quota = reply.header("RateLimit").unwrap_or_default();
    assert!(quota.starts_with("limit=5, remaining=0, "), "{quota}");
    let wait: u64 = reply.header("Retry-After").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=180).contains(&wait), "{wait}");
}

#[test]
fn five_attempts_in_a_quarter_of_an_hour_pass_and_the_sixth_is_refused() {
    let app = limited();
    let ada = register(&app, "ada");
    for left in (0..5).rev() {
        let reply = refused(change_from(&ada, "192.0.2.7"), 400, "VALIDATION_ERROR");
        assert_eq!(reply.header("RateLimit-Policy"), Some("5;w=900"));
        let quota = reply.header("RateLimit").unwrap_or_default();
        assert!(quota.starts_with(&format!("limit=5, remaining={left}, ")), "{quota}");
    }
    is_limited(change_from(&ada, "192.0.2.7"));
    ada.get("/auth/me").succeeds(200);
    try_log_in(&app, &ada.email, PASSWORD).succeeds(200);
}

#[test]
fn another_address_does_not_give_an_account_more_attempts() {
    let app = limited();
    let ada = register(&app, "ada");
    for number in 0..5 {
        refused(change_from(&ada, &format!("192.0.2.{number}")), 400, "VALIDATION_ERROR");
    }
    is_limited(change_from(&ada, "192.0.2.99"));
    let bob = register(&app, "bob");
    refused(change_from(&bob, "192.0.2.98"), 400, "VALIDATION_ERROR");
}

#[test]
fn a_log_in_rehashes_a_password_at_the_current_cost() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let hash = |app: &InProcess| -> String { app.value("SELECT password FROM users") };
    let before = hash(&app);
    assert_eq!(&before[4..6], "04");
    let app = app.restart(|installation| installation.with("GABLE_BCRYPT_COST", "5"));
    refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS");
    assert_eq!(hash(&app), before);
    log_in(&app, &ada.email);
    let after = hash(&app);
    assert_eq!(&after[4..6], "05");
    log_in(&app, &ada.email);
    assert_eq!(hash(&app), after, "once is enough");
}
