//! Verifying an e-mail address by link or by code, optional or required.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use uuid::Uuid;

use super::forgotten_password::reset;
use super::{HOUR, MINUTE, NEW, SECOND, Visitor, fields, log_in, refused, register, succeeds_with, try_log_in};
use crate::harness::{
    Client, InProcess, PASSWORD, Reply, SessionOnly, VerificationByCode, VerificationRequired, at_once, code_in,
    statuses, token_in, wrong_code,
};

const DONE: &str = "Email verified successfully";
const RESENT: &str = "If the account exists and is not verified, a verification email has been sent";

fn by_token(client: &Client, token: &str) -> Reply {
    client.post("/auth/verify-email", json!({ "token": token }))
}

fn by_code(client: &Client, email: &str, code: &str) -> Reply {
    client.post("/auth/verify-email", json!({ "email": email, "code": code }))
}

fn resend(client: &Client, email: &str) -> Reply {
    client.post("/auth/resend-verification", json!({ "email": email }))
}

fn is_verified(visitor: &Visitor) -> bool {
    visitor.get("/auth/me").succeeds(200)["data"]["user"]["isEmailVerified"].as_bool().expect("true or false")
}

/// The HMAC from which the server computes the secret of a token's row.
fn tag(app: &InProcess, purpose: &str, row: Uuid) -> Vec<u8> {
    let key = EncodingKey::from_secret(app.jwt_secret().as_bytes());
    let message = [purpose.as_bytes(), &[0], row.as_bytes()].concat();
    let tag = jsonwebtoken::crypto::sign(&message, &key, Algorithm::HS256).expect("a signature");
    BASE64_URL_SAFE_NO_PAD.decode(tag).expect("base64")
}

/// The code of a row, whether or not it was mailed.
fn code_of(app: &InProcess, row: Uuid) -> String {
    let tag = tag(app, "gable one-time code", row);
    let number = tag.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

/// The link token of a row, whether or not it was mailed.
fn link_of(app: &InProcess, row: Uuid) -> String {
    let tag = tag(app, "gable one-time link", row);
    BASE64_URL_SAFE_NO_PAD.encode([row.as_bytes(), &tag[..24]].concat())
}

#[test]
fn registering_sends_a_link_that_verifies_the_address_once() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let mail = app.mail(1);
    assert_eq!((&mail.to, mail.subject.as_str()), (&ada.email, "Confirm your e-mail address for Gazette"));
    let token = token_in(&mail);
    assert!(!is_verified(&ada));
    succeeds_with(&by_token(&app, &token), DONE);
    assert!(is_verified(&ada));
    refused(by_token(&app, &token), 400, "TOKEN_INVALID");
}

#[test]
fn the_link_may_be_opened_as_it_was_mailed() {
    let app = InProcess::of::<SessionOnly>();
    let ada = register(&app, "ada");
    let mail = app.mail(1);
    let link =
        mail.text.lines().find(|line| line.contains("/auth/verify-email?token=")).expect("a link to this surface");
    let path = &link[link.find("/auth").expect("a path")..];
    let looked = app.request("HEAD", path).send();
    assert_eq!(looked.status, 405, "a look is no use");
    assert!(!is_verified(&ada));
    succeeds_with(&app.get(path), DONE);
    assert!(is_verified(&ada));
    succeeds_with(&app.get(path), DONE);
    refused(by_token(&app, &token_in(&mail)), 400, "TOKEN_INVALID");
    refused(app.get("/auth/verify-email"), 400, "TOKEN_INVALID");
    refused(app.get(&format!("{path}&x=1")), 400, "VALIDATION_ERROR");
    refused(app.get(&format!("{path}&token=x")), 400, "VALIDATION_ERROR");
}

#[test]
fn a_link_opened_twice_at_once_verifies_once() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let token = token_in(&app.mail(1));
    assert_eq!(statuses(&at_once(6, |_| by_token(&app, &token))), [(200, 1), (400, 5)]);
    assert!(is_verified(&ada));
}

#[test]
fn a_link_is_over_after_a_day() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let token = token_in(&app.mail(1));
    app.clock.advance(24 * HOUR + SECOND);
    refused(by_token(&app, &token), 400, "TOKEN_EXPIRED");
    refused(app.get(&format!("/auth/verify-email?token={token}")), 400, "TOKEN_EXPIRED");
    assert!(!is_verified(&log_in(&app, &ada.email)));
}

#[test]
fn malformed_tokens_and_codes_are_refused() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let mailed = token_in(&app.mail(1));
    for body in [json!({}), json!({ "email": ada.email }), json!({ "token": mailed, "code": "123456" })] {
        let reply = refused(ada.post("/auth/verify-email", body), 400, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), ["token"]);
    }
    let reply = refused(ada.post("/auth/verify-email", json!({ "token": [mailed] })), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["token"]);
    refused(ada.post("/auth/verify-email", json!({ "code": "123456" })), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
}

#[test]
fn a_mail_is_sent_again_after_a_minute_and_the_newer_link_voids_the_older() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let first = token_in(&app.mail(1));
    app.clock.advance(30 * SECOND);
    succeeds_with(&resend(&app, &ada.email), RESENT);
    assert_eq!(app.mails(), 1, "not yet");
    app.clock.advance(31 * SECOND);
    succeeds_with(&resend(&app, &ada.email), RESENT);
    let second = token_in(&app.mail(2));
    succeeds_with(&resend(&app, &ada.email), RESENT);
    assert_eq!(app.mails(), 2, "not again at once");
    refused(by_token(&app, &first), 400, "TOKEN_INVALID");
    succeeds_with(&by_token(&app, &second), DONE);
    app.clock.advance(2 * MINUTE);
    succeeds_with(&resend(&app, &ada.email), RESENT);
    assert_eq!(app.mails(), 2, "it is verified");
}

/// Requests another mail for the caller's own account, without a body.
fn resend_own(visitor: &Client) -> Reply {
    visitor.request("POST", "/auth/resend-verification").send()
}

#[test]
fn a_session_has_its_own_mail_sent_again_at_once_without_a_body() {
    let app = InProcess::of::<VerificationByCode>();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    let mailed = app.wait_for_mails(2);
    let first = code_in(mailed.iter().find(|mail| mail.to == ada.email).expect("her mail"));
    succeeds_with(&resend_own(&ada), "Verification code has been sent");
    let mail = app.mail(3);
    assert_eq!(mail.to, ada.email);
    let second = code_in(&mail);
    if first != second {
        refused(ada.post("/auth/verify-email", json!({ "code": first })), 400, "TOKEN_INVALID");
    }
    succeeds_with(&ada.post("/auth/resend-verification", json!({})), "Verification code has been sent");
    let third = code_in(&app.mail(4));
    succeeds_with(&ada.post("/auth/verify-email", json!({ "code": third })), DONE);
    let refusal = refused(resend_own(&ada), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&refusal), ["email"]);
    assert_eq!((app.mails(), is_verified(&bob)), (4, false));
    refused(ada.post("/auth/resend-verification", json!({ "mail": "x" })), 400, "VALIDATION_ERROR");
}

#[test]
fn a_session_has_five_mails_an_hour_sent_again_and_is_told_when_it_was_enough() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    app.mail(1);
    for count in 2..=6 {
        succeeds_with(&resend_own(&ada), "Verification link has been sent");
        app.mail(count);
    }
    let refusal = refused(resend_own(&ada), 429, "RATE_LIMITED");
    assert!(refusal.header("Retry-After").is_some(), "{refusal:?}");
    assert_eq!(app.mails(), 6);
}

#[test]
fn without_a_session_or_an_address_nothing_is_sent_again() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    app.mail(1);
    refused(resend_own(&app), 401, "UNAUTHORIZED");
    ada.request("POST", "/auth/logout").send().succeeds(200);
    let over = refused(resend_own(&ada), 401, "UNAUTHORIZED");
    assert!(over.header("Set-Cookie").is_some_and(|cookie| cookie.starts_with("sid=;")), "{over:?}");
    for email in [json!(7), json!(["x"])] {
        let reply = refused(ada.post("/auth/resend-verification", json!({ "email": email })), 400, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), ["email"]);
    }
    assert_eq!(app.mails(), 1);
}

#[test]
fn five_mails_an_hour_are_sent_again_and_no_more() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    // Another request would invalidate a mail that still waits.
    app.mail(1);
    for count in 2..=6 {
        app.clock.advance(2 * MINUTE);
        succeeds_with(&resend(&app, &ada.email), RESENT);
        app.mail(count);
    }
    app.clock.advance(2 * MINUTE);
    succeeds_with(&resend(&app, &ada.email), RESENT);
    assert_eq!(app.mails(), 6);
    app.clock.advance(HOUR);
    succeeds_with(&resend(&app, &ada.email), RESENT);
    app.mail(7);
}

#[test]
fn requesting_another_mail_does_not_reveal_whether_an_account_exists() {
    let app = InProcess::new();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    let mail = app.mail(2);
    let verified = if mail.to == ada.email { &ada } else { &bob };
    succeeds_with(&by_token(&app, &token_in(&mail)), DONE);
    app.clock.advance(2 * MINUTE);
    let unknown = resend(&app, "nobody@example.com");
    for email in [&ada.email, &bob.email, &verified.email, "no address"] {
        let reply = resend(&app, email);
        assert_eq!((reply.status, &reply.bytes), (unknown.status, &unknown.bytes), "{email}");
        assert_eq!(reply.headers_but(&super::CHANGING), unknown.headers_but(&super::CHANGING), "{email}");
    }
    assert_eq!(app.mails(), 3, "the one who is not verified, once");
}

#[test]
fn many_who_ask_again_at_once_get_one_mail() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    app.mail(1);
    app.clock.advance(2 * MINUTE);
    assert_eq!(statuses(&at_once(8, |_| resend(&app, &ada.email))), [(200, 8)]);
    assert_eq!(app.mails(), 2);
}

#[test]
fn where_it_is_required_nobody_logs_in_before_the_address_is_verified() {
    let app = InProcess::of::<VerificationRequired>();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let registered = app.post("/auth/register", body).succeeds(201);
    assert_eq!(registered.header("Set-Cookie"), None, "registering does not log in");
    assert_eq!(app.rows("gable_grants"), 0);
    let mailed = token_in(&app.mail(1));
    refused(try_log_in(&app, "ada@example.com", super::WRONG), 401, "INVALID_CREDENTIALS");
    let reply = refused(try_log_in(&app, "ada@example.com", PASSWORD), 403, "EMAIL_NOT_VERIFIED");
    assert_eq!((reply.header("Set-Cookie"), app.rows("gable_grants")), (None, 0));
    succeeds_with(&by_token(&app, &mailed), DONE);
    assert!(is_verified(&log_in(&app, "ada@example.com")));
}

#[test]
fn a_password_that_was_reset_by_mail_verifies_the_address_it_was_mailed_to() {
    let app = InProcess::of::<VerificationRequired>();
    app.post("/auth/register", json!({ "email": "ada@example.com", "password": PASSWORD })).succeeds(201);
    app.mail(1);
    app.post("/auth/forgot-password", json!({ "identifier": "ada@example.com" })).succeeds(200);
    succeeds_with(&reset(&app, &token_in(&app.mail(2)), NEW), "Password has been reset successfully");
    try_log_in(&app, "ada@example.com", NEW).succeeds(200);
}

#[test]
fn a_code_verifies_the_address_of_whoever_is_logged_in_or_names_it() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let first = code_in(&app.mail(1));
    refused(app.post("/auth/verify-email", json!({ "code": first })), 400, "TOKEN_INVALID");
    succeeds_with(&ada.post("/auth/verify-email", json!({ "code": first })), DONE);
    assert!(is_verified(&ada));
    refused(ada.post("/auth/verify-email", json!({ "code": first })), 400, "TOKEN_INVALID");
    let bob = register(&app, "bob");
    let second = code_in(&app.mail(2));
    refused(by_code(&app, "nobody@example.com", &second), 400, "TOKEN_INVALID");
    refused(by_code(&bob, &ada.email, &second), 400, "TOKEN_INVALID");
    assert!(!is_verified(&bob));
    succeeds_with(&by_code(&app, &bob.email.to_uppercase(), &second), DONE);
    assert!(is_verified(&bob));
}

#[test]
fn five_wrong_guesses_burn_a_code() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let mailed = code_in(&app.mail(1));
    for number in 0..5 {
        refused(by_code(&app, &ada.email, &wrong_code(&mailed, number)), 400, "TOKEN_INVALID");
    }
    refused(by_code(&app, &ada.email, &mailed), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
    app.clock.advance(2 * MINUTE);
    succeeds_with(&resend(&app, &ada.email), RESENT);
    succeeds_with(&by_code(&app, &ada.email, &code_in(&app.mail(2))), DONE);
}

#[test]
fn four_wrong_guesses_leave_a_code_as_it_is() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let mailed = code_in(&app.mail(1));
    for guess in [wrong_code(&mailed, 0), wrong_code(&mailed, 1), mailed[..5].to_owned(), format!(" {mailed}")] {
        refused(by_code(&app, &ada.email, &guess), 400, "TOKEN_INVALID");
    }
    succeeds_with(&by_code(&app, &ada.email, &mailed), DONE);
}

#[test]
fn many_guesses_at_once_burn_a_code_as_well() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let mailed = code_in(&app.mail(1));
    let replies = at_once(9, |number| by_code(&app, &ada.email, &wrong_code(&mailed, number)));
    assert_eq!(statuses(&replies), [(400, 9)]);
    assert_eq!(app.value::<i32>("SELECT attempts FROM gable_tokens"), 5);
    refused(by_code(&app, &ada.email, &mailed), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
}

#[test]
fn a_right_code_sent_many_times_at_once_works_once() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let mailed = code_in(&app.mail(1));
    assert_eq!(statuses(&at_once(4, |_| by_code(&app, &ada.email, &mailed))), [(200, 1), (400, 3)]);
}

#[test]
fn a_code_is_over_after_a_quarter_of_an_hour() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let mailed = code_in(&app.mail(1));
    app.clock.advance(15 * MINUTE + SECOND);
    refused(by_code(&app, &ada.email, &wrong_code(&mailed, 0)), 400, "TOKEN_INVALID");
    refused(by_code(&app, &ada.email, &mailed), 400, "TOKEN_EXPIRED");
    refused(by_code(&app, "nobody@example.com", &mailed), 400, "TOKEN_INVALID");
    (0..3).for_each(|number| drop(by_code(&app, &ada.email, &wrong_code(&mailed, number))));
    refused(by_code(&app, &ada.email, &mailed), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
}

#[test]
fn an_address_that_was_sent_a_link_is_not_verified_by_six_digits() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let mailed = token_in(&app.mail(1));
    let row: Uuid = app.value("SELECT id FROM gable_tokens");
    let code = code_of(&app, row);
    for _ in 0..6 {
        refused(by_code(&app, &ada.email, &code), 400, "TOKEN_INVALID");
        refused(ada.post("/auth/verify-email", json!({ "code": code })), 400, "TOKEN_INVALID");
    }
    assert!(!is_verified(&ada));
    assert_eq!(link_of(&app, row), mailed, "the test makes secrets as the server does");
    succeeds_with(&by_token(&app, &mailed), DONE);
    assert!(is_verified(&ada));
}

#[test]
fn an_address_that_was_sent_a_code_is_not_verified_by_a_link() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    let mailed = code_in(&app.mail(1));
    let row: Uuid = app.value("SELECT id FROM gable_tokens");
    let link = link_of(&app, row);
    refused(by_token(&app, &link), 400, "TOKEN_INVALID");
    refused(app.get(&format!("/auth/verify-email?token={link}")), 400, "TOKEN_INVALID");
    assert_eq!(app.get(&format!("/hook/authentication/verify-email/{link}")).status, 404);
    assert!(!is_verified(&ada));
    assert_eq!(code_of(&app, row), mailed, "the test makes secrets as the server does");
    succeeds_with(&by_code(&app, &ada.email, &mailed), DONE);
}

#[test]
fn a_new_address_and_a_new_password_take_neither_codes_nor_each_others_links() {
    let app = InProcess::of::<VerificationByCode>();
    let ada = register(&app, "ada");
    succeeds_with(&by_code(&app, &ada.email, &code_in(&app.mail(1))), DONE);
    app.post("/auth/forgot-password", json!({ "identifier": ada.email })).succeeds(200);
    let mailed = token_in(&app.mail(2));
    let row: Uuid = app.value("SELECT id FROM gable_tokens WHERE purpose = 'reset_password'");
    let code = code_of(&app, row);
    refused(by_token(&app, &mailed), 400, "TOKEN_INVALID");
    refused(reset(&app, &code, NEW), 400, "TOKEN_INVALID");
    refused(by_code(&app, &ada.email, &code), 400, "TOKEN_INVALID");
    succeeds_with(&reset(&app, &mailed, NEW), "Password has been reset successfully");
}
