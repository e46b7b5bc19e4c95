//! The examples in the documentation of the surface.

use serde_json::{Value, json};

use super::pair::{
    CHANGE_EMAIL, CHANGE_PASSWORD, FORGOT, LOCAL, LOGOUT, ME, NEW, OTHER_PASSWORD, Pair, RENEW, RESEND, address,
    answers_with, credentials, log_in, refused, sign_up,
};
use crate::harness::{PASSWORD, app};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("an object, not {value}")).keys().map(String::as_str).collect()
}

#[test]
fn registering_answers_with_the_user_and_logs_nobody_in() {
    let app = app();
    let email = address("ada");
    let reply = app.post(NEW, credentials(&email, PASSWORD)).succeeds(200);
    assert_eq!(keys(&reply.json), ["user"]);
    let user = &reply["user"];
    assert_eq!(
        (&user["email"], &user["active"], &user["isVerified"]),
        (&json!(email), &json!(true), &json!(false)),
        "{reply:?}"
    );
    let id = user["_id"].as_str().expect("an id");
    assert_eq!(app.row(&format!("/api/users/{id}"))["email"], email.as_str());
    for renamed in ["id", "isActive", "isEmailVerified", "password"] {
        assert!(user.get(renamed).is_none(), "{renamed}: {reply:?}");
    }
    assert_eq!(reply.header("Set-Cookie"), None);
}

#[test]
fn logging_in_answers_with_an_id_and_a_pair() {
    let app = app();
    let email = address("ada");
    let user = app.post(NEW, credentials(&email, PASSWORD)).succeeds(200)["user"]["_id"].clone();
    let reply = app.post(LOCAL, credentials(&email, PASSWORD)).succeeds(200);
    let mut names = keys(&reply.json);
    names.sort_unstable();
    assert_eq!(names, ["accessToken", "refreshToken", "userId"]);
    assert_eq!(reply["userId"], user);
    let pair = Pair::of(&app, &email, &reply);
    assert_eq!(pair.access.split('.').count(), 3, "a JWT");
    assert!(!pair.refresh.contains('.') && pair.refresh.len() >= 20, "an opaque text: {}", pair.refresh);
    assert_eq!(reply.header("Set-Cookie"), None);
    assert_eq!(reply.header("Cache-Control"), Some("no-store"));
}

#[test]
fn the_access_token_is_included_in_later_requests() {
    let app = app();
    let ada = sign_up(&app, "ada");
    assert_eq!(ada.bearer().get(ME).succeeds(200)["data"]["email"], ada.email.as_str());
    app.get(ME).expect(401, "LoginRequired");
}

#[test]
fn renewing_answers_like_a_log_in_and_invalidates_the_pair_before() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let reply = app.with_token(&ada.refresh).request("POST", RENEW).send().succeeds(200);
    let mut names = keys(&reply.json);
    names.sort_unstable();
    assert_eq!(names, ["accessToken", "refreshToken", "userId"]);
    assert_eq!((reply["userId"].as_str(), reply.header("Cache-Control")), (Some(&*ada.user), Some("no-store")));
    let renewed = Pair::of(&app, &ada.email, &reply);
    assert_ne!((&renewed.access, &renewed.refresh), (&ada.access, &ada.refresh));
    renewed.access_is_accepted();
    ada.access_is_refused();
}

#[test]
fn asking_for_a_mail_answers_with_a_sentence() {
    let app = app();
    let ada = sign_up(&app, "ada");
    answers_with(&app.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    answers_with(&app.post(RESEND, json!({ "email": ada.email })), "Verification email sent");
}

#[test]
fn the_address_is_changed_by_its_owner() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let new = address("newemail");
    answers_with(&ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": new })), "Email changed successfully");
    assert_eq!(app.row(&format!("/api/users/{}", ada.user))["email"], new.as_str());
    ada.access_is_accepted();
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    assert_eq!(log_in(&app, &new, PASSWORD).user, ada.user);
}

#[test]
fn the_password_is_changed_by_its_owner() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let body = json!({ "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD });
    answers_with(&ada.bearer().post(CHANGE_PASSWORD, body), "Password changed successfully");
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    assert_eq!(log_in(&app, &ada.email, OTHER_PASSWORD).user, ada.user);
}

#[test]
fn logging_out_ends_the_pair_and_no_other() {
    let app = app();
    let here = sign_up(&app, "ada");
    let there = log_in(&app, &here.email, PASSWORD);
    answers_with(&here.bearer().request("POST", LOGOUT).send(), "Logged out successfully");
    here.is_invalid();
    there.access_is_accepted();
    there.renewed().access_is_accepted();
}
