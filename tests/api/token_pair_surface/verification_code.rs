//! Verifying an address by the code in a mail.

use std::time::Duration;

use serde_json::{Value, json};

use super::pair::{NEW, RESEND, address, answers_with, credentials, refused, refused_for, sign_up};
use super::start;
use crate::harness::{APP, CodeAndRedirects, InProcess, PASSWORD, Reply, WithRedirects, app, code_in, wrong_code};

const BY_CODE: &str = "/authentication/local/verify-email";

fn verify(app: &InProcess, email: &str, code: &str) -> Reply {
    app.post(BY_CODE, json!({ "email": email, "code": code }))
}

#[track_caller]
fn is_verified(app: &InProcess, user: &str, expected: bool) {
    let counted = app.number_of("SELECT count(*) FROM users WHERE is_email_verified AND id = $1", user);
    assert_eq!(counted == 1, expected);
}

#[test]
fn the_code_of_the_mail_verifies_the_address_once() {
    let app = start::<CodeAndRedirects>();
    let ada = sign_up(&app, "ada");
    let code = code_in(&app.mails_to(&ada.email, 1)[0]);
    refused(&verify(&app, &ada.email, &wrong_code(&code, 0)), 400, "INVALID_ARGUMENTS");
    is_verified(&app, &ada.user, false);
    answers_with(&verify(&app, &ada.email.to_uppercase(), &code), "Email verified");
    is_verified(&app, &ada.user, true);
    refused(&verify(&app, &ada.email, &code), 400, "INVALID_ARGUMENTS");
    assert_eq!(app.events("email_verified", &ada.user), 1);
}

#[test]
fn known_and_unknown_addresses_are_answered_alike_and_guesses_are_counted() {
    let app = start::<CodeAndRedirects>();
    let ada = sign_up(&app, "ada");
    let code = code_in(&app.mails_to(&ada.email, 1)[0]);
    for number in 0..5 {
        let known = verify(&app, &ada.email, &wrong_code(&code, number));
        let unknown = verify(&app, &address("nobody"), &wrong_code(&code, number));
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes));
        refused(&known, 400, "INVALID_ARGUMENTS");
    }
    refused(&verify(&app, &ada.email, &code), 400, "INVALID_ARGUMENTS");
    is_verified(&app, &ada.user, false);
}

#[test]
fn a_code_is_over_after_a_quarter_of_an_hour() {
    let app = start::<CodeAndRedirects>();
    let ada = sign_up(&app, "ada");
    let code = code_in(&app.mails_to(&ada.email, 1)[0]);
    app.clock.advance(Duration::from_secs(15 * 60));
    refused(&verify(&app, &ada.email, &code), 400, "INVALID_ARGUMENTS");
    is_verified(&app, &ada.user, false);
}

#[test]
fn both_the_address_and_the_code_are_required_and_nothing_else_is_taken() {
    let app = start::<CodeAndRedirects>();
    let ada = sign_up(&app, "ada");
    let code = code_in(&app.mails_to(&ada.email, 1)[0]);
    let all = json!({ "email": ada.email, "code": code });
    let with = |key: &str, value: Value| {
        let mut body = all.clone();
        body[key] = value;
        body
    };
    for (body, field) in [
        (json!({ "code": code }), "email"),
        (json!({ "email": ada.email }), "code"),
        (with("code", json!(123_456)), "code"),
        (with("email", json!([ada.email])), "email"),
        (with("redirectUri", json!(APP)), "redirectUri"),
    ] {
        refused_for(&app.post(BY_CODE, body), &[field]);
    }
    refused(&app.post(&format!("{BY_CODE}?redirectUri=x"), all.clone()), 400, "INVALID_ARGUMENTS");
    is_verified(&app, &ada.user, false);
    answers_with(&app.post(BY_CODE, all), "Email verified");
}

#[test]
fn where_codes_are_mailed_a_place_to_lead_to_is_refused_and_nothing_is_sent() {
    let app = start::<CodeAndRedirects>();
    let email = address("ada");
    let mut body = credentials(&email, PASSWORD);
    body["redirectUri"] = json!(APP);
    refused_for(&app.post(NEW, body), &["redirectUri"]);
    assert_eq!(app.rows(&format!("users WHERE email = '{email}'")), 0);
    let ada = sign_up(&app, "ada");
    app.clock.advance(Duration::from_secs(61));
    refused_for(&app.post(RESEND, json!({ "email": ada.email, "redirectUri": APP })), &["redirectUri"]);
    assert_eq!(app.mails(), 1);
}

#[test]
fn where_links_are_mailed_there_is_no_such_path() {
    let body = json!({ "email": "ada@example.com", "code": "123456" });
    refused(&app().post(BY_CODE, body.clone()), 404, "NOT_FOUND");
    refused(&start::<WithRedirects>().post(BY_CODE, body), 404, "NOT_FOUND");
}
