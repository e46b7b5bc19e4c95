//! Reading, changing and deleting one's own account, and fields in `userData`.

use serde_json::{Value, json};

use super::pair::{
    LOCAL, ME, NEW, OTHER_PASSWORD, Pair, address, answers_with, credentials, refused, refused_for, sign_up,
};
use super::start;
use crate::harness::{App, Client, PASSWORD, app, spawn_app, unique};

const USER: &str = "/authentication/user";

fn row(app: &App, pair: &Pair) -> Value {
    app.row(&format!("/api/users/{}", pair.user))
}

#[test]
fn an_account_sees_itself_without_an_envelope_and_without_secrets() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let reply = ada.bearer().get(USER).succeeds(200);
    let shown = ["email", "active", "isVerified", "_id"].map(|key| reply[key].clone());
    assert_eq!(shown, [json!(ada.email), json!(true), json!(false), json!(ada.user)], "{reply:?}");
    for absent in ["id", "user", "isActive", "isEmailVerified", "password", "hashedPassword"] {
        assert!(reply.json.get(absent).is_none(), "{absent}: {reply:?}");
    }
}

#[test]
fn nobody_else_sees_changes_or_deletes_it() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let before = row(&app, &ada);
    for client in [app.with_token("nonsense"), app.with_token(&ada.refresh), Client::clone(&app)] {
        refused(&client.get(USER), 401, "UNAUTHORIZED");
        refused(&client.patch(USER, json!({ "userData": { "bio": "Mine" } })), 401, "UNAUTHORIZED");
        refused(&client.delete(USER), 401, "UNAUTHORIZED");
    }
    assert_eq!(row(&app, &ada), before);
    ada.access_is_accepted();
}

#[test]
fn user_data_changes_the_account_and_answers_with_it() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let reply = ada.bearer().patch(USER, json!({ "userData": { "bio": "Writes", "fullName": "Ada L." } }));
    let reply = reply.succeeds(200);
    assert_eq!(
        (&reply["bio"], &reply["fullName"], &reply["_id"]),
        (&json!("Writes"), &json!("Ada L."), &json!(ada.user))
    );
    let changed = row(&app, &ada);
    assert_eq!((&changed["bio"], &changed["fullName"]), (&json!("Writes"), &json!("Ada L.")));
    ada.bearer().patch(USER, json!({ "userData": { "bio": null } })).succeeds(200);
    assert_eq!(row(&app, &ada)["bio"], Value::Null);
    ada.bearer().patch(USER, json!({ "bio": "Beside it" })).succeeds(200);
    assert_eq!(row(&app, &ada)["bio"], "Beside it");
}

#[test]
fn user_data_cannot_change_fields_that_the_account_may_not_write() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let before = row(&app, &ada);
    for (field, value) in [
        ("_id", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("isSuperUser", json!(true)),
        ("active", json!(false)),
        ("isActive", json!(false)),
        ("isVerified", json!(true)),
        ("isEmailVerified", json!(true)),
        ("email", json!(address("mallory"))),
        ("hashedPassword", json!("$2b$04$x")),
        ("roles", json!([])),
        ("bio", json!("x".repeat(501))),
    ] {
        refused_for(&ada.bearer().patch(USER, json!({ "userData": { field: value } })), &[field]);
        refused_for(&ada.bearer().patch(USER, json!({ field: value })), &[field]);
    }
    let password = json!({ "password": OTHER_PASSWORD });
    refused_for(&ada.bearer().patch(USER, json!({ "userData": password })), &["password"]);
    refused(&ada.bearer().patch(USER, password), 400, "INVALID_ARGUMENTS");
    assert_eq!(row(&app, &ada), before);
    app.post(LOCAL, credentials(&ada.email, PASSWORD)).succeeds(200);
}

#[test]
fn a_malformed_change_of_ones_own_account_is_refused() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let before = row(&app, &ada);
    for (body, field) in [
        (json!({}), "userData"),
        (json!({ "userData": null }), "userData"),
        (json!({ "userData": "bio" }), "userData"),
        (json!({ "userData": ["bio"] }), "userData"),
        (json!({ "userData": { "bio": "One" }, "bio": "Other" }), "bio"),
        (json!({ "userData": { "userData": {} } }), "userData"),
        (json!({ "userData": {}, "redirectUri": "https://app.example.com" }), "redirectUri"),
    ] {
        refused_for(&ada.bearer().patch(USER, body), &[field]);
    }
    refused(&ada.bearer().get(&format!("{USER}?select=email")), 400, "INVALID_ARGUMENTS");
    assert_eq!(row(&app, &ada), before);
}

#[test]
fn an_account_that_deletes_itself_loses_access_on_every_surface() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let elsewhere = super::pair::log_in(&app, &ada.email, PASSWORD);
    answers_with(&ada.bearer().delete(USER), "Account deleted successfully");
    ada.is_invalid();
    elsewhere.is_invalid();
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    assert_eq!(app.row(&format!("/api/users/{}", ada.user))["email"], ada.email.as_str(), "the row stays");
}

#[test]
fn a_renewed_pair_deletes_nothing_before_the_password_was_shown_again() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada").renewed();
    refused(&ada.bearer().delete(USER), 403, "FORBIDDEN");
    ada.access_is_accepted();
    assert_eq!(app.events("deleted", &ada.user), 0);
    let again = super::pair::log_in(&app, &ada.email, PASSWORD);
    answers_with(&again.bearer().delete(USER), "Account deleted successfully");
    assert_eq!((app.events("deleted", &ada.user), app.grants(&ada.user)), (1, 0));
}

#[test]
fn the_last_super_user_does_not_delete_itself() {
    let app = spawn_app();
    let root = super::pair::log_in(&app, &app.super_user().email, PASSWORD);
    refused(&root.bearer().delete(USER), 409, "CONFLICT");
    root.access_is_accepted();
    let second = sign_up(&app, "second");
    app.super_user().patch(&format!("/api/users/{}", second.user), json!({ "isSuperUser": true })).succeeds(200);
    answers_with(&root.bearer().delete(USER), "Account deleted successfully");
    root.is_invalid();
}

#[test]
fn a_new_account_takes_its_fields_in_user_data() {
    let app = app();
    let (email, username) = (address("ada"), unique("ada"));
    let mut body = credentials(&email, PASSWORD);
    body["userData"] = json!({ "username": username, "bio": "Writes" });
    let reply = app.post(NEW, body).succeeds(200);
    assert_eq!((&reply["user"]["username"], &reply["user"]["bio"]), (&json!(username), &json!("Writes")));
    let stored = app.row(&format!("/api/users/{}", reply["user"]["_id"].as_str().expect("an id")));
    assert_eq!((&stored["username"], &stored["bio"]), (&json!(username), &json!("Writes")));
}

#[test]
fn user_data_of_a_new_account_is_under_the_same_rules() {
    let app = app();
    for (data, field) in [
        (json!({ "isSuperUser": true }), "isSuperUser"),
        (json!({ "isVerified": true }), "isVerified"),
        (json!({ "isEmailVerified": true }), "isEmailVerified"),
        (json!({ "role": "Editor" }), "role"),
        (json!({ "email": address("other") }), "email"),
        (json!({ "password": OTHER_PASSWORD }), "password"),
        (json!({ "nonsense": 1 }), "nonsense"),
        (json!({ "bio": "x".repeat(501) }), "bio"),
        (json!("bio"), "userData"),
        (json!([]), "userData"),
    ] {
        let email = address("mallory");
        let mut body = credentials(&email, PASSWORD);
        body["userData"] = data;
        refused_for(&app.post(NEW, body), &[field]);
        assert_eq!(app.count(&format!("/api/users?email={email}")), 0, "{field}");
    }
    let email = address("mallory");
    let mut body = credentials(&email, PASSWORD);
    body["bio"] = json!("One");
    body["userData"] = json!({ "bio": "Other" });
    refused_for(&app.post(NEW, body), &["bio"]);
    assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
}

#[test]
fn an_account_of_another_surface_has_the_same_page() {
    let app = app();
    let ada = sign_up(&app, "ada");
    ada.bearer().patch(USER, json!({ "userData": { "bio": "Seen by both" } })).succeeds(200);
    assert_eq!(ada.bearer().get(ME).succeeds(200)["data"]["bio"], "Seen by both");
    let jwt = app.post("/api/auth/login", credentials(&ada.email, PASSWORD)).succeeds(200);
    refused(&app.with_token(jwt["token"].as_str().expect("a token")).get(USER), 401, "UNAUTHORIZED");
}
