//! Forgotten passwords on this surface: the stages of all surfaces, and the cookie of the browser.

use serde_json::json;

use super::{NEW, Visitor, change_password, fields, is_logged_out, refused, register, succeeds_with, try_log_in};
use crate::forgotten_password::{LoggedIn, PasswordRecovery, Refusal, stages};
use crate::harness::{Client, InProcess, PASSWORD, Reply, token_in};

fn forgot(client: &Client, identifier: &str) -> Reply {
    client.post("/auth/forgot-password", json!({ "identifier": identifier }))
}

pub(super) fn reset(client: &Client, token: &str, new: &str) -> Reply {
    client.post("/auth/reset-password", json!({ "token": token, "newPassword": new }))
}

const FORGOT: &str = "If an account exists with that identifier, a password reset link has been sent";

struct Session;

impl PasswordRecovery for Session {
    fn sign_up(&self, app: &InProcess, name: &str) -> LoggedIn {
        let Visitor { client, sid, id, email } = register(app, name);
        LoggedIn { client, id, email, credentials: vec![sid] }
    }

    fn log_in(&self, app: &InProcess, email: &str, password: &str) -> Reply {
        try_log_in(app, email, password)
    }

    fn change_password(&self, account: &LoggedIn, new: &str) -> Reply {
        change_password(&account.client, PASSWORD, new)
    }

    fn forgot(&self, app: &InProcess, email: &str) -> Reply {
        forgot(app, email)
    }

    fn reset(&self, app: &InProcess, token: &str, password: &str) -> Reply {
        reset(app, token, password)
    }

    fn verify(&self, app: &InProcess, token: &str) -> Reply {
        app.post("/auth/verify-email", json!({ "token": token }))
    }

    #[track_caller]
    fn mailed(&self, reply: &Reply) {
        succeeds_with(reply, FORGOT);
    }

    #[track_caller]
    fn done(&self, reply: &Reply) {
        succeeds_with(reply, "Password has been reset successfully");
    }

    #[track_caller]
    fn refused(&self, reply: Reply, refusal: Refusal) {
        let (status, code) = match refusal {
            Refusal::InvalidToken | Refusal::InvalidVerification => (400, "TOKEN_INVALID"),
            Refusal::ExpiredToken => (400, "TOKEN_EXPIRED"),
            Refusal::WrongPassword => (401, "INVALID_CREDENTIALS"),
            Refusal::Locked => (423, "ACCOUNT_LOCKED"),
        };
        refused(reply, status, code);
    }

    fn refuses_password(&self, reply: &Reply) -> bool {
        let is_password = |field: &&str| *field == "newPassword";
        reply["error"]["code"] == "VALIDATION_ERROR" && fields(reply).iter().all(is_password)
    }
}

stages!(Session);

/// Makes an account that requested a link. The first mail verified its address, the second has the link.
fn forgetful() -> (InProcess, Visitor, String) {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    succeeds_with(&forgot(&app, &ada.email), FORGOT);
    let token = token_in(&app.mail(2));
    (app, ada, token)
}

#[test]
fn a_link_is_mailed_for_any_identifier_and_for_nothing_else() {
    let (app, ada, _) = forgetful();
    app.run("UPDATE users SET username = 'ada' WHERE email LIKE 'ada%'");
    succeeds_with(&forgot(&app, "ada"), FORGOT);
    assert_eq!(app.mail(3).to, ada.email);
    for wrong in [json!({}), json!({ "identifier": "" }), json!({ "identifier": 7 }), json!({ "email": ada.email })] {
        refused(app.post("/auth/forgot-password", wrong), 400, "VALIDATION_ERROR");
    }
    assert_eq!(app.mails(), 3);
}

#[test]
fn a_body_with_a_missing_or_unknown_key_does_not_use_up_the_link() {
    let (app, _, token) = forgetful();
    for (body, field) in [
        (json!({ "token": token }), "newPassword"),
        (json!({ "newPassword": NEW }), "token"),
        (json!({ "token": token, "newPassword": NEW, "isSuperUser": true }), "isSuperUser"),
    ] {
        let reply = refused(app.post("/auth/reset-password", body), 400, "VALIDATION_ERROR");
        assert!(fields(&reply).contains(&field), "{field} in {reply:?}");
    }
    succeeds_with(&reset(&app, &token, NEW), "Password has been reset successfully");
}

#[test]
fn a_link_removes_the_cookie_of_a_session_that_it_has_ended() {
    let (app, ada, token) = forgetful();
    let other = Visitor::of(&app, &try_log_in(&app, &ada.email, PASSWORD).succeeds(200));
    let reply = reset(&other, &token, NEW);
    succeeds_with(&reply, "Password has been reset successfully");
    let cookie = reply.header("Set-Cookie").expect("a cookie to forget");
    assert!(cookie.starts_with("sid=;") && cookie.contains("Max-Age=0"), "{cookie}");
    is_logged_out(&ada);
    is_logged_out(&other);
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
fn a_forged_token_is_refused_with_a_sentence_that_does_not_tell_used_from_unknown() {
    let (app, _, token) = forgetful();
    let reply = refused(reset(&app, &token[1..], NEW), 400, "TOKEN_INVALID");
    assert_eq!(reply["error"]["message"], "The token or code is invalid or has been used already");
}
