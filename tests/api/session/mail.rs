//! A forgotten password: what is told, what is mailed, and what a link is good for.

use gable::testing::ReceivedMail;
use serde_json::json;

use super::stage::{HOUR, MINUTE, SECOND, Stage};
use super::{NEW, Visitor, WRONG, change_password, fields, is_done, is_over, log_in, refused, register, try_log_in};
use crate::harness::{Client, PASSWORD, Reply, at_once, statuses};

/// The one-time token in a mail's link.
pub(super) fn token(mail: &ReceivedMail) -> String {
    let link = mail.text.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("no link: {mail:?}"));
    let start = link.rfind(['=', '/']).expect("a link has a token") + 1;
    assert_eq!(link.len() - start, 54, "{link}");
    link[start..].to_owned()
}

fn forgot(client: &Client, identifier: &str) -> Reply {
    client.post("/auth/forgot-password", json!({ "identifier": identifier }))
}

pub(super) fn reset(client: &Client, token: &str, new: &str) -> Reply {
    client.post("/auth/reset-password", json!({ "token": token, "newPassword": new }))
}

const FORGOT: &str = "If an account exists with that identifier, a password reset link has been sent";

/// An account that was mailed a link; the mail that verifies its address came before.
fn forgetful() -> (Stage, Visitor, String) {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    is_done(&forgot(&stage, &ada.email), FORGOT);
    let mail = stage.mail(2);
    assert_eq!((&mail.to, mail.subject.as_str()), (&ada.email, "Choose a new password for Gazette"));
    let token = token(&mail);
    (stage, ada, token)
}

#[test]
fn known_and_unknown_accounts_get_the_same_answer_and_only_the_known_one_gets_a_mail() {
    let (stage, ada, _) = forgetful();
    stage.run("UPDATE users SET username = 'ada' WHERE email LIKE 'ada%'");
    let known = forgot(&stage, &ada.email);
    for identifier in ["nobody@example.com", "nobody", "no address @", &"x".repeat(500)] {
        let unknown = forgot(&stage, identifier);
        assert_eq!((unknown.status, &unknown.bytes), (known.status, &known.bytes), "{identifier}");
        assert_eq!(unknown.headers_but(&super::CHANGING), known.headers_but(&super::CHANGING));
    }
    assert_eq!(stage.mails(), 3);
    is_done(&forgot(&stage, "ada"), FORGOT);
    assert_eq!(stage.mail(4).to, ada.email, "whatever identifies the account");
    for wrong in [json!({}), json!({ "identifier": "" }), json!({ "identifier": 7 }), json!({ "email": ada.email })] {
        refused(stage.post("/auth/forgot-password", wrong), 400, "VALIDATION_ERROR");
    }
    assert_eq!(stage.mails(), 4);
}

#[test]
fn a_link_sets_a_new_password_once_and_ends_every_log_in() {
    let (stage, ada, token) = forgetful();
    let other = log_in(&stage, &ada.email);
    let email = json!({ "email": ada.email, "password": PASSWORD });
    let jwt = stage.post("/api/auth/login", email.clone()).succeeds(200)["token"].clone();
    let pair = stage.post("/authentication/local", email).succeeds(200);
    let text = |value: &serde_json::Value| value.as_str().expect("a token").to_owned();
    let bob = register(&stage, "bob");
    let reply = reset(&other, &token, NEW);
    is_done(&reply, "Password has been reset successfully");
    let cookie = reply.header("Set-Cookie").expect("a cookie to forget");
    assert!(cookie.starts_with("sid=;") && cookie.contains("Max-Age=0"), "{cookie}");
    is_over(&ada);
    is_over(&other);
    assert_eq!(stage.with_token(&text(&jwt)).get("/api/users/me").status, 401);
    assert_eq!(stage.with_token(&text(&pair["accessToken"])).get("/api/posts").status, 401);
    let renewed = stage.with_token(&text(&pair["refreshToken"])).request("POST", "/authentication/renew").send();
    assert_eq!(renewed.status, 400);
    bob.get("/auth/me").succeeds(200);
    refused(try_log_in(&stage, &ada.email, PASSWORD), 401, "INVALID_CREDENTIALS");
    let back = Visitor::of(&stage, &try_log_in(&stage, &ada.email, NEW).succeeds(200));
    assert_eq!(back.get("/auth/me")["data"]["user"]["isEmailVerified"], true, "the mail arrived");
    refused(reset(&stage, &token, "Third-Horse-7"), 400, "TOKEN_INVALID");
    try_log_in(&stage, &ada.email, NEW).succeeds(200);
}

#[test]
fn a_link_of_one_account_leaves_the_session_of_another_in_its_browser() {
    let (stage, ada, token) = forgetful();
    let bob = register(&stage, "bob");
    let reply = reset(&bob, &token, NEW);
    is_done(&reply, "Password has been reset successfully");
    assert_eq!(reply.header("Set-Cookie"), None);
    bob.get("/auth/me").succeeds(200);
    is_over(&ada);
}

#[test]
fn a_password_that_is_not_good_enough_leaves_the_link_as_it_is() {
    let (stage, _, token) = forgetful();
    for (body, field) in [
        (json!({ "token": token }), "newPassword"),
        (json!({ "newPassword": NEW }), "token"),
        (json!({ "token": token, "newPassword": "short" }), "newPassword"),
        (json!({ "token": token, "newPassword": "Password1" }), "newPassword"),
        (json!({ "token": token, "newPassword": format!("A1{}", "é".repeat(36)) }), "newPassword"),
        (json!({ "token": token, "newPassword": "A1b2c3d4\u{0}" }), "newPassword"),
        (json!({ "token": token, "newPassword": NEW, "isSuperUser": true }), "isSuperUser"),
    ] {
        let reply = refused(stage.post("/auth/reset-password", body), 400, "VALIDATION_ERROR");
        assert!(fields(&reply).contains(&field), "{field} in {reply:?}");
    }
    is_done(&reset(&stage, &token, NEW), "Password has been reset successfully");
}

#[test]
fn the_current_password_is_refused_and_leaves_the_link_and_every_log_in_as_they_are() {
    let (stage, ada, token) = forgetful();
    let reply = refused(reset(&stage, &token, PASSWORD), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["newPassword"]);
    ada.get("/auth/me").succeeds(200);
    assert_eq!(stage.rows("gable_events WHERE kind = 'password_reset'"), 0);
    is_done(&reset(&stage, &token, NEW), "Password has been reset successfully");
    refused(reset(&stage, &token, NEW), 400, "TOKEN_INVALID");
}

#[test]
fn a_link_is_good_for_one_guess_at_the_current_password() {
    let (stage, _, token) = forgetful();
    let guesses: Vec<String> =
        (0..5).map(|number| format!("Guessed-Horse-{number}")).chain([PASSWORD.to_owned()]).collect();
    let replies = at_once(6, |number| reset(&stage, &token, &guesses[number]));
    let told = replies.iter().filter(|reply| reply["error"]["code"] == "VALIDATION_ERROR").count();
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(done == 1 && told <= 1, "{replies:#?}");
}

#[test]
fn a_link_used_twice_at_once_works_once() {
    let (stage, ada, token) = forgetful();
    let new = |number: usize| format!("Racing-Horse-{number}");
    let replies = at_once(6, |number| reset(&stage, &token, &new(number)));
    assert_eq!(statuses(&replies), [(200, 1), (400, 5)]);
    let winner = replies.iter().position(|reply| reply.status == 200).expect("one of them");
    try_log_in(&stage, &ada.email, &new(winner)).succeeds(200);
    refused(try_log_in(&stage, &ada.email, &new((winner + 1) % 6)), 401, "INVALID_CREDENTIALS");
}

#[test]
fn a_newer_link_voids_the_older() {
    let (stage, ada, older) = forgetful();
    forgot(&stage, &ada.email).succeeds(200);
    let newer = token(&stage.mail(3));
    assert_ne!(older, newer);
    refused(reset(&stage, &older, NEW), 400, "TOKEN_INVALID");
    try_log_in(&stage, &ada.email, PASSWORD).succeeds(200);
    is_done(&reset(&stage, &newer, NEW), "Password has been reset successfully");
}

#[test]
fn a_link_is_over_after_an_hour() {
    let (stage, ada, token) = forgetful();
    stage.clock.advance(HOUR + SECOND);
    refused(reset(&stage, &token, NEW), 400, "TOKEN_EXPIRED");
    refused(reset(&stage, &format!("{token}x"), NEW), 400, "TOKEN_INVALID");
    log_in(&stage, &ada.email);
    forgot(&stage, &ada.email).succeeds(200);
    let token = super::mail::token(&stage.mail(3));
    stage.clock.advance(HOUR - MINUTE);
    is_done(&reset(&stage, &token, NEW), "Password has been reset successfully");
}

#[test]
fn what_was_never_mailed_resets_nothing() {
    let (stage, ada, token) = forgetful();
    let last = if token.ends_with('A') { "Q" } else { "A" };
    let forged = [
        format!("{}{last}", &token[..53]),
        token[..53].to_owned(),
        token.to_uppercase(),
        format!("{token}A"),
        format!(" {token}"),
        stage.value::<uuid::Uuid>("SELECT id FROM gable_tokens WHERE purpose = 'reset_password'").to_string(),
        super::mail::token(&{ stage.mail(2) }).chars().rev().collect(),
        ada.sid.clone(),
    ];
    for forged in forged {
        let reply = refused(reset(&stage, &forged, NEW), 400, "TOKEN_INVALID");
        assert_eq!(reply["error"]["message"], "The token or code is invalid or has been used already");
    }
    ada.get("/auth/me").succeeds(200);
    log_in(&stage, &ada.email);
    is_done(&reset(&stage, &token, NEW), "Password has been reset successfully");
}

#[test]
fn a_link_to_verify_an_address_sets_no_password_and_the_other_way_round() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let verification = token(&stage.mail(1));
    forgot(&stage, &ada.email).succeeds(200);
    let password = token(&stage.mail(2));
    refused(reset(&stage, &verification, NEW), 400, "TOKEN_INVALID");
    refused(stage.post("/auth/verify-email", json!({ "token": password })), 400, "TOKEN_INVALID");
    assert_eq!(ada.get("/auth/me")["data"]["user"]["isEmailVerified"], false);
    log_in(&stage, &ada.email);
}

#[test]
fn a_new_password_by_mail_opens_an_account_that_guesses_have_closed() {
    let (stage, ada, token) = forgetful();
    (0..5).for_each(|_| drop(try_log_in(&stage, &ada.email, WRONG)));
    refused(try_log_in(&stage, &ada.email, PASSWORD), 423, "ACCOUNT_LOCKED");
    is_done(&reset(&stage, &token, NEW), "Password has been reset successfully");
    try_log_in(&stage, &ada.email, NEW).succeeds(200);
}

#[test]
fn a_changed_password_voids_the_link() {
    let (stage, ada, token) = forgetful();
    is_done(&change_password(&ada, PASSWORD, NEW), "Password changed successfully");
    refused(reset(&stage, &token, "Third-Horse-7"), 400, "TOKEN_INVALID");
    try_log_in(&stage, &ada.email, NEW).succeeds(200);
}

#[test]
fn five_mails_an_hour_are_sent_and_no_more() {
    let (stage, ada, _) = forgetful();
    // One after another: a newer link takes the mail of an older one along that has not left yet.
    for count in 3..=6 {
        is_done(&forgot(&stage, &ada.email), FORGOT);
        stage.mail(count);
    }
    (0..3).for_each(|_| is_done(&forgot(&stage, &ada.email), FORGOT));
    assert_eq!(stage.mails(), 6);
    let last = token(&stage.mail(6));
    stage.clock.advance(HOUR - MINUTE);
    is_done(&forgot(&stage, &ada.email), FORGOT);
    assert_eq!(stage.mails(), 6);
    is_done(&reset(&stage, &last, NEW), "Password has been reset successfully");
    stage.clock.advance(2 * MINUTE);
    is_done(&forgot(&stage, &ada.email), FORGOT);
    assert_eq!(stage.mails(), 7);
}

#[test]
fn many_who_ask_at_once_get_no_more_than_five_mails_and_one_link_that_works() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    stage.mail(1);
    assert_eq!(statuses(&at_once(12, |_| forgot(&stage, &ada.email))), [(200, 12)]);
    let sent = stage.rows("gable_events WHERE kind = 'password_reset_mailed'");
    assert!((1..=5).contains(&sent), "{sent}");
    assert_eq!(stage.rows("gable_tokens WHERE purpose = 'reset_password'"), 1);
}

#[test]
fn who_may_not_act_is_mailed_nothing_and_resets_nothing() {
    for state in ["is_active = false", "deleted_self_account_at = created_at"] {
        let (stage, ada, token) = forgetful();
        let unchanged = |stage: &Stage| stage.value::<String>("SELECT password FROM users");
        let before = unchanged(&stage);
        stage.run(&format!("UPDATE users SET {state}"));
        is_done(&forgot(&stage, &ada.email), FORGOT);
        assert_eq!(stage.mails(), 2, "{state}");
        refused(reset(&stage, &token, NEW), 400, "TOKEN_INVALID");
        assert_eq!(unchanged(&stage), before, "{state}");
    }
}
