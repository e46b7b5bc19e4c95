//! A forgotten password: what the mail is good for, how often, and what nobody learns from asking.

use std::time::Duration;

use serde_json::{Value, json};

use super::pair::{
    CHANGE_EMAIL, CHANGE_PASSWORD, FORGOT, LOCAL, ME, OTHER_PASSWORD, Pair, RESET, VERIFY, address, credentials,
    link_in, log_in, refused, refused_for, says, sign_up, token_in,
};
use super::stage::{APP, Redirecting, Stage, WELCOME};
use super::verification::elsewhere;
use crate::harness::{PASSWORD, Reply, at_once, statuses};

const MINUTE: Duration = Duration::from_secs(60);
const DONE: &str = "Password reset successful";

/// Asks for a mail and reads the token in it; `nth` counts the mails to that address, the one of the sign-up included.
#[track_caller]
fn forgot(stage: &Stage, email: &str, nth: usize) -> String {
    says(&stage.post(FORGOT, json!({ "email": email })), "Password reset email sent");
    token_in(&stage.mails_to(email, nth)[nth - 1])
}

fn body(token: &str, password: &str) -> Value {
    json!({ "passwordResetToken": token, "password": password })
}

fn reset(stage: &Stage, token: &str, password: &str) -> Reply {
    stage.post(RESET, body(token, password))
}

/// The token sets no password.
#[track_caller]
fn is_void(stage: &Stage, token: &str) {
    refused(&reset(stage, token, "Never-Horse-9"), 400, "INVALID_ARGUMENTS");
}

#[track_caller]
fn logs_in(stage: &Stage, email: &str, right: &str, wrong: &str) {
    log_in(stage, email, right).access_is_open();
    refused(&stage.post(LOCAL, credentials(email, wrong)), 401, "UNAUTHORIZED");
}

#[test]
fn a_mail_sets_a_new_password_once_and_ends_every_log_in() {
    let stage = Stage::new();
    let (ada, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    let jwt = stage.post("/api/auth/login", credentials(&ada.email, PASSWORD)).succeeds(200);
    let session = stage.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200);
    let cookie = session.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a session");
    let token = forgot(&stage, &ada.email, 2);
    ada.access_is_open();
    says(&reset(&stage, &token, OTHER_PASSWORD), DONE);
    assert_eq!(stage.grants(&ada.user), 0);
    ada.is_shut();
    stage.with_token(jwt["token"].as_str().expect("a token")).get(ME).succeeds(401);
    stage.request("GET", "/auth/me").header("Cookie", cookie).send().succeeds(401);
    bob.access_is_open();
    logs_in(&stage, &ada.email, OTHER_PASSWORD, PASSWORD);
    is_void(&stage, &token);
    logs_in(&stage, &ada.email, OTHER_PASSWORD, "Never-Horse-9");
    assert_eq!(stage.events("password_reset", &ada.user), 1);
}

#[test]
fn the_current_password_is_refused_and_leaves_the_token_as_it_is() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = forgot(&stage, &ada.email, 2);
    let reply = reset(&stage, &token, PASSWORD);
    refused(&reply, 400, "INVALID_ARGUMENTS");
    assert_eq!(reply["errors"][0]["field"], "password");
    ada.access_is_open();
    assert_eq!(stage.events("password_reset", &ada.user), 0);
    says(&reset(&stage, &token, OTHER_PASSWORD), DONE);
    ada.is_shut();
}

#[test]
fn of_many_uses_of_a_token_at_once_one_succeeds() {
    let stage = Stage::new();
    for _ in 0..3 {
        let ada = sign_up(&stage, "ada");
        let token = forgot(&stage, &ada.email, 2);
        let new = |number: usize| format!("Another-Horse-{number}");
        let replies = at_once(6, |number| reset(&stage, &token, &new(number)));
        assert_eq!(statuses(&replies), [(200, 1), (400, 5)]);
        let winner = replies.iter().position(|reply| reply.status == 200).expect("one");
        logs_in(&stage, &ada.email, &new(winner), &new((winner + 1) % 6));
    }
}

#[test]
fn known_and_unknown_addresses_are_answered_alike() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    stage.mails_to(&ada.email, 1);
    let before = (stage.mails(), stage.rows("gable_tokens"));
    let changing = ["date", "x-request-id", "access-control-expose-headers"];
    let known = stage.post(FORGOT, json!({ "email": ada.email }));
    assert_eq!((stage.mails(), stage.rows("gable_tokens")), (before.0 + 1, before.1 + 1));
    for unknown in [&*address("nobody"), "nonsense", "a@b\r\nBcc: eve@example.com", "' OR 1=1 --", "%", "\u{1F600}"] {
        let reply = stage.post(FORGOT, json!({ "email": unknown }));
        assert_eq!((reply.status, &reply.bytes), (known.status, &known.bytes), "{unknown}");
        assert_eq!(reply.headers_but(&changing), known.headers_but(&changing), "{unknown}");
    }
    assert_eq!((stage.mails(), stage.rows("gable_tokens")), (before.0 + 1, before.1 + 1));
}

#[test]
fn a_suspended_account_is_sent_no_mail_and_takes_no_token() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = forgot(&stage, &ada.email, 2);
    stage.change("UPDATE users SET is_active = FALSE WHERE id = $1", &ada.user);
    let mails = stage.mails();
    says(&stage.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    assert_eq!(stage.mails(), mails);
    is_void(&stage, &token);
    stage.change("UPDATE users SET is_active = TRUE WHERE id = $1", &ada.user);
    logs_in(&stage, &ada.email, PASSWORD, "Never-Horse-9");
}

#[test]
fn a_password_that_breaks_the_policy_does_not_spend_the_token() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = forgot(&stage, &ada.email, 2);
    for weak in ["Sh0rt", "alllowercase1", "Password1", &format!("Aa1{}", "x".repeat(70)), "Null-Horse-7\u{0}"] {
        let reply = reset(&stage, &token, weak);
        refused(&reply, 400, "INVALID_ARGUMENTS");
        assert_eq!(reply["errors"][0]["field"], "password", "{reply:?}");
    }
    let mut more = body(&token, OTHER_PASSWORD);
    more["email"] = json!("x");
    refused_for(&stage.post(RESET, more), &["email"]);
    ada.access_is_open();
    says(&reset(&stage, &token, OTHER_PASSWORD), DONE);
}

#[test]
fn a_newer_token_voids_the_older_and_an_hour_voids_each() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let older = forgot(&stage, &ada.email, 2);
    let newer = forgot(&stage, &ada.email, 3);
    is_void(&stage, &older);
    stage.clock.advance(60 * MINUTE);
    is_void(&stage, &newer);
    let third = forgot(&stage, &ada.email, 4);
    stage.clock.advance(59 * MINUTE);
    says(&reset(&stage, &third, OTHER_PASSWORD), DONE);
}

#[test]
fn five_mails_an_hour_are_sent_however_often_somebody_asks() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let before = stage.mails();
    for _ in 0..8 {
        says(&stage.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    }
    assert_eq!(stage.events("password_reset_mailed", &ada.user), 5);
    assert!(stage.mails() <= before + 5, "a mail whose token is void already is not sent");
    stage.clock.advance(61 * MINUTE);
    says(&stage.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    assert_eq!(stage.events("password_reset_mailed", &ada.user), 6);
}

#[test]
fn many_who_ask_at_once_cause_no_more_than_five_mails() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let replies = at_once(10, |_| stage.post(FORGOT, json!({ "email": ada.email })));
    assert_eq!(statuses(&replies), [(200, 10)]);
    assert_eq!(stage.events("password_reset_mailed", &ada.user), 5);
    assert_eq!(stage.rows("gable_tokens WHERE purpose = 'reset_password'"), 1);
}

#[test]
fn a_reset_while_others_ask_for_mails_is_answered() {
    let stage = Stage::new();
    for _ in 0..5 {
        let ada = sign_up(&stage, "ada");
        let token = forgot(&stage, &ada.email, 2);
        let replies = at_once(6, |number| match number {
            0 => reset(&stage, &token, OTHER_PASSWORD),
            _ => stage.post(FORGOT, json!({ "email": ada.email })),
        });
        assert!(matches!(replies[0].status, 200 | 400), "{:?}", replies[0]);
        assert_eq!(statuses(&replies[1..]), [(200, 5)]);
        let (right, wrong) =
            if replies[0].status == 200 { (OTHER_PASSWORD, PASSWORD) } else { (PASSWORD, OTHER_PASSWORD) };
        logs_in(&stage, &ada.email, right, wrong);
    }
}

#[test]
fn a_new_password_opens_a_locked_account() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    (0..5).for_each(|_| refused(&stage.post(LOCAL, credentials(&ada.email, "Wrong-1234")), 401, "UNAUTHORIZED"));
    refused(&stage.post(LOCAL, credentials(&ada.email, PASSWORD)), 403, "FORBIDDEN");
    let token = forgot(&stage, &ada.email, 2);
    says(&reset(&stage, &token, OTHER_PASSWORD), DONE);
    log_in(&stage, &ada.email, OTHER_PASSWORD).access_is_open();
}

#[test]
fn a_token_serves_for_what_it_was_sent_for_only() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let verification = token_in(&stage.mails_to(&ada.email, 1)[0]);
    let token = forgot(&stage, &ada.email, 2);
    refused(&stage.get(&format!("{VERIFY}/{token}")), 404, "NOT_FOUND");
    is_void(&stage, &verification);
    is_void(&stage, &ada.refresh);
    is_void(&stage, &ada.access);
    stage.with_token(&token).get(ME).succeeds(401);
    super::pair::invalid_refresh(&super::pair::renew(&stage, &token));
    assert_eq!(stage.rows("users WHERE is_email_verified"), 0);
    says(&reset(&stage, &token, OTHER_PASSWORD), DONE);
    assert_eq!(stage.rows("users WHERE is_email_verified"), 1, "the mail arrived");
}

#[test]
fn a_token_that_was_never_sent_is_refused() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = forgot(&stage, &ada.email, 2);
    let forged = [
        "x".to_owned(),
        "\u{0}".to_owned(),
        "' OR 1=1 --".to_owned(),
        token[1..].to_owned(),
        token[..token.len() - 1].to_owned(),
        format!("{token}="),
        format!("{token} "),
        token.to_lowercase(),
        "A".repeat(54),
        "x".repeat(100_000),
    ];
    for forged in forged {
        is_void(&stage, &forged);
    }
    for (key, value) in [("passwordResetToken", json!({ "$ne": null })), ("passwordResetToken", json!([token]))] {
        let mut body = body(&token, OTHER_PASSWORD);
        body[key] = value;
        refused_for(&stage.post(RESET, body), &["passwordResetToken"]);
    }
    logs_in(&stage, &ada.email, PASSWORD, "Never-Horse-9");
    ada.access_is_open();
}

/// What makes a mail that was sent before worthless.
#[track_caller]
fn voids(change: impl Fn(&Stage, &Pair)) {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let token = forgot(&stage, &ada.email, 2);
    change(&stage, &ada);
    is_void(&stage, &token);
}

#[test]
fn a_token_does_not_outlive_the_password_or_the_address_that_it_was_sent_for() {
    voids(|_, ada| {
        let body = json!({ "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD });
        ada.bearer().post(CHANGE_PASSWORD, body).succeeds(200);
    });
    voids(|_, ada| {
        ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("ada") })).succeeds(200);
    });
    voids(|stage, ada| stage.change("UPDATE users SET deleted_self_account_at = created_at WHERE id = $1", &ada.user));
}

#[test]
fn the_link_of_a_mail_leads_where_the_application_is_whatever_the_request_says() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let asked =
        stage.request("POST", FORGOT).header("X-Forwarded-Host", "evil.example").header("X-Forwarded-Proto", "ftp");
    asked
        .header("Forwarded", "host=evil.example")
        .header("Origin", "https://evil.example")
        .json(&json!({ "email": ada.email }))
        .send();
    let mail = &stage.mails_to(&ada.email, 2)[1];
    assert!(link_in(mail).starts_with(&format!("{}/reset-password?token=", stage.url())), "{}", mail.text);
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{}", mail.text);
}

#[test]
fn a_mail_leads_to_the_page_that_was_asked_for_or_is_not_sent() {
    let stage = Stage::of::<Redirecting>(|_| {});
    let ada = sign_up(&stage, "ada");
    let mails = stage.mails();
    for uri in elsewhere().iter().filter(|uri| !uri.is_empty()) {
        let reply = stage.post(FORGOT, json!({ "email": ada.email, "redirectUri": uri }));
        refused_for(&reply, &["redirectUri"]);
        let reply = stage.post(FORGOT, json!({ "email": address("nobody"), "redirectUri": uri }));
        refused_for(&reply, &["redirectUri"]);
    }
    assert_eq!(stage.mails(), mails);
    for (nth, uri, start) in [(2, WELCOME, format!("{WELCOME}&reset_token=")), (3, APP, format!("{APP}?reset_token="))]
    {
        says(&stage.post(FORGOT, json!({ "email": ada.email, "redirectUri": uri })), "Password reset email sent");
        let mail = &stage.mails_to(&ada.email, nth)[nth - 1];
        assert!(mail.text.contains(&start), "{}", mail.text);
    }
    let mail = &stage.mails_to(&ada.email, 3)[2];
    let token = mail.text.split("reset_token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    says(&reset(&stage, token.expect("a token"), OTHER_PASSWORD), DONE);
    logs_in(&stage, &ada.email, OTHER_PASSWORD, PASSWORD);
}
