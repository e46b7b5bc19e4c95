//! Changing the password: the log-ins that it ends, and the limits of a stolen token.

use serde_json::{Value, json};

use super::pair::{
    CHANGE_PASSWORD, LOCAL, ME, OTHER_PASSWORD, Pair, answers_with, credentials, log_in, refused, refused_for, sign_up,
};
use crate::harness::{Client, PASSWORD, app, at_once};

const WRONG: &str = "Wrong-Horse-7";

fn passwords(old: &str, new: &str) -> Value {
    json!({ "oldPassword": old, "newPassword": new })
}

#[track_caller]
fn change(pair: &Pair) {
    answers_with(
        &pair.bearer().post(CHANGE_PASSWORD, passwords(PASSWORD, OTHER_PASSWORD)),
        "Password changed successfully",
    );
}

/// Asserts that the password did not change.
#[track_caller]
fn password_is_still_the_old_one(client: &Client, pair: &Pair) {
    log_in(client, &pair.email, PASSWORD);
    refused(&client.post(LOCAL, credentials(&pair.email, OTHER_PASSWORD)), 401, "UNAUTHORIZED");
}

#[test]
fn the_pair_that_changed_the_password_remains_valid() {
    let app = app();
    let ada = sign_up(&app, "ada").renewed();
    change(&ada);
    ada.access_is_accepted();
    let renewed = ada.renewed();
    renewed.access_is_accepted();
    ada.access_is_refused();
}

#[test]
fn every_other_log_in_of_the_account_ends() {
    let app = app();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let other = log_in(&app, &ada.email, PASSWORD);
    let jwt = app.log_in(&ada.email, PASSWORD);
    let session = app.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200);
    let cookie =
        session.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a session").to_owned();
    let by_session = || app.request("GET", "/auth/me").header("Cookie", &cookie).send();
    by_session().succeeds(200);
    jwt.get(ME).succeeds(200);
    change(&ada);
    other.is_invalid();
    jwt.get(ME).expect(401, "PasswordChanged");
    by_session().succeeds(401);
    bob.access_is_accepted();
    ada.access_is_accepted();
}

#[test]
fn a_wrong_old_password_is_refused_and_changes_nothing() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let other = log_in(&app, &ada.email, PASSWORD);
    refused(&ada.bearer().post(CHANGE_PASSWORD, passwords(WRONG, OTHER_PASSWORD)), 401, "UNAUTHORIZED");
    other.access_is_accepted();
    ada.access_is_accepted();
    password_is_still_the_old_one(&app, &ada);
}

#[test]
fn guesses_at_the_old_password_are_counted_like_log_ins() {
    let app = app();
    let ada = sign_up(&app, "ada");
    for number in 0..5 {
        match number % 2 {
            0 => refused(&ada.bearer().post(CHANGE_PASSWORD, passwords(WRONG, OTHER_PASSWORD)), 401, "UNAUTHORIZED"),
            _ => refused(&app.post(LOCAL, credentials(&ada.email, WRONG)), 401, "UNAUTHORIZED"),
        }
    }
    refused(&ada.bearer().post(CHANGE_PASSWORD, passwords(PASSWORD, OTHER_PASSWORD)), 403, "FORBIDDEN");
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 403, "FORBIDDEN");
    app.post("/api/auth/login", credentials(&ada.email, PASSWORD)).expect(423, "AccountLocked");
    ada.access_is_accepted();
    ada.renewed().access_is_accepted();
}

#[test]
fn of_many_parallel_guesses_at_the_old_password_five_are_verified() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let replies = at_once(16, |_| ada.bearer().post(CHANGE_PASSWORD, passwords(WRONG, OTHER_PASSWORD)));
    assert_eq!(crate::harness::statuses(&replies), [(401, 5), (403, 11)]);
}

#[test]
fn a_body_with_problems_names_them_and_changes_nothing() {
    let app = app();
    let ada = sign_up(&app, "ada");
    for (body, fields) in [
        (json!({}), &["oldPassword", "newPassword"][..]),
        (json!({ "oldPassword": PASSWORD }), &["newPassword"]),
        (json!({ "newPassword": OTHER_PASSWORD }), &["oldPassword"]),
        (json!({ "currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD }), &["oldPassword"]),
        (json!({ "oldPassword": 7, "newPassword": [OTHER_PASSWORD] }), &["oldPassword", "newPassword"]),
        (json!({ "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD, "email": "x" }), &["email"]),
        (json!({ "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD, "isSuperUser": true }), &["isSuperUser"]),
        (passwords(PASSWORD, PASSWORD), &["newPassword"]),
        (passwords(PASSWORD, "Sh0rt"), &["newPassword"]),
        (passwords(PASSWORD, &format!("Aa1{}", "x".repeat(70))), &["newPassword"]),
        (passwords(PASSWORD, &format!("{OTHER_PASSWORD}\u{0}")), &["newPassword"]),
        (passwords(WRONG, "Password1"), &["newPassword"]),
    ] {
        let reply = ada.bearer().post(CHANGE_PASSWORD, body);
        refused_for(&reply, fields);
    }
    refused(&app.post(CHANGE_PASSWORD, passwords(PASSWORD, OTHER_PASSWORD)), 401, "UNAUTHORIZED");
    password_is_still_the_old_one(&app, &ada);
    ada.access_is_accepted();
}

#[test]
fn two_changes_at_once_are_one_after_another() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let new = |number: usize| format!("Another-Horse-{number}");
    let replies = at_once(4, |number| ada.bearer().post(CHANGE_PASSWORD, passwords(PASSWORD, &new(number))));
    let changed: Vec<usize> = (0..4).filter(|number| replies[*number].status == 200).collect();
    assert_eq!(changed.len(), 1, "{replies:?}");
    // Before the wrong passwords, because those of the changes may count as failed attempts too.
    log_in(&app, &ada.email, &new(changed[0]));
    for (number, reply) in replies.iter().enumerate().filter(|(number, _)| *number != changed[0]) {
        match reply.status {
            401 => refused(reply, 401, "UNAUTHORIZED"),
            _ => refused(reply, 409, "CONFLICT"),
        }
        refused(&app.post(LOCAL, credentials(&ada.email, &new(number))), 401, "UNAUTHORIZED");
    }
    ada.access_is_accepted();
}

#[test]
fn a_password_that_was_changed_on_the_jwt_surface_ends_other_pairs() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let jwt = app.log_in(&ada.email, PASSWORD);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD });
    jwt.post("/api/auth/update-password", body).succeeds(200);
    ada.is_invalid();
}

#[test]
fn a_pair_that_changes_the_password_on_the_jwt_surface_remains_valid() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let other = log_in(&app, &ada.email, PASSWORD);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD });
    ada.bearer().post("/api/auth/update-password", body).succeeds(200);
    other.is_invalid();
    ada.access_is_accepted();
    ada.renewed().access_is_accepted();
}
