//! Forgotten passwords: the validity of the mailed token, the limit of mails, and equal answers for unknown accounts.

use std::time::Duration;

use serde_json::{Value, json};

use super::pair::{
    CHANGE_EMAIL, CHANGE_PASSWORD, FORGOT, LOCAL, ME, OTHER_PASSWORD, Pair, RESET, VERIFY, address, answers_with,
    credentials, log_in, refused, refused_for, sign_up,
};
use super::start;
use super::verification_link::elsewhere;
use crate::harness::{APP, InProcess, PASSWORD, Reply, WELCOME, WithRedirects, at_once, link_in, statuses, token_in};

const MINUTE: Duration = Duration::from_secs(60);
const DONE: &str = "Password reset successful";

/// Requests a mail and returns its token; `nth` counts the mails to that address, including the one for the sign-up.
#[track_caller]
fn forgot(app: &InProcess, email: &str, nth: usize) -> String {
    answers_with(&app.post(FORGOT, json!({ "email": email })), "Password reset email sent");
    token_in(&app.mails_to(email, nth)[nth - 1])
}

fn body(token: &str, password: &str) -> Value {
    json!({ "passwordResetToken": token, "password": password })
}

fn reset(app: &InProcess, token: &str, password: &str) -> Reply {
    app.post(RESET, body(token, password))
}

/// Asserts that the token is invalid.
#[track_caller]
fn is_void(app: &InProcess, token: &str) {
    refused(&reset(app, token, "Never-Horse-9"), 400, "INVALID_ARGUMENTS");
}

#[track_caller]
fn logs_in(app: &InProcess, email: &str, right: &str, wrong: &str) {
    log_in(app, email, right).access_is_accepted();
    refused(&app.post(LOCAL, credentials(email, wrong)), 401, "UNAUTHORIZED");
}

#[test]
fn a_mail_sets_a_new_password_once_and_ends_every_log_in() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let jwt = app.post("/api/auth/login", credentials(&ada.email, PASSWORD)).succeeds(200);
    let session = app.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200);
    let cookie = session.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a session");
    let token = forgot(&app, &ada.email, 2);
    ada.access_is_accepted();
    answers_with(&reset(&app, &token, OTHER_PASSWORD), DONE);
    assert_eq!(app.grants(&ada.user), 0);
    ada.is_invalid();
    app.with_token(jwt["token"].as_str().expect("a token")).get(ME).succeeds(401);
    app.request("GET", "/auth/me").header("Cookie", cookie).send().succeeds(401);
    bob.access_is_accepted();
    logs_in(&app, &ada.email, OTHER_PASSWORD, PASSWORD);
    is_void(&app, &token);
    logs_in(&app, &ada.email, OTHER_PASSWORD, "Never-Horse-9");
    assert_eq!(app.events("password_reset", &ada.user), 1);
}

#[test]
fn the_current_password_is_refused_and_leaves_the_token_as_it_is() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    let reply = reset(&app, &token, PASSWORD);
    refused(&reply, 400, "INVALID_ARGUMENTS");
    assert_eq!(reply["errors"][0]["field"], "password");
    ada.access_is_accepted();
    assert_eq!(app.events("password_reset", &ada.user), 0);
    answers_with(&reset(&app, &token, OTHER_PASSWORD), DONE);
    ada.is_invalid();
}

#[test]
fn a_token_used_many_times_at_once_works_once() {
    let app = start::<api::Api>();
    for _ in 0..3 {
        let ada = sign_up(&app, "ada");
        let token = forgot(&app, &ada.email, 2);
        let new = |number: usize| format!("Another-Horse-{number}");
        let replies = at_once(6, |number| reset(&app, &token, &new(number)));
        assert_eq!(statuses(&replies), [(200, 1), (400, 5)]);
        let winner = replies.iter().position(|reply| reply.status == 200).expect("one");
        logs_in(&app, &ada.email, &new(winner), &new((winner + 1) % 6));
    }
}

#[test]
fn known_and_unknown_addresses_are_answered_alike() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    app.mails_to(&ada.email, 1);
    let before = (app.mails(), app.rows("gable_tokens"));
    let changing = ["date", "x-request-id", "access-control-expose-headers"];
    let known = app.post(FORGOT, json!({ "email": ada.email }));
    assert_eq!((app.mails(), app.rows("gable_tokens")), (before.0 + 1, before.1 + 1));
    for unknown in [&*address("nobody"), "nonsense", "a@b\r\nBcc: eve@example.com", "' OR 1=1 --", "%", "\u{1F600}"] {
        let reply = app.post(FORGOT, json!({ "email": unknown }));
        assert_eq!((reply.status, &reply.bytes), (known.status, &known.bytes), "{unknown}");
        assert_eq!(reply.headers_but(&changing), known.headers_but(&changing), "{unknown}");
    }
    assert_eq!((app.mails(), app.rows("gable_tokens")), (before.0 + 1, before.1 + 1));
}

#[test]
fn a_suspended_account_is_sent_no_mail_and_takes_no_token() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    app.change_account("UPDATE users SET is_active = FALSE WHERE id = $1", &ada.user);
    let mails = app.mails();
    answers_with(&app.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    assert_eq!(app.mails(), mails);
    is_void(&app, &token);
    app.change_account("UPDATE users SET is_active = TRUE WHERE id = $1", &ada.user);
    logs_in(&app, &ada.email, PASSWORD, "Never-Horse-9");
}

#[test]
fn a_password_that_breaks_the_policy_does_not_spend_the_token() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    for weak in ["Sh0rt", "alllowercase1", "Password1", &format!("Aa1{}", "x".repeat(70)), "Null-Horse-7\u{0}"] {
        let reply = reset(&app, &token, weak);
        refused(&reply, 400, "INVALID_ARGUMENTS");
        assert_eq!(reply["errors"][0]["field"], "password", "{reply:?}");
    }
    let mut more = body(&token, OTHER_PASSWORD);
    more["email"] = json!("x");
    refused_for(&app.post(RESET, more), &["email"]);
    ada.access_is_accepted();
    answers_with(&reset(&app, &token, OTHER_PASSWORD), DONE);
}

#[test]
fn a_newer_token_voids_the_older_and_an_hour_voids_each() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let older = forgot(&app, &ada.email, 2);
    let newer = forgot(&app, &ada.email, 3);
    is_void(&app, &older);
    app.clock.advance(60 * MINUTE);
    is_void(&app, &newer);
    let third = forgot(&app, &ada.email, 4);
    app.clock.advance(59 * MINUTE);
    answers_with(&reset(&app, &third, OTHER_PASSWORD), DONE);
}

#[test]
fn at_most_five_mails_an_hour_are_sent() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let before = app.mails();
    for _ in 0..8 {
        answers_with(&app.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    }
    assert_eq!(app.events("password_reset_mailed", &ada.user), 5);
    assert!(app.mails() <= before + 5, "a mail whose token is void already is not sent");
    app.clock.advance(61 * MINUTE);
    answers_with(&app.post(FORGOT, json!({ "email": ada.email })), "Password reset email sent");
    assert_eq!(app.events("password_reset_mailed", &ada.user), 6);
}

#[test]
fn many_who_ask_at_once_cause_no_more_than_five_mails() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let replies = at_once(10, |_| app.post(FORGOT, json!({ "email": ada.email })));
    assert_eq!(statuses(&replies), [(200, 10)]);
    assert_eq!(app.events("password_reset_mailed", &ada.user), 5);
    assert_eq!(app.rows("gable_tokens WHERE purpose = 'reset_password'"), 1);
}

#[test]
fn a_reset_while_others_ask_for_mails_is_answered() {
    let app = start::<api::Api>();
    for _ in 0..5 {
        let ada = sign_up(&app, "ada");
        let token = forgot(&app, &ada.email, 2);
        let replies = at_once(6, |number| match number {
            0 => reset(&app, &token, OTHER_PASSWORD),
            _ => app.post(FORGOT, json!({ "email": ada.email })),
        });
        assert!(matches!(replies[0].status, 200 | 400), "{:?}", replies[0]);
        assert_eq!(statuses(&replies[1..]), [(200, 5)]);
        let (right, wrong) =
            if replies[0].status == 200 { (OTHER_PASSWORD, PASSWORD) } else { (PASSWORD, OTHER_PASSWORD) };
        logs_in(&app, &ada.email, right, wrong);
    }
}

#[test]
fn a_new_password_opens_a_locked_account() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    (0..5).for_each(|_| refused(&app.post(LOCAL, credentials(&ada.email, "Wrong-1234")), 401, "UNAUTHORIZED"));
    refused(&app.post(LOCAL, credentials(&ada.email, PASSWORD)), 403, "FORBIDDEN");
    let token = forgot(&app, &ada.email, 2);
    answers_with(&reset(&app, &token, OTHER_PASSWORD), DONE);
    log_in(&app, &ada.email, OTHER_PASSWORD).access_is_accepted();
}

#[test]
fn a_token_serves_for_what_it_was_sent_for_only() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let verification = token_in(&app.mails_to(&ada.email, 1)[0]);
    let token = forgot(&app, &ada.email, 2);
    refused(&app.get(&format!("{VERIFY}/{token}")), 404, "NOT_FOUND");
    is_void(&app, &verification);
    is_void(&app, &ada.refresh);
    is_void(&app, &ada.access);
    app.with_token(&token).get(ME).succeeds(401);
    super::pair::invalid_refresh(&super::pair::renew(&app, &token));
    assert_eq!(app.rows("users WHERE is_email_verified"), 0);
    answers_with(&reset(&app, &token, OTHER_PASSWORD), DONE);
    assert_eq!(app.rows("users WHERE is_email_verified"), 1, "the mail arrived");
}

#[test]
fn a_token_that_was_never_sent_is_refused() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
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
        is_void(&app, &forged);
    }
    for (key, value) in [("passwordResetToken", json!({ "$ne": null })), ("passwordResetToken", json!([token]))] {
        let mut body = body(&token, OTHER_PASSWORD);
        body[key] = value;
        refused_for(&app.post(RESET, body), &["passwordResetToken"]);
    }
    logs_in(&app, &ada.email, PASSWORD, "Never-Horse-9");
    ada.access_is_accepted();
}

/// Asserts that a change invalidates the token of a mail that was sent before.
#[track_caller]
fn voids(change: impl Fn(&InProcess, &Pair)) {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    change(&app, &ada);
    is_void(&app, &token);
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
    voids(|app, ada| {
        app.change_account("UPDATE users SET deleted_self_account_at = created_at WHERE id = $1", &ada.user)
    });
}

#[test]
fn a_mailed_link_uses_the_public_url_not_the_host_header() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let request =
        app.request("POST", FORGOT).header("X-Forwarded-Host", "evil.example").header("X-Forwarded-Proto", "ftp");
    request
        .header("Forwarded", "host=evil.example")
        .header("Origin", "https://evil.example")
        .json(&json!({ "email": ada.email }))
        .send();
    let mail = &app.mails_to(&ada.email, 2)[1];
    assert!(link_in(mail).starts_with(&format!("{}/reset-password?token=", app.url())), "{}", mail.text);
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{}", mail.text);
}

#[test]
fn a_mail_leads_to_the_page_that_was_asked_for_or_is_not_sent() {
    let app = start::<WithRedirects>();
    let ada = sign_up(&app, "ada");
    let mails = app.mails();
    for uri in elsewhere().iter().filter(|uri| !uri.is_empty()) {
        let reply = app.post(FORGOT, json!({ "email": ada.email, "redirectUri": uri }));
        refused_for(&reply, &["redirectUri"]);
        let reply = app.post(FORGOT, json!({ "email": address("nobody"), "redirectUri": uri }));
        refused_for(&reply, &["redirectUri"]);
    }
    assert_eq!(app.mails(), mails);
    for (nth, uri, start) in [(2, WELCOME, format!("{WELCOME}&reset_token=")), (3, APP, format!("{APP}?reset_token="))]
    {
        answers_with(&app.post(FORGOT, json!({ "email": ada.email, "redirectUri": uri })), "Password reset email sent");
        let mail = &app.mails_to(&ada.email, nth)[nth - 1];
        assert!(mail.text.contains(&start), "{}", mail.text);
    }
    let mail = &app.mails_to(&ada.email, 3)[2];
    let token = mail.text.split("reset_token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    answers_with(&reset(&app, token.expect("a token"), OTHER_PASSWORD), DONE);
    logs_in(&app, &ada.email, OTHER_PASSWORD, PASSWORD);
}
