//! Fields that an account may not set for itself, neither at registration nor later.

use serde_json::{Value, json};

use super::{fields, refused, register, try_log_in};
use crate::harness::{PASSWORD, app, unique};

/// Fields that an attacker would set, with their values.
fn forbidden() -> Vec<(&'static str, Value)> {
    let far = json!("2999-01-01T00:00:00.000Z");
    vec![
        ("id", json!("00000000-0000-7000-8000-000000000000")),
        ("_id", json!("00000000-0000-7000-8000-000000000000")),
        ("isSuperUser", json!(true)),
        ("isStaff", json!(true)),
        ("isActive", json!(false)),
        ("isEmailVerified", json!(true)),
        ("role", json!("Editor")),
        ("roles", json!(["Editor"])),
        ("roles", json!([{ "role": { "name": "Editor" } }])),
        ("permissions", json!([])),
        ("lockedUntil", json!(null)),
        ("lockedUntil", far.clone()),
        ("failedLoginAttempts", json!(0)),
        ("failedLoginAttempts", json!(-100)),
        ("passwordChangedAt", far.clone()),
        ("lastLoginAt", far.clone()),
        ("deletedSelfAccountAt", json!(null)),
        ("deletedAt", far.clone()),
        ("createdAt", far.clone()),
        ("updatedAt", far),
        ("passwordHash", json!("$2b$04$abcdefghijklmnopqrstuv")),
        ("is_super_user", json!(true)),
        ("__proto__", json!({ "isSuperUser": true })),
    ]
}

#[test]
fn a_registration_cannot_set_protected_fields() {
    let app = app();
    for (field, value) in forbidden() {
        let email = format!("{}@example.com", unique("eve"));
        let body = json!({ "email": email, "password": PASSWORD, field: value });
        let reply = refused(app.post("/auth/register", body), 400, "VALIDATION_ERROR");
        assert_eq!((fields(&reply), reply.header("Set-Cookie")), (vec![field], None), "{reply:?}");
        assert_eq!(app.count(&format!("/api/users?email={email}")), 0, "{field}");
    }
}

#[test]
fn an_account_cannot_change_protected_fields() {
    let app = app();
    let ada = register(&app, "ada");
    let row = || app.row(&format!("/api/users/{}", ada.id));
    let before = row();
    let more = [("email", json!("mine@example.com")), ("password", json!("Another-Horse-7"))];
    for (field, value) in forbidden().into_iter().chain(more) {
        for body in [json!({ field: value }), json!({ field: value, "fullName": "Eve" })] {
            let reply = refused(ada.patch("/auth/me", body), 400, "VALIDATION_ERROR");
            assert!(fields(&reply).contains(&field), "{reply:?}");
            assert_eq!(row(), before, "{field}");
        }
    }
    try_log_in(&app, &ada.email, PASSWORD).succeeds(200);
}

#[test]
fn an_own_profile_is_the_only_one_that_changes() {
    let app = app();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    let before = app.row(&format!("/api/users/{}", bob.id));
    refused(ada.patch(&format!("/auth/me?id={}", bob.id), json!({ "fullName": "Eve" })), 400, "VALIDATION_ERROR");
    refused(ada.patch(&format!("/auth/me/{}", bob.id), json!({ "fullName": "Eve" })), 404, "NOT_FOUND");
    ada.patch("/auth/me", json!({ "fullName": "Ada" })).succeeds(200);
    assert_eq!(app.row(&format!("/api/users/{}", bob.id)), before);
}
