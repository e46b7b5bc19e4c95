//! Verifying that an e-mail address reaches its account's owner: by link, by code, and where it is required.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gable::testing::ReceivedMail;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use uuid::Uuid;

use super::mail::{reset, token};
use super::stage::{Coded, HOUR, MINUTE, SECOND, Sessions, Stage, Verified};
use super::{NEW, Visitor, fields, is_done, log_in, refused, register, try_log_in};
use crate::harness::{Client, PASSWORD, Reply, at_once, statuses};

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

/// The six digits of a mail.
fn code(mail: &ReceivedMail) -> String {
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    mail.text.lines().find(is_code).unwrap_or_else(|| panic!("no code: {mail:?}")).to_owned()
}

/// The HMAC under the server's key that makes a secret of a token's row.
fn tag(stage: &Stage, purpose: &str, row: Uuid) -> Vec<u8> {
    let key = EncodingKey::from_secret(stage.jwt_secret().as_bytes());
    let message = [purpose.as_bytes(), &[0], row.as_bytes()].concat();
    let tag = jsonwebtoken::crypto::sign(&message, &key, Algorithm::HS256).expect("a signature");
    BASE64_URL_SAFE_NO_PAD.decode(tag).expect("base64")
}

/// The six digits that a row would be known by, whether or not they were mailed.
fn code_of(stage: &Stage, row: Uuid) -> String {
    let tag = tag(stage, "gable one-time code", row);
    let number = tag.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

/// The token of the link that would lead to a row, whether or not it was mailed.
fn link_of(stage: &Stage, row: Uuid) -> String {
    let tag = tag(stage, "gable one-time link", row);
    BASE64_URL_SAFE_NO_PAD.encode([row.as_bytes(), &tag[..24]].concat())
}

/// Six other digits for each number below nine.
fn wrong(code: &str, number: usize) -> String {
    let last: usize = code[5..].parse().expect("a digit");
    format!("{}{}", &code[..5], (last + 1 + number) % 10)
}

#[test]
fn registering_sends_a_link_that_verifies_the_address_once() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let mail = stage.mail(1);
    assert_eq!((&mail.to, mail.subject.as_str()), (&ada.email, "Confirm your e-mail address for Gazette"));
    let token = token(&mail);
    assert!(!is_verified(&ada));
    is_done(&by_token(&stage, &token), DONE);
    assert!(is_verified(&ada));
    refused(by_token(&stage, &token), 400, "TOKEN_INVALID");
}

#[test]
fn the_link_may_be_opened_as_it_was_mailed() {
    let stage = Stage::of::<Sessions>(|_| {});
    let ada = register(&stage, "ada");
    let mail = stage.mail(1);
    let link =
        mail.text.lines().find(|line| line.contains("/auth/verify-email?token=")).expect("a link to this surface");
    let path = &link[link.find("/auth").expect("a path")..];
    let looked = stage.request("HEAD", path).send();
    assert_eq!(looked.status, 405, "a look is no use");
    assert!(!is_verified(&ada));
    is_done(&stage.get(path), DONE);
    assert!(is_verified(&ada));
    is_done(&stage.get(path), DONE);
    refused(by_token(&stage, &token(&mail)), 400, "TOKEN_INVALID");
    refused(stage.get("/auth/verify-email"), 400, "TOKEN_INVALID");
    refused(stage.get(&format!("{path}&x=1")), 400, "VALIDATION_ERROR");
    refused(stage.get(&format!("{path}&token=x")), 400, "VALIDATION_ERROR");
}

#[test]
fn a_link_opened_twice_at_once_verifies_once() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let token = token(&stage.mail(1));
    assert_eq!(statuses(&at_once(6, |_| by_token(&stage, &token))), [(200, 1), (400, 5)]);
    assert!(is_verified(&ada));
}

#[test]
fn a_link_is_over_after_a_day() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let token = token(&stage.mail(1));
    stage.clock.advance(24 * HOUR + SECOND);
    refused(by_token(&stage, &token), 400, "TOKEN_EXPIRED");
    refused(stage.get(&format!("/auth/verify-email?token={token}")), 400, "TOKEN_EXPIRED");
    assert!(!is_verified(&log_in(&stage, &ada.email)));
}

#[test]
fn what_is_neither_a_token_nor_a_code_is_refused() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let mailed = token(&stage.mail(1));
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
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let first = token(&stage.mail(1));
    stage.clock.advance(30 * SECOND);
    is_done(&resend(&stage, &ada.email), RESENT);
    assert_eq!(stage.mails(), 1, "not yet");
    stage.clock.advance(31 * SECOND);
    is_done(&resend(&stage, &ada.email), RESENT);
    let second = token(&stage.mail(2));
    is_done(&resend(&stage, &ada.email), RESENT);
    assert_eq!(stage.mails(), 2, "not again at once");
    refused(by_token(&stage, &first), 400, "TOKEN_INVALID");
    is_done(&by_token(&stage, &second), DONE);
    stage.clock.advance(2 * MINUTE);
    is_done(&resend(&stage, &ada.email), RESENT);
    assert_eq!(stage.mails(), 2, "it is verified");
}

/// Asks without a body, as whoever is logged in.
fn resend_own(visitor: &Client) -> Reply {
    visitor.request("POST", "/auth/resend-verification").send()
}

#[test]
fn a_session_has_its_own_mail_sent_again_at_once_without_a_body() {
    let stage = Stage::of::<Coded>(|_| {});
    let (ada, bob) = (register(&stage, "ada"), register(&stage, "bob"));
    let mailed = stage.wait_for_mails(2);
    let first = code(mailed.iter().find(|mail| mail.to == ada.email).expect("her mail"));
    is_done(&resend_own(&ada), "Verification code has been sent");
    let mail = stage.mail(3);
    assert_eq!(mail.to, ada.email);
    let second = code(&mail);
    if first != second {
        refused(ada.post("/auth/verify-email", json!({ "code": first })), 400, "TOKEN_INVALID");
    }
    is_done(&ada.post("/auth/resend-verification", json!({})), "Verification code has been sent");
    let third = code(&stage.mail(4));
    is_done(&ada.post("/auth/verify-email", json!({ "code": third })), DONE);
    let told = refused(resend_own(&ada), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&told), ["email"]);
    assert_eq!((stage.mails(), is_verified(&bob)), (4, false));
    refused(ada.post("/auth/resend-verification", json!({ "mail": "x" })), 400, "VALIDATION_ERROR");
}

#[test]
fn a_session_has_five_mails_an_hour_sent_again_and_is_told_when_it_was_enough() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    stage.mail(1);
    for count in 2..=6 {
        is_done(&resend_own(&ada), "Verification link has been sent");
        stage.mail(count);
    }
    let told = refused(resend_own(&ada), 429, "RATE_LIMITED");
    assert!(told.header("Retry-After").is_some(), "{told:?}");
    assert_eq!(stage.mails(), 6);
}

#[test]
fn without_a_session_or_an_address_nothing_is_sent_again() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    stage.mail(1);
    refused(resend_own(&stage), 401, "UNAUTHORIZED");
    ada.request("POST", "/auth/logout").send().succeeds(200);
    let over = refused(resend_own(&ada), 401, "UNAUTHORIZED");
    assert!(over.header("Set-Cookie").is_some_and(|cookie| cookie.starts_with("sid=;")), "{over:?}");
    for email in [json!(7), json!(["x"])] {
        let reply = refused(ada.post("/auth/resend-verification", json!({ "email": email })), 400, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), ["email"]);
    }
    assert_eq!(stage.mails(), 1);
}

#[test]
fn five_mails_an_hour_are_sent_again_and_no_more() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    // Asking again would void one that still waits.
    stage.mail(1);
    for count in 2..=6 {
        stage.clock.advance(2 * MINUTE);
        is_done(&resend(&stage, &ada.email), RESENT);
        stage.mail(count);
    }
    stage.clock.advance(2 * MINUTE);
    is_done(&resend(&stage, &ada.email), RESENT);
    assert_eq!(stage.mails(), 6);
    stage.clock.advance(HOUR);
    is_done(&resend(&stage, &ada.email), RESENT);
    stage.mail(7);
}

#[test]
fn asking_again_tells_nothing_of_who_has_an_account() {
    let stage = Stage::new();
    let (ada, bob) = (register(&stage, "ada"), register(&stage, "bob"));
    let mail = stage.mail(2);
    let verified = if mail.to == ada.email { &ada } else { &bob };
    is_done(&by_token(&stage, &token(&mail)), DONE);
    stage.clock.advance(2 * MINUTE);
    let unknown = resend(&stage, "nobody@example.com");
    for email in [&ada.email, &bob.email, &verified.email, "no address"] {
        let reply = resend(&stage, email);
        assert_eq!((reply.status, &reply.bytes), (unknown.status, &unknown.bytes), "{email}");
        assert_eq!(reply.headers_but(&super::CHANGING), unknown.headers_but(&super::CHANGING), "{email}");
    }
    assert_eq!(stage.mails(), 3, "the one who is not verified, once");
}

#[test]
fn many_who_ask_again_at_once_get_one_mail() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    stage.mail(1);
    stage.clock.advance(2 * MINUTE);
    assert_eq!(statuses(&at_once(8, |_| resend(&stage, &ada.email))), [(200, 8)]);
    assert_eq!(stage.mails(), 2);
}

#[test]
fn where_it_is_required_nobody_logs_in_before_the_address_is_verified() {
    let stage = Stage::of::<Verified>(|_| {});
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let registered = stage.post("/auth/register", body).succeeds(201);
    assert_eq!(registered.header("Set-Cookie"), None, "registering does not log in");
    assert_eq!(stage.rows("gable_grants"), 0);
    let mailed = token(&stage.mail(1));
    refused(try_log_in(&stage, "ada@example.com", super::WRONG), 401, "INVALID_CREDENTIALS");
    let reply = refused(try_log_in(&stage, "ada@example.com", PASSWORD), 403, "EMAIL_NOT_VERIFIED");
    assert_eq!((reply.header("Set-Cookie"), stage.rows("gable_grants")), (None, 0));
    is_done(&by_token(&stage, &mailed), DONE);
    assert!(is_verified(&log_in(&stage, "ada@example.com")));
}

#[test]
fn a_password_that_was_reset_by_mail_verifies_the_address_it_was_mailed_to() {
    let stage = Stage::of::<Verified>(|_| {});
    stage.post("/auth/register", json!({ "email": "ada@example.com", "password": PASSWORD })).succeeds(201);
    stage.mail(1);
    stage.post("/auth/forgot-password", json!({ "identifier": "ada@example.com" })).succeeds(200);
    is_done(&reset(&stage, &token(&stage.mail(2)), NEW), "Password has been reset successfully");
    try_log_in(&stage, "ada@example.com", NEW).succeeds(200);
}

#[test]
fn a_code_verifies_the_address_of_whoever_is_logged_in_or_names_it() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let first = code(&stage.mail(1));
    refused(stage.post("/auth/verify-email", json!({ "code": first })), 400, "TOKEN_INVALID");
    is_done(&ada.post("/auth/verify-email", json!({ "code": first })), DONE);
    assert!(is_verified(&ada));
    refused(ada.post("/auth/verify-email", json!({ "code": first })), 400, "TOKEN_INVALID");
    let bob = register(&stage, "bob");
    let second = code(&stage.mail(2));
    refused(by_code(&stage, "nobody@example.com", &second), 400, "TOKEN_INVALID");
    refused(by_code(&bob, &ada.email, &second), 400, "TOKEN_INVALID");
    assert!(!is_verified(&bob));
    is_done(&by_code(&stage, &bob.email.to_uppercase(), &second), DONE);
    assert!(is_verified(&bob));
}

#[test]
fn five_wrong_guesses_burn_a_code() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let mailed = code(&stage.mail(1));
    for number in 0..5 {
        refused(by_code(&stage, &ada.email, &wrong(&mailed, number)), 400, "TOKEN_INVALID");
    }
    refused(by_code(&stage, &ada.email, &mailed), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
    stage.clock.advance(2 * MINUTE);
    is_done(&resend(&stage, &ada.email), RESENT);
    is_done(&by_code(&stage, &ada.email, &code(&stage.mail(2))), DONE);
}

#[test]
fn four_wrong_guesses_leave_a_code_as_it_is() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let mailed = code(&stage.mail(1));
    for guess in [wrong(&mailed, 0), wrong(&mailed, 1), mailed[..5].to_owned(), format!(" {mailed}")] {
        refused(by_code(&stage, &ada.email, &guess), 400, "TOKEN_INVALID");
    }
    is_done(&by_code(&stage, &ada.email, &mailed), DONE);
}

#[test]
fn many_guesses_at_once_burn_a_code_as_well() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let mailed = code(&stage.mail(1));
    let replies = at_once(9, |number| by_code(&stage, &ada.email, &wrong(&mailed, number)));
    assert_eq!(statuses(&replies), [(400, 9)]);
    assert_eq!(stage.value::<i32>("SELECT attempts FROM gable_tokens"), 5);
    refused(by_code(&stage, &ada.email, &mailed), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
}

#[test]
fn a_right_code_sent_many_times_at_once_works_once() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let mailed = code(&stage.mail(1));
    assert_eq!(statuses(&at_once(4, |_| by_code(&stage, &ada.email, &mailed))), [(200, 1), (400, 3)]);
}

#[test]
fn a_code_is_over_after_a_quarter_of_an_hour() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let mailed = code(&stage.mail(1));
    stage.clock.advance(15 * MINUTE + SECOND);
    refused(by_code(&stage, &ada.email, &wrong(&mailed, 0)), 400, "TOKEN_INVALID");
    refused(by_code(&stage, &ada.email, &mailed), 400, "TOKEN_EXPIRED");
    refused(by_code(&stage, "nobody@example.com", &mailed), 400, "TOKEN_INVALID");
    (0..3).for_each(|number| drop(by_code(&stage, &ada.email, &wrong(&mailed, number))));
    refused(by_code(&stage, &ada.email, &mailed), 400, "TOKEN_INVALID");
    assert!(!is_verified(&ada));
}

#[test]
fn an_address_that_was_sent_a_link_is_not_verified_by_six_digits() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let mailed = token(&stage.mail(1));
    let row: Uuid = stage.value("SELECT id FROM gable_tokens");
    let code = code_of(&stage, row);
    for _ in 0..6 {
        refused(by_code(&stage, &ada.email, &code), 400, "TOKEN_INVALID");
        refused(ada.post("/auth/verify-email", json!({ "code": code })), 400, "TOKEN_INVALID");
    }
    assert!(!is_verified(&ada));
    assert_eq!(link_of(&stage, row), mailed, "the test makes secrets as the server does");
    is_done(&by_token(&stage, &mailed), DONE);
    assert!(is_verified(&ada));
}

#[test]
fn an_address_that_was_sent_a_code_is_not_verified_by_a_link() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    let mailed = code(&stage.mail(1));
    let row: Uuid = stage.value("SELECT id FROM gable_tokens");
    let link = link_of(&stage, row);
    refused(by_token(&stage, &link), 400, "TOKEN_INVALID");
    refused(stage.get(&format!("/auth/verify-email?token={link}")), 400, "TOKEN_INVALID");
    assert_eq!(stage.get(&format!("/hook/authentication/verify-email/{link}")).status, 404);
    assert!(!is_verified(&ada));
    assert_eq!(code_of(&stage, row), mailed, "the test makes secrets as the server does");
    is_done(&by_code(&stage, &ada.email, &mailed), DONE);
}

#[test]
fn a_new_address_and_a_new_password_take_neither_codes_nor_each_others_links() {
    let stage = Stage::of::<Coded>(|_| {});
    let ada = register(&stage, "ada");
    is_done(&by_code(&stage, &ada.email, &code(&stage.mail(1))), DONE);
    stage.post("/auth/forgot-password", json!({ "identifier": ada.email })).succeeds(200);
    let mailed = token(&stage.mail(2));
    let row: Uuid = stage.value("SELECT id FROM gable_tokens WHERE purpose = 'reset_password'");
    let code = code_of(&stage, row);
    refused(by_token(&stage, &mailed), 400, "TOKEN_INVALID");
    refused(reset(&stage, &code, NEW), 400, "TOKEN_INVALID");
    refused(by_code(&stage, &ada.email, &code), 400, "TOKEN_INVALID");
    is_done(&reset(&stage, &mailed, NEW), "Password has been reset successfully");
}
