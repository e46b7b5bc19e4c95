//! Forgotten passwords: the answers, the mails, and the validity of the link.

use serde_json::json;

use super::{
    HOUR, MINUTE, NEW, SECOND, Visitor, WRONG, change_password, fields, is_logged_out, log_in, refused, register,
    succeeds_with, try_log_in,
};
use crate::harness::{Client, InProcess, PASSWORD, Reply, at_once, statuses, token_in};

fn forgot(client: &Client, identifier: &str) -> Reply {
    client.post("/auth/forgot-password", json!({ "identifier": identifier }))
}

pub(super) fn reset(client: &Client, token: &str, new: &str) -> Reply {
    client.post("/auth/reset-password", json!({ "token": token, "newPassword": new }))
}

const FORGOT: &str = "If an account exists with that identifier, a password reset link has been sent";

/// Makes an account that requested a link. The first mail verified its address, the second has the link.
fn forgetful() -> (InProcess, Visitor, String) {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    succeeds_with(&forgot(&app, &ada.email), FORGOT);
    let mail = app.mail(2);
    assert_eq!((&mail.to, mail.subject.as_str()), (&ada.email, "Choose a new password for Gazette"));
    let token = token_in(&mail);
    (app, ada, token)
}

#[test]
fn known_and_unknown_accounts_get_the_same_answer_and_only_the_known_one_gets_a_mail() {
    let (app, ada, _) = forgetful();
    app.run("UPDATE users SET username = 'ada' WHERE email LIKE 'ada%'");
    let known = forgot(&app, &ada.email);
    for identifier in ["nobody@example.com", "nobody", "no address @", &"x".repeat(500)] {
        let unknown = forgot(&app, identifier);
        assert_eq!((unknown.status, &unknown.bytes), (known.status, &known.bytes), "{identifier}");
        assert_eq!(unknown.headers_but(&super::CHANGING), known.headers_but(&super::CHANGING));
    }
    assert_eq!(app.mails(), 3);
    succeeds_with(&forgot(&app, "ada"), FORGOT);
    assert_eq!(app.mail(4).to, ada.email, "whatever identifies the account");
    for wrong in [json!({}), json!({ "identifier": "" }), json!({ "identifier": 7 }), json!({ "email": ada.email })] {
        refused(app.post("/auth/forgot-password", wrong), 400, "VALIDATION_ERROR");
    }
    assert_eq!(app.mails(), 4);
}

#[test]
fn a_link_sets_a_new_password_once_and_ends_every_log_in() {
    let (app, ada, token) = forgetful();
    let other = log_in(&app, &ada.email);
    let email = json!({ "email": ada.email, "password": PASSWORD });
    let jwt = app.post("/api/auth/login", email.clone()).succeeds(200)["token"].clone();
    let pair = app.post("/authentication/local", email).succeeds(200);
    let text = |value: &serde_json::Value| value.as_str().expect("a token").to_owned();
    let bob = register(&app, "bob");
    let reply = reset(&other, &token, NEW);
    succeeds_with(&reply, "Password has been reset successfully");
    let cookie = reply.header("Set-Cookie").expect("a cookie to forget");
    assert!(cookie.starts_with("sid=;") && cookie.contains("Max-Age=0"), "{cookie}");
    is_logged_out(&ada);
    is_logged_out(&other);
    assert_eq!(app.with_token(&text(&jwt)).get("/api/users/me").status, 401);
    assert_eq!(app.with_token(&text(&pair["accessToken"])).get("/api/posts").status, 401);
    let renewed = app.with_token(&text(&pair["refreshToken"])).request("POST", "/authentication/renew").send();
    assert_eq!(renewed.status, 400);
    bob.get("/auth/me").succeeds(200);
    refused(try_log_in(&app, &ada.email, PASSWORD), 401, "INVALID_CREDENTIALS");
    let back = Visitor::of(&app, &try_log_in(&app, &ada.email, NEW).succeeds(200));
    assert_eq!(back.get("/auth/me")["data"]["user"]["isEmailVerified"], true, "the mail arrived");
    refused(reset(&app, &token, "Third-Horse-7"), 400, "TOKEN_INVALID");
    try_log_in(&app, &ada.email, NEW).succeeds(200);
}

#[test]
fn a_link_of_one_account_leaves_the_session_of_another_in_its_browser() {
    let (app, ada, token) = forgetful();
    let bob = register(&app, "bob");
    let reply = reset(&bob, &token, NEW);
    succeeds_with(&reply, "Password has been reset successfully");
    assert_eq!(reply.header("Set-Cookie"), None);
    bob.get("/auth/me").succeeds(200);
    is_logged_out(&ada);
}

#[test]
fn a_password_that_violates_the_policy_does_not_use_up_the_link() {
    let (app, _, token) = forgetful();
    for (body, field) in [
        (json!({ "token": token }), "newPassword"),
        (json!({ "newPassword": NEW }), "token"),
        (json!({ "token": token, "newPassword": "short" }), "newPassword"),
        (json!({ "token": token, "newPassword": "Password1" }), "newPassword"),
        (json!({ "token": token, "newPassword": format!("A1{}", "é".repeat(36)) }), "newPassword"),
        (json!({ "token": token, "newPassword": "A1b2c3d4\u{0}" }), "newPassword"),
        (json!({ "token": token, "newPassword": NEW, "isSuperUser": true }), "isSuperUser"),
    ] {
        let reply = refused(app.post("/auth/reset-password", body), 400, "VALIDATION_ERROR");
        assert!(fields(&reply).contains(&field), "{field} in {reply:?}");
    }
    succeeds_with(&reset(&app, &token, NEW), "Password has been reset successfully");
}

#[test]
fn the_current_password_is_refused_and_keeps_the_link_and_every_log_in() {
    let (app, ada, token) = forgetful();
    let reply = refused(reset(&app, &token, PASSWORD), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&reply), ["newPassword"]);
    ada.get("/auth/me").succeeds(200);
    assert_eq!(app.rows("gable_events WHERE kind = 'password_reset'"), 0);
    succeeds_with(&reset(&app, &token, NEW), "Password has been reset successfully");
    refused(reset(&app, &token, NEW), 400, "TOKEN_INVALID");
}

#[test]
fn a_link_is_good_for_one_guess_at_the_current_password() {
    let (app, _, token) = forgetful();
    let guesses: Vec<String> =
        (0..5).map(|number| format!("Guessed-Horse-{number}")).chain([PASSWORD.to_owned()]).collect();
    let replies = at_once(6, |number| reset(&app, &token, &guesses[number]));
    let violations = replies.iter().filter(|reply| reply["error"]["code"] == "VALIDATION_ERROR").count();
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(done == 1 && violations <= 1, "{replies:#?}");
}

#[test]
fn a_link_used_twice_at_once_works_once() {
    let (app, ada, token) = forgetful();
    let new = |number: usize| format!("Racing-Horse-{number}");
    let replies = at_once(6, |number| reset(&app, &token, &new(number)));
    assert_eq!(statuses(&replies), [(200, 1), (400, 5)]);
    let winner = replies.iter().position(|reply| reply.status == 200).expect("one of them");
    try_log_in(&app, &ada.email, &new(winner)).succeeds(200);
    refused(try_log_in(&app, &ada.email, &new((winner + 1) % 6)), 401, "INVALID_CREDENTIALS");
}

#[test]
fn a_newer_link_voids_the_older() {
    let (app, ada, older) = forgetful();
    forgot(&app, &ada.email).succeeds(200);
    let newer = token_in(&app.mail(3));
    assert_ne!(older, newer);
    refused(reset(&app, &older, NEW), 400, "TOKEN_INVALID");
    try_log_in(&app, &ada.email, PASSWORD).succeeds(200);
    succeeds_with(&reset(&app, &newer, NEW), "Password has been reset successfully");
}

#[test]
fn a_link_is_over_after_an_hour() {
    let (app, ada, token) = forgetful();
    app.clock.advance(HOUR + SECOND);
    refused(reset(&app, &token, NEW), 400, "TOKEN_EXPIRED");
    refused(reset(&app, &format!("{token}x"), NEW), 400, "TOKEN_INVALID");
    log_in(&app, &ada.email);
    forgot(&app, &ada.email).succeeds(200);
    let token = token_in(&app.mail(3));
    app.clock.advance(HOUR - MINUTE);
    succeeds_with(&reset(&app, &token, NEW), "Password has been reset successfully");
}

#[test]
fn a_token_that_was_never_mailed_is_refused() {
    let (app, ada, token) = forgetful();
    let last = if token.ends_with('A') { "Q" } else { "A" };
    let forged = [
        format!("{}{last}", &token[..53]),
        token[..53].to_owned(),
        token.to_uppercase(),
        format!("{token}A"),
        format!(" {token}"),
        app.value::<uuid::Uuid>("SELECT id FROM gable_tokens WHERE purpose = 'reset_password'").to_string(),
        token_in(&{ app.mail(2) }).chars().rev().collect(),
        ada.sid.clone(),
    ];
    for forged in forged {
        let reply = refused(reset(&app, &forged, NEW), 400, "TOKEN_INVALID");
        assert_eq!(reply["error"]["message"], "The token or code is invalid or has been used already");
    }
    ada.get("/auth/me").succeeds(200);
    log_in(&app, &ada.email);
    succeeds_with(&reset(&app, &token, NEW), "Password has been reset successfully");
}

#[test]
fn a_link_to_verify_an_address_sets_no_password_and_the_other_way_round() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let verification = token_in(&app.mail(1));
    forgot(&app, &ada.email).succeeds(200);
    let password = token_in(&app.mail(2));
    refused(reset(&app, &verification, NEW), 400, "TOKEN_INVALID");
    refused(app.post("/auth/verify-email", json!({ "token": password })), 400, "TOKEN_INVALID");
    assert_eq!(ada.get("/auth/me")["data"]["user"]["isEmailVerified"], false);
    log_in(&app, &ada.email);
}

#[test]
fn a_new_password_by_mail_unlocks_an_account() {
    let (app, ada, token) = forgetful();
    (0..5).for_each(|_| drop(try_log_in(&app, &ada.email, WRONG)));
    refused(try_log_in(&app, &ada.email, PASSWORD), 423, "ACCOUNT_LOCKED");
    succeeds_with(&reset(&app, &token, NEW), "Password has been reset successfully");
    try_log_in(&app, &ada.email, NEW).succeeds(200);
}

#[test]
fn a_changed_password_voids_the_link() {
    let (app, ada, token) = forgetful();
    succeeds_with(&change_password(&ada, PASSWORD, NEW), "Password changed successfully");
    refused(reset(&app, &token, "Third-Horse-7"), 400, "TOKEN_INVALID");
    try_log_in(&app, &ada.email, NEW).succeeds(200);
}

#[test]
fn five_mails_an_hour_are_sent_and_no_more() {
    let (app, ada, _) = forgetful();
    // Waits for each mail, because a newer link cancels an older mail that was not sent yet.
    for count in 3..=6 {
        succeeds_with(&forgot(&app, &ada.email), FORGOT);
        app.mail(count);
    }
    (0..3).for_each(|_| succeeds_with(&forgot(&app, &ada.email), FORGOT));
    assert_eq!(app.mails(), 6);
    let last = token_in(&app.mail(6));
    app.clock.advance(HOUR - MINUTE);
    succeeds_with(&forgot(&app, &ada.email), FORGOT);
    assert_eq!(app.mails(), 6);
    succeeds_with(&reset(&app, &last, NEW), "Password has been reset successfully");
    app.clock.advance(2 * MINUTE);
    succeeds_with(&forgot(&app, &ada.email), FORGOT);
    assert_eq!(app.mails(), 7);
}

#[test]
fn many_who_ask_at_once_get_no_more_than_five_mails_and_one_link_that_works() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    app.mail(1);
    assert_eq!(statuses(&at_once(12, |_| forgot(&app, &ada.email))), [(200, 12)]);
    let sent = app.rows("gable_events WHERE kind = 'password_reset_mailed'");
    assert!((1..=5).contains(&sent), "{sent}");
    assert_eq!(app.rows("gable_tokens WHERE purpose = 'reset_password'"), 1);
}

#[test]
fn a_suspended_or_deleted_account_is_mailed_nothing_and_cannot_reset_its_password() {
    for state in ["is_active = false", "deleted_self_account_at = created_at"] {
        let (app, ada, token) = forgetful();
        let unchanged = |app: &InProcess| app.value::<String>("SELECT password FROM users");
        let before = unchanged(&app);
        app.run(&format!("UPDATE users SET {state}"));
        succeeds_with(&forgot(&app, &ada.email), FORGOT);
        assert_eq!(app.mails(), 2, "{state}");
        refused(reset(&app, &token, NEW), 400, "TOKEN_INVALID");
        assert_eq!(unchanged(&app), before, "{state}");
    }
}
