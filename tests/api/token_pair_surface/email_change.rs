//! Changing the e-mail address: notification of the old address, invalidated tokens, and required verification.

use std::time::Duration;

use serde_json::json;

use super::pair::{
    CHANGE_EMAIL, FORGOT, LOCAL, NEW, OTHER_PASSWORD, Pair, RESET, VERIFY, address, answers_with, credentials, log_in,
    refused, refused_for, sign_up,
};
use super::start;
use crate::harness::{
    APP, InProcess, PASSWORD, Reply, VerificationRequired, WithRedirects, at_once, link_in, statuses, token_in,
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const CHANGED: &str = "Email changed successfully";
const SENT: &str = "Verification email sent";

fn change(pair: &Pair, new: &str) -> Reply {
    pair.bearer().post(CHANGE_EMAIL, json!({ "newEmail": new }))
}

fn open(app: &InProcess, token: &str) -> Reply {
    app.get(&format!("{VERIFY}/{token}"))
}

/// Asserts the address of an account, and whether it is verified.
#[track_caller]
fn has(app: &InProcess, pair: &Pair, email: &str, verified: bool) {
    let row = pair.bearer().get(super::pair::ME).succeeds(200);
    assert_eq!((&row["data"]["email"], &row["data"]["isEmailVerified"]), (&json!(email), &json!(verified)));
    assert_eq!(log_in(app, email, PASSWORD).user, pair.user);
}

/// Makes an account with a verified address, where verification is required.
#[track_caller]
fn verified(app: &InProcess, name: &str) -> Pair {
    let email = address(name);
    app.post(NEW, credentials(&email, PASSWORD)).succeeds(200);
    open(app, &token_in(&app.mails_to(&email, 1)[0])).succeeds(200);
    log_in(app, &email, PASSWORD)
}

#[test]
fn an_address_changes_at_once_and_is_to_be_verified_anew() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    open(&app, &token_in(&app.mails_to(&ada.email, 1)[0])).succeeds(200);
    has(&app, &ada, &ada.email, true);
    let new = address("ada");
    answers_with(&change(&ada, &new), CHANGED);
    has(&app, &ada, &new, false);
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    let notice = &app.mails_to(&ada.email, 2)[1];
    assert!(notice.subject.contains("has changed") && notice.text.contains(&new), "{notice:?}");
    assert!(!notice.text.contains("http"), "the old address gets no link: {}", notice.text);
    answers_with(&open(&app, &token_in(&app.mails_to(&new, 1)[0])), "Email verified");
    has(&app, &ada, &new, true);
    ada.renewed().access_is_accepted();
}

#[test]
fn what_was_sent_to_the_old_address_is_void() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let verification = token_in(&app.mails_to(&ada.email, 1)[0]);
    app.post(FORGOT, json!({ "email": ada.email })).succeeds(200);
    let reset = token_in(&app.mails_to(&ada.email, 2)[1]);
    let new = address("ada");
    answers_with(&change(&ada, &new), CHANGED);
    refused(&open(&app, &verification), 404, "NOT_FOUND");
    let body = json!({ "passwordResetToken": reset, "password": OTHER_PASSWORD });
    refused(&app.post(RESET, body), 400, "INVALID_ARGUMENTS");
    has(&app, &ada, &new, false);
}

#[test]
fn an_address_that_somebody_has_is_refused() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    refused(&change(&ada, &bob.email), 409, "CONFLICT");
    has(&app, &ada, &ada.email, false);
    assert_eq!(log_in(&app, &bob.email, PASSWORD).user, bob.user);
    assert_eq!(app.mails(), 2, "no mail about a change that did not happen");
}

#[test]
fn one_of_many_who_want_an_address_at_once_gets_it() {
    let app = start::<api::Api>();
    let all: Vec<Pair> = (0..5).map(|_| sign_up(&app, "ada")).collect();
    let new = address("wanted");
    let replies = at_once(5, |number| change(&all[number], &new));
    assert_eq!(statuses(&replies), [(200, 1), (409, 4)]);
    assert_eq!(app.rows(&format!("users WHERE email = '{new}'")), 1);
}

#[test]
fn what_is_no_address_is_refused_and_changes_nothing() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    app.mails_to(&ada.email, 1);
    for new in [
        "nonsense",
        "",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: eve@example.com",
        "a@example.com\nBcc: eve@example.com",
        "a\r\n@example.com",
        "a@example.com\u{0}",
        "Ada <a@example.com>",
        "a b@example.com",
        "@example.com",
        "a@",
        "a@-.example",
    ] {
        refused_for(&change(&ada, new), &["newEmail"]);
    }
    for body in
        [json!({}), json!({ "newEmail": null }), json!({ "newEmail": 7 }), json!({ "newEmail": ["a@b.example"] })]
    {
        refused_for(&ada.bearer().post(CHANGE_EMAIL, body), &["newEmail"]);
    }
    for more in ["isEmailVerified", "email", "password", "isSuperUser", "id"] {
        refused_for(&ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("x"), more: true })), &[more]);
    }
    refused(&app.post(CHANGE_EMAIL, json!({ "newEmail": address("x") })), 401, "UNAUTHORIZED");
    refused_for(
        &ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("x"), "redirectUri": "https://evil.example" })),
        &["redirectUri"],
    );
    has(&app, &ada, &ada.email, false);
    assert_eq!(app.mails(), 1);
}

#[test]
fn where_addresses_are_verified_the_new_one_is_confirmed_first() {
    let app = start::<VerificationRequired>();
    let ada = verified(&app, "ada");
    let new = address("ada");
    answers_with(&change(&ada, &new), SENT);
    has(&app, &ada, &ada.email, true);
    refused(&app.post(LOCAL, credentials(&new, PASSWORD)), 401, "UNAUTHORIZED");
    let token = token_in(&app.mails_to(&new, 1)[0]);
    answers_with(&open(&app, &token), "Email verified");
    has(&app, &ada, &new, true);
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    assert!(app.mails_to(&ada.email, 2)[1].text.contains(&new), "the old address is notified");
    answers_with(&open(&app, &token), "Email verified");
    assert_eq!(app.mails(), 3);
}

#[test]
fn an_address_that_was_taken_meanwhile_is_not_taken_from_its_owner() {
    let app = start::<VerificationRequired>();
    let ada = verified(&app, "ada");
    let wanted = address("wanted");
    answers_with(&change(&ada, &wanted), SENT);
    let token = token_in(&app.mails_to(&wanted, 1)[0]);
    app.post(NEW, credentials(&wanted, PASSWORD)).succeeds(200);
    let refusal = open(&app, &token);
    refused(&refusal, 409, "CONFLICT");
    assert_eq!(refusal.header("Location"), None);
    has(&app, &ada, &ada.email, true);
    assert_eq!(app.rows(&format!("users WHERE email = '{wanted}'")), 1);
    assert_eq!(app.rows("users WHERE is_email_verified"), 1, "the link was not for the other account");
}

#[test]
fn an_address_that_somebody_has_is_refused_before_a_mail_is_sent() {
    let app = start::<VerificationRequired>();
    let (ada, bob) = (verified(&app, "ada"), verified(&app, "bob"));
    let mails = app.mails();
    refused(&change(&ada, &bob.email), 409, "CONFLICT");
    assert_eq!((app.mails(), app.rows("gable_tokens WHERE used_at IS NULL")), (mails, 0));
    has(&app, &ada, &ada.email, true);
}

#[test]
fn a_newer_request_voids_the_older_and_each_expires_after_a_day() {
    let app = start::<VerificationRequired>();
    let ada = verified(&app, "ada");
    let (first, second) = (address("first"), address("second"));
    answers_with(&change(&ada, &first), SENT);
    let older = token_in(&app.mails_to(&first, 1)[0]);
    answers_with(&change(&ada, &second), SENT);
    let newer = token_in(&app.mails_to(&second, 1)[0]);
    refused(&open(&app, &older), 404, "NOT_FOUND");
    app.clock.advance(24 * HOUR);
    refused(&open(&app, &newer), 404, "NOT_FOUND");
    assert_eq!(app.rows(&format!("users WHERE email = '{}'", ada.email)), 1);
}

#[test]
fn a_suspended_account_cannot_change_its_address() {
    let app = start::<VerificationRequired>();
    let ada = verified(&app, "ada");
    let new = address("ada");
    answers_with(&change(&ada, &new), SENT);
    let token = token_in(&app.mails_to(&new, 1)[0]);
    app.change_account("UPDATE users SET is_active = FALSE WHERE id = $1", &ada.user);
    refused(&open(&app, &token), 404, "NOT_FOUND");
    assert_eq!(app.rows(&format!("users WHERE email = '{}'", ada.email)), 1);
}

#[test]
fn a_new_password_voids_a_change_of_address_that_waits() {
    let app = start::<VerificationRequired>();
    let ada = verified(&app, "ada");
    let new = address("mallory");
    answers_with(&change(&ada, &new), SENT);
    let token = token_in(&app.mails_to(&new, 1)[0]);
    let body = json!({ "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD });
    ada.bearer().post(super::pair::CHANGE_PASSWORD, body).succeeds(200);
    refused(&open(&app, &token), 404, "NOT_FOUND");
    log_in(&app, &ada.email, OTHER_PASSWORD).access_is_accepted();
}

#[test]
fn the_mail_leads_to_the_page_that_was_asked_for() {
    let app = start::<WithRedirects>();
    let ada = sign_up(&app, "ada");
    let new = address("ada");
    let body = json!({ "newEmail": new, "redirectUri": APP });
    answers_with(&ada.bearer().post(CHANGE_EMAIL, body), CHANGED);
    let link = link_in(&app.mails_to(&new, 1)[0]);
    let path = link.strip_prefix(&app.url()).expect("a link to the application");
    assert_eq!(app.get(path).succeeds(302).header("Location"), Some(APP));
}

#[test]
fn the_address_that_an_account_has_is_refused_and_nothing_is_sent() {
    for app in [start::<api::Api>(), start::<VerificationRequired>()] {
        let ada = verified(&app, "ada");
        let mails = app.mails();
        for own in [ada.email.clone(), ada.email.to_uppercase(), format!(" {} ", ada.email)] {
            refused_for(&change(&ada, &own), &["newEmail"]);
        }
        assert_eq!(app.mails(), mails);
        assert_eq!(app.events("email_change_requested", &ada.user), 0);
        has(&app, &ada, &ada.email, true);
    }
}

#[test]
fn a_confirmation_that_is_opened_again_leads_to_the_same_place_and_changes_nothing() {
    let app = start::<VerificationRequired>();
    let ada = verified(&app, "ada");
    let new = address("ada");
    answers_with(&change(&ada, &new), SENT);
    let token = token_in(&app.mails_to(&new, 1)[0]);
    answers_with(&open(&app, &token), "Email verified");
    let events = app.events("email_verified", &ada.user);
    answers_with(&open(&app, &token), "Email verified");
    assert_eq!((app.events("email_verified", &ada.user), app.events("email_changed", &ada.user)), (events, 1));
    has(&app, &ada, &new, true);
}
