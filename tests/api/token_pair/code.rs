//! Verifying an address by the code of a mail, where the method is code.

use std::time::Duration;

use gable::testing::ReceivedMail;
use serde_json::{Value, json};

use super::pair::{NEW, RESEND, address, credentials, refused, refused_for, says, sign_up};
use super::stage::{APP, Coded, Redirecting, Stage};
use crate::harness::{PASSWORD, Reply, app};

const BY_CODE: &str = "/authentication/local/verify-email";

fn code(mail: &ReceivedMail) -> String {
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    mail.text.lines().find(is_code).unwrap_or_else(|| panic!("no code: {mail:?}")).to_owned()
}

/// Six other digits for each number below nine.
fn wrong(code: &str, number: usize) -> String {
    let last: usize = code[5..].parse().expect("a digit");
    format!("{}{}", &code[..5], (last + 1 + number) % 10)
}

fn verify(stage: &Stage, email: &str, code: &str) -> Reply {
    stage.post(BY_CODE, json!({ "email": email, "code": code }))
}

#[track_caller]
fn is_verified(stage: &Stage, user: &str, expected: bool) {
    let counted = stage.number("SELECT count(*) FROM users WHERE is_email_verified AND id = $1", user);
    assert_eq!(counted == 1, expected);
}

#[test]
fn the_code_of_the_mail_verifies_the_address_once() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = sign_up(&stage, "ada");
    let code = code(&stage.mails_to(&ada.email, 1)[0]);
    refused(&verify(&stage, &ada.email, &wrong(&code, 0)), 400, "INVALID_ARGUMENTS");
    is_verified(&stage, &ada.user, false);
    says(&verify(&stage, &ada.email.to_uppercase(), &code), "Email verified");
    is_verified(&stage, &ada.user, true);
    refused(&verify(&stage, &ada.email, &code), 400, "INVALID_ARGUMENTS");
    assert_eq!(stage.events("email_verified", &ada.user), 1);
}

#[test]
fn known_and_unknown_addresses_are_answered_alike_and_guesses_are_counted() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = sign_up(&stage, "ada");
    let code = code(&stage.mails_to(&ada.email, 1)[0]);
    for number in 0..5 {
        let known = verify(&stage, &ada.email, &wrong(&code, number));
        let unknown = verify(&stage, &address("nobody"), &wrong(&code, number));
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes));
        refused(&known, 400, "INVALID_ARGUMENTS");
    }
    refused(&verify(&stage, &ada.email, &code), 400, "INVALID_ARGUMENTS");
    is_verified(&stage, &ada.user, false);
}

#[test]
fn a_code_is_over_after_a_quarter_of_an_hour() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = sign_up(&stage, "ada");
    let code = code(&stage.mails_to(&ada.email, 1)[0]);
    stage.clock.advance(Duration::from_secs(15 * 60));
    refused(&verify(&stage, &ada.email, &code), 400, "INVALID_ARGUMENTS");
    is_verified(&stage, &ada.user, false);
}

#[test]
fn both_the_address_and_the_code_are_required_and_nothing_else_is_taken() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = sign_up(&stage, "ada");
    let code = code(&stage.mails_to(&ada.email, 1)[0]);
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
        refused_for(&stage.post(BY_CODE, body), &[field]);
    }
    refused(&stage.post(&format!("{BY_CODE}?redirectUri=x"), all.clone()), 400, "INVALID_ARGUMENTS");
    is_verified(&stage, &ada.user, false);
    says(&stage.post(BY_CODE, all), "Email verified");
}

#[test]
fn where_codes_are_mailed_a_place_to_lead_to_is_refused_and_nothing_is_sent() {
    let stage = Stage::of::<Coded>(|_| {});
    let email = address("ada");
    let mut body = credentials(&email, PASSWORD);
    body["redirectUri"] = json!(APP);
    refused_for(&stage.post(NEW, body), &["redirectUri"]);
    assert_eq!(stage.rows(&format!("users WHERE email = '{email}'")), 0);
    let ada = sign_up(&stage, "ada");
    stage.clock.advance(Duration::from_secs(61));
    refused_for(&stage.post(RESEND, json!({ "email": ada.email, "redirectUri": APP })), &["redirectUri"]);
    assert_eq!(stage.mails(), 1);
}

#[test]
fn where_links_are_mailed_there_is_no_such_path() {
    let body = json!({ "email": "ada@example.com", "code": "123456" });
    refused(&app().post(BY_CODE, body.clone()), 404, "NOT_FOUND");
    refused(&Stage::of::<Redirecting>(|_| {}).post(BY_CODE, body), 404, "NOT_FOUND");
}
