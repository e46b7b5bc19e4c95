//! Signing up, logging in, and locked or deactivated accounts.

use serde_json::json;

use super::pair::{LOCAL, NEW, Pair, address, credentials, log_in, refused, refused_for, sign_up};
use super::start;
use crate::harness::{App, PASSWORD, app, at_once, statuses};

const WRONG: &str = "Wrong-Horse-7";

#[test]
fn fields_that_an_account_may_not_write_are_refused_at_sign_up() {
    let app = app();
    for (field, value) in [
        ("id", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("_id", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("isSuperUser", json!(true)),
        ("isSuperUser", json!(false)),
        ("isActive", json!(true)),
        ("active", json!(true)),
        ("isEmailVerified", json!(true)),
        ("isVerified", json!(true)),
        ("role", json!("Editor")),
        ("roles", json!([{ "id": "018f3f2e-0000-7000-8000-000000000000" }])),
        ("permissions", json!([])),
        ("passwordHash", json!("$2b$04$x")),
        ("passwordChangedAt", json!("2020-01-01T00:00:00Z")),
        ("lastLoginAt", json!("2020-01-01T00:00:00Z")),
        ("createdAt", json!("2020-01-01T00:00:00Z")),
        ("failedLoginAttempts", json!(-100)),
        ("lockedUntil", json!(null)),
        ("deletedSelfAccountAt", json!(null)),
    ] {
        let email = address("mallory");
        let mut body = credentials(&email, PASSWORD);
        body[field] = value;
        refused_for(&app.post(NEW, body), &[field]);
        assert_eq!(app.count(&format!("/api/users?email={email}")), 0, "{field}");
    }
}

#[test]
fn a_body_with_problems_makes_no_account() {
    let app = app();
    for (email, password, field) in [
        (json!("nonsense"), json!(PASSWORD), "email"),
        (json!(""), json!(PASSWORD), "email"),
        (json!(7), json!(PASSWORD), "email"),
        (json!("eve@example.com\r\nBcc: mallory@example.com"), json!(PASSWORD), "email"),
        (json!(address("eve")), json!("short"), "password"),
        (json!(address("eve")), json!("Password1"), "password"),
        (json!(address("eve")), json!(null), "password"),
        (json!(address("eve")), json!(format!("Aa1{}", "x".repeat(70))), "password"),
    ] {
        let reply = app.post(NEW, json!({ "email": email, "password": password }));
        refused(&reply, 400, "INVALID_ARGUMENTS");
        let problems = reply["errors"].as_array().expect("problems");
        assert!(problems.iter().all(|problem| problem["field"] == field), "{reply:?}");
    }
    assert_eq!(app.count("/api/users?email=nonsense"), 0);
}

#[test]
fn an_address_makes_one_account_however_many_ask_at_once() {
    let app = app();
    let email = address("ada");
    let replies = at_once(8, |_| app.post(NEW, credentials(&email, PASSWORD)));
    assert_eq!(statuses(&replies), [(200, 1), (409, 7)]);
    replies.iter().filter(|reply| reply.status == 409).for_each(|reply| refused(reply, 409, "CONFLICT"));
    assert_eq!(app.count(&format!("/api/users?email={email}")), 1);
    log_in(&app, &email, PASSWORD).access_is_accepted();
}

#[test]
fn only_an_address_and_a_password_log_in() {
    let app = app();
    let ada = app.sign_up("ada");
    for body in [
        json!({}),
        json!({ "email": ada.email }),
        json!({ "password": PASSWORD }),
        json!({ "username": ada.username, "password": PASSWORD }),
        json!({ "email": "", "password": PASSWORD }),
        json!({ "email": ada.email, "password": "" }),
        json!({ "email": ada.email, "password": null }),
        json!({ "email": [ada.email], "password": PASSWORD }),
        json!({ "email": { "$ne": null }, "password": PASSWORD }),
        json!({ "email": ada.email, "password": PASSWORD, "isSuperUser": true }),
        json!({ "email": ada.email, "password": PASSWORD, "remember": true }),
    ] {
        refused(&app.post(LOCAL, body), 400, "INVALID_ARGUMENTS");
    }
    refused(&app.post(LOCAL, credentials(&ada.username, PASSWORD)), 401, "UNAUTHORIZED");
    refused(
        &app.post("/authentication/local?usernameField=email", credentials(&ada.email, PASSWORD)),
        400,
        "INVALID_ARGUMENTS",
    );
    assert_eq!(log_in(&app, &ada.email, PASSWORD).user, ada.id);
}

#[test]
fn after_five_wrong_passwords_even_the_right_one_is_refused_known_or_not() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let unknown_address = address("nobody");
    let changing = ["date", "x-request-id", "access-control-expose-headers"];
    for nth in 1..=7 {
        let known = app.post(LOCAL, credentials(&ada.email, WRONG));
        let unknown = app.post(LOCAL, credentials(&unknown_address, WRONG));
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes), "attempt {nth}");
        assert_eq!(known.headers_but(&changing), unknown.headers_but(&changing));
        let (status, name) = if nth <= 5 { (401, "UNAUTHORIZED") } else { (403, "FORBIDDEN") };
        refused(&known, status, name);
    }
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 403, "FORBIDDEN");
    ada.access_is_accepted();
    ada.renewed().access_is_accepted();
}

#[test]
fn of_many_parallel_wrong_passwords_at_most_five_are_verified() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let replies = at_once(16, |_| app.post(LOCAL, credentials(&ada.email, WRONG)));
    assert_eq!(statuses(&replies), [(401, 5), (403, 11)]);
}

#[test]
fn guesses_here_and_on_the_jwt_surface_are_counted_together() {
    let app = app();
    let ada = sign_up(&app, "ada");
    for number in 0..5 {
        let path = if number % 2 == 0 { LOCAL } else { "/api/auth/login" };
        app.post(path, credentials(&ada.email, WRONG)).succeeds(401);
    }
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 403, "FORBIDDEN");
}

fn suspend(app: &App, pair: &Pair, active: bool) {
    app.super_user().patch(&format!("/api/users/{}", pair.user), json!({ "isActive": active })).succeeds(200);
}

#[test]
fn suspension_ends_a_pair_at_once_and_for_good() {
    let app = app();
    let ada = sign_up(&app, "ada");
    ada.access_is_accepted();
    suspend(&app, &ada, false);
    ada.is_invalid();
    let wrong = app.post(LOCAL, credentials(&ada.email, WRONG));
    let right = app.post(LOCAL, credentials(&ada.email, PASSWORD));
    assert_eq!((right.status, &right.bytes), (wrong.status, &wrong.bytes));
    refused(&right, 401, "UNAUTHORIZED");
    suspend(&app, &ada, true);
    ada.is_invalid();
    log_in(&app, &ada.email, PASSWORD).access_is_accepted();
}

#[test]
fn a_suspended_account_is_not_renewed_within_the_grace_either() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    suspend(&app, &ada, false);
    ada.refresh_is_refused();
    renewed.is_invalid();
}

#[test]
fn a_suspension_and_renewals_at_once_leave_no_log_in() {
    let app = app();
    app.super_user();
    for _ in 0..5 {
        let ada = sign_up(&app, "ada");
        let replies = at_once(6, |number| match number {
            0 => {
                let path = format!("/api/users/{}", ada.user);
                app.super_user().patch(&path, json!({ "isActive": false })).succeeds(200)
            }
            _ => ada.renew(),
        });
        ada.is_invalid();
        for reply in replies.iter().skip(1).filter(|reply| reply.status == 200) {
            Pair::of(&app, &ada.email, reply).is_invalid();
        }
    }
}

#[test]
fn deletion_by_others_or_by_oneself_ends_a_pair_at_once() {
    let app = app();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    app.super_user().delete(&format!("/api/users/{}", ada.user)).succeeds(204);
    ada.is_invalid();
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    bob.bearer().delete(super::pair::ME).succeeds(204);
    bob.is_invalid();
    refused(&app.post(LOCAL, credentials(&bob.email, PASSWORD)), 401, "UNAUTHORIZED");
}

#[test]
fn a_role_that_is_taken_counts_on_the_next_request_and_does_not_come_back_by_renewal() {
    let app = app();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let article = json!({ "title": "A draft", "content": "…" });
    let path = format!("/api/posts/{}", bob.bearer().post("/api/posts", article).succeeds(201).id());
    ada.bearer().get(&path).expect(404, "PostNotFound");
    let given = json!({ "user": { "id": ada.user }, "role": { "id": app.role("Editor") } });
    let given = app.super_user().post("/api/user-roles", given).succeeds(201).id();
    ada.bearer().get(&path).succeeds(200);
    app.super_user().delete(&format!("/api/user-roles/{given}")).succeeds(204);
    ada.bearer().get(&path).expect(404, "PostNotFound");
    let renewed = ada.renewed();
    renewed.access_is_accepted();
    renewed.bearer().get(&path).expect(404, "PostNotFound");
    renewed.bearer().patch(&path, json!({ "title": "Mine now" })).succeeds(404);
    assert_eq!(app.row(&path)["title"], "A draft");
}

#[test]
fn sign_ups_log_ins_and_log_outs_are_recorded_as_events() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    app.post(LOCAL, credentials(&ada.email, WRONG)).succeeds(401);
    ada.log_out();
    let counts: Vec<i64> = ["signed_up", "logged_in", "login_failed", "logged_out"]
        .iter()
        .map(|kind| app.events(kind, &ada.user))
        .collect();
    assert_eq!(counts, [1, 1, 1, 1]);
    let of_pairs = "SELECT count(*) FROM gable_events WHERE surface = 'tokenPair' AND account_id = $1";
    assert_eq!(app.number_of(of_pairs, &ada.user), 4);
}

#[test]
fn a_new_user_is_told_no_secret_and_has_no_privilege() {
    let app = app();
    let reply = app.post(NEW, credentials(&address("ada"), PASSWORD)).succeeds(200);
    let text = String::from_utf8_lossy(&reply.bytes);
    for secret in ["\"password\"", "$2", "failedLoginAttempts", "lockedUntil", "oken"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let user = reply["user"].as_object().expect("a user");
    let granted: Vec<&str> = user.iter().filter(|(_, value)| **value == true).map(|(key, _)| key.as_str()).collect();
    assert_eq!(granted, ["active"]);
}
