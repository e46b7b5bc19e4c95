//! The examples of the reference page: status, message, envelope and cookie.

use serde_json::{Value, json};

use super::{
    NEW, Visitor, WRONG, change_password, fields, is_logged_out, log_in, refused, register, sid, succeeds_with,
    try_log_in,
};
use crate::harness::{PASSWORD, Reply, Setup, app, unique};

/// The attributes of the cookie in an answer, without its name and value.
fn attributes(reply: &Reply) -> Vec<&str> {
    let cookie = reply.header("Set-Cookie").unwrap_or_else(|| panic!("no cookie: {reply:?}"));
    let mut attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

const SET: [&str; 5] = ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax", "Secure"];

/// The answer without the values that differ from run to run, whose form is asserted.
fn user(reply: &Reply) -> Value {
    let mut user = reply["data"]["user"].clone();
    let id = user["_id"].take();
    assert!(id.as_str().is_some_and(|id| uuid::Uuid::try_parse(id).is_ok()), "{reply:?}");
    for time in ["createdAt", "updatedAt"] {
        let taken = user[time].take();
        let text = taken.as_str().unwrap_or_else(|| panic!("{time} in {reply:?}"));
        assert!(text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.', "{text}");
    }
    user
}

#[test]
fn registering_answers_as_the_page_shows_and_logs_in() {
    let app = app();
    let email = format!("{}@example.com", unique("ada"));
    let reply = app.post("/auth/register", json!({ "email": email, "password": PASSWORD })).succeeds(201);
    assert_eq!((&reply["success"], &reply["message"]), (&json!(true), &json!("Registration successful")));
    let user = user(&reply);
    assert_eq!(
        (&user["email"], &user["isEmailVerified"], &user["failedLoginAttempts"]),
        (&json!(email), &json!(false), &json!(0))
    );
    assert_eq!(attributes(&reply), SET);
    let ada = Visitor::of(&app, &reply);
    assert_eq!(ada.get("/auth/me").succeeds(200)["data"]["user"]["email"], email);
}

#[test]
fn an_account_never_shows_a_secret_or_fields_that_only_registering_shows() {
    let app = app();
    let ada = register(&app, "ada");
    let replies = [
        ada.get("/auth/me").succeeds(200),
        ada.patch("/auth/me", json!({ "fullName": "Ada" })).succeeds(200),
        try_log_in(&app, &ada.email, PASSWORD).succeeds(200),
    ];
    for reply in replies {
        let user = reply["data"]["user"].as_object().expect("an account");
        for hidden in ["password", "failedLoginAttempts", "lockedUntil", "id"] {
            assert!(!user.contains_key(hidden), "{hidden} in {reply:?}");
        }
        assert_eq!(reply.json.as_object().map(serde_json::Map::len), Some(3), "{reply:?}");
    }
}

#[test]
fn the_enabled_names_may_be_given_when_registering_and_logged_in_with() {
    let app = app();
    let username = unique("ada");
    let body = json!({
        "email": format!("{username}@example.com"), "password": PASSWORD, "username": username,
        "fullName": "Ada Lovelace", "firstName": "Ada", "lastName": "Lovelace",
    });
    let made = app.post("/auth/register", body).succeeds(201);
    let expected = json!([username, "Ada Lovelace", "Ada", "Lovelace"]);
    let names = ["username", "fullName", "firstName", "lastName"];
    let named = |reply: &Reply| names.map(|name| reply["data"]["user"][name].clone());
    assert_eq!(json!(named(&made)), expected);
    assert_eq!(json!(named(&try_log_in(&app, &username, PASSWORD).succeeds(200))), expected);
}

#[test]
fn registering_with_a_taken_name_is_a_conflict_and_makes_nothing() {
    let app = app();
    let ada = register(&app, "ada");
    let body = json!({ "email": ada.email.to_uppercase(), "password": NEW, "fullName": "Eve" });
    let reply = refused(app.post("/auth/register", body), 409, "CONFLICT");
    assert_eq!((reply.header("Set-Cookie"), &reply["error"]["details"]), (None, &json!([])));
    assert_eq!(app.count(&format!("/api/users?email={}", ada.email)), 1);
    log_in(&app, &ada.email);
}

#[test]
fn problems_of_a_registration_are_reported_by_field() {
    let app = app();
    let reply = refused(app.post("/auth/register", json!({})), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["email", "password"]);
    let body = json!({ "email": "not an address", "password": "short", "age": 7 });
    let reply = refused(app.post("/auth/register", body), 400, "VALIDATION_ERROR");
    for field in ["email", "password", "age"] {
        assert!(fields(&reply).contains(&field), "{field} in {reply:?}");
    }
    let long = json!({ "email": format!("{}@example.com", "a".repeat(250)), "password": PASSWORD });
    let reply = refused(app.post("/auth/register", long), 400, "VALIDATION_ERROR");
    assert!(fields(&reply).iter().all(|field| *field == "email"), "{reply:?}");
}

#[test]
fn logging_in_answers_as_the_page_shows() {
    let app = app();
    let ada = register(&app, "ada");
    let reply = try_log_in(&app, &ada.email, PASSWORD).succeeds(200);
    assert_eq!((&reply["success"], &reply["message"]), (&json!(true), &json!("Login successful")));
    assert_eq!((&user(&reply)["email"], &user(&reply)["isEmailVerified"]), (&json!(ada.email), &json!(false)));
    assert_eq!(attributes(&reply), SET);
    let sid = sid(&reply);
    assert!(sid.len() == 64 && sid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{sid}");
    assert_ne!(sid, ada.sid);
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let app = app();
    let ada = register(&app, "ada");
    let wrong = refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS");
    let unknown = refused(try_log_in(&app, "nobody-at-all@example.com", WRONG), 401, "INVALID_CREDENTIALS");
    assert_eq!(wrong.bytes, unknown.bytes);
    assert_eq!(wrong.headers_but(&super::CHANGING), unknown.headers_but(&super::CHANGING));
    assert_eq!(wrong.header("Set-Cookie"), None);
}

#[test]
fn a_log_in_without_a_field_names_it() {
    let app = app();
    for (body, missing) in [
        (json!({}), vec!["identifier", "password"]),
        (json!({ "identifier": "ada@example.com" }), vec!["password"]),
        (json!({ "identifier": "", "password": PASSWORD }), vec!["identifier"]),
        (json!({ "identifier": null, "password": null }), vec!["identifier", "password"]),
        (json!({ "identifier": { "$ne": "" }, "password": PASSWORD }), vec!["identifier"]),
        (json!({ "identifier": "ada@example.com", "password": PASSWORD, "remember": true }), vec!["remember"]),
    ] {
        let reply = refused(app.post("/auth/login", body), 400, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), missing, "{reply:?}");
    }
}

#[test]
fn logging_out_clears_the_cookie_and_ends_the_session() {
    let app = app();
    for path in ["/auth/logout", "/auth/logout-all"] {
        let ada = register(&app, "ada");
        let reply = ada.request("POST", path).send();
        succeeds_with(&reply, "Logged out successfully");
        assert_eq!(sid(&reply), "");
        let cleared = attributes(&reply);
        for attribute in ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax", "Secure"] {
            assert!(cleared.contains(&attribute), "{attribute} in {cleared:?}");
        }
        is_logged_out(&ada);
        refused(ada.request("POST", path).send(), 401, "UNAUTHORIZED");
        refused(app.request("POST", path).send(), 401, "UNAUTHORIZED");
    }
}

#[test]
fn the_own_profile_is_answered_as_the_page_shows() {
    let app = app();
    let ada = register(&app, "ada");
    let reply = ada.get("/auth/me").succeeds(200);
    assert_eq!((&reply["success"], &reply["message"]), (&json!(true), &json!("Profile retrieved successfully")));
    let user = user(&reply);
    assert_eq!((&user["email"], &user["isEmailVerified"]), (&json!(ada.email), &json!(false)));
    refused(app.get("/auth/me"), 401, "UNAUTHORIZED");
}

#[test]
fn the_own_profile_is_changed_as_the_page_shows() {
    let app = app();
    let ada = register(&app, "ada");
    let body = json!({ "fullName": "John Doe", "firstName": "John", "lastName": "Doe", "username": unique("john") });
    let reply = ada.patch("/auth/me", body.clone()).succeeds(200);
    assert_eq!((&reply["success"], &reply["message"]), (&json!(true), &json!("Profile updated successfully")));
    let shown = ada.get("/auth/me").succeeds(200);
    for (field, value) in body.as_object().expect("an object") {
        assert_eq!((&reply["data"]["user"][field], &shown["data"]["user"][field]), (value, value));
    }
    let bob = register(&app, "bob");
    refused(bob.patch("/auth/me", json!({ "username": body["username"] })), 409, "CONFLICT");
    let reply = refused(bob.patch("/auth/me", json!({ "fullName": 7, "username": "a b" })), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["username", "fullName"]);
    assert_eq!(bob.get("/auth/me")["data"]["user"]["username"], Value::Null);
    refused(app.patch("/auth/me", json!({ "fullName": "Nobody" })), 401, "UNAUTHORIZED");
}

#[test]
fn the_password_is_changed_as_the_page_shows() {
    let app = app();
    let ada = register(&app, "ada");
    let elsewhere = log_in(&app, &ada.email);
    succeeds_with(&change_password(&ada, PASSWORD, NEW), "Password changed successfully");
    ada.get("/auth/me").succeeds(200);
    is_logged_out(&elsewhere);
    refused(try_log_in(&app, &ada.email, PASSWORD), 401, "INVALID_CREDENTIALS");
    try_log_in(&app, &ada.email, NEW).succeeds(200);
}

#[test]
fn an_invalid_change_of_password_changes_nothing() {
    let app = app();
    let ada = register(&app, "ada");
    let elsewhere = log_in(&app, &ada.email);
    for (body, field) in [
        (json!({ "newPassword": NEW }), "currentPassword"),
        (json!({ "currentPassword": PASSWORD }), "newPassword"),
        (json!({ "currentPassword": PASSWORD, "newPassword": "short" }), "newPassword"),
        (json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD }), "newPassword"),
        (json!({ "currentPassword": PASSWORD, "newPassword": format!("A1{}", "a".repeat(71)) }), "newPassword"),
        (json!({ "currentPassword": PASSWORD, "newPassword": NEW, "role": "Editor" }), "role"),
    ] {
        let reply = refused(ada.post("/auth/change-password", body), 400, "VALIDATION_ERROR");
        assert!(fields(&reply).contains(&field), "{field} in {reply:?}");
    }
    refused(change_password(&ada, WRONG, NEW), 401, "INVALID_CREDENTIALS");
    refused(change_password(&app, PASSWORD, NEW), 401, "UNAUTHORIZED");
    elsewhere.get("/auth/me").succeeds(200);
    log_in(&app, &ada.email);
}

#[test]
fn without_tls_in_development_the_cookie_is_not_secure() {
    let app = Setup::new().with("GABLE_INSECURE_COOKIES", "1").spawn();
    let email = format!("{}@example.com", unique("ada"));
    let reply = app.post("/auth/register", json!({ "email": email, "password": PASSWORD })).succeeds(201);
    assert_eq!(attributes(&reply), SET[..4]);
    let out = Visitor::of(&app, &reply).request("POST", "/auth/logout").send();
    assert!(!attributes(&out).contains(&"Secure"), "{:?}", attributes(&out));
}
