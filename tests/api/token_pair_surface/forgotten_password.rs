//! Forgotten passwords on this surface: the stages of all surfaces, and the redirect of the mailed link.

use serde_json::{Value, json};

use super::pair::{
    CHANGE_EMAIL, CHANGE_PASSWORD, FORGOT, LOCAL, ME, OTHER_PASSWORD, Pair, RESET, VERIFY, address, answers_with,
    credentials, invalid_refresh, log_in, refused, refused_for, renew, sign_up,
};
use super::start;
use super::verification_link::elsewhere;
use crate::forgotten_password::{LoggedIn, PasswordRecovery, Refusal, stages};
use crate::harness::{APP, InProcess, PASSWORD, Reply, WELCOME, WithRedirects, at_once, link_in, statuses, token_in};

const DONE: &str = "Password reset successful";
const MAILED: &str = "Password reset email sent";

struct TokenPair;

impl PasswordRecovery for TokenPair {
    fn sign_up(&self, app: &InProcess, name: &str) -> LoggedIn {
        let pair = sign_up(app, name);
        let client = pair.bearer();
        let Pair { user, email, access, refresh, .. } = pair;
        LoggedIn { client, id: user, email, credentials: vec![access, refresh] }
    }

    fn log_in(&self, app: &InProcess, email: &str, password: &str) -> Reply {
        app.post(LOCAL, credentials(email, password))
    }

    fn change_password(&self, account: &LoggedIn, new: &str) -> Reply {
        account.client.post(CHANGE_PASSWORD, json!({ "oldPassword": PASSWORD, "newPassword": new }))
    }

    fn forgot(&self, app: &InProcess, email: &str) -> Reply {
        app.post(FORGOT, json!({ "email": email }))
    }

    fn reset(&self, app: &InProcess, token: &str, password: &str) -> Reply {
        reset(app, token, password)
    }

    fn verify(&self, app: &InProcess, token: &str) -> Reply {
        app.get(&format!("{VERIFY}/{token}"))
    }

    #[track_caller]
    fn mailed(&self, reply: &Reply) {
        answers_with(reply, MAILED);
    }

    #[track_caller]
    fn done(&self, reply: &Reply) {
        answers_with(reply, DONE);
    }

    #[track_caller]
    fn refused(&self, reply: Reply, refusal: Refusal) {
        match refusal {
            Refusal::InvalidToken | Refusal::ExpiredToken => refused(&reply, 400, "INVALID_ARGUMENTS"),
            Refusal::InvalidVerification => refused(&reply, 404, "NOT_FOUND"),
            Refusal::WrongPassword => refused(&reply, 401, "UNAUTHORIZED"),
            Refusal::Locked => refused(&reply, 403, "FORBIDDEN"),
        }
    }

    fn refuses_password(&self, reply: &Reply) -> bool {
        let fields: Option<Vec<&Value>> =
            reply["errors"].as_array().map(|errors| errors.iter().map(|error| &error["field"]).collect());
        fields.is_some_and(|fields| !fields.is_empty() && fields.iter().all(|field| *field == "password"))
    }
}

stages!(TokenPair);

/// Requests a mail and returns its token; `nth` counts the mails to that address, including the one for the sign-up.
#[track_caller]
fn forgot(app: &InProcess, email: &str, nth: usize) -> String {
    answers_with(&app.post(FORGOT, json!({ "email": email })), MAILED);
    token_in(&app.mails_to(email, nth)[nth - 1])
}

fn body(token: &str, password: &str) -> Value {
    json!({ "passwordResetToken": token, "password": password })
}

fn reset(app: &InProcess, token: &str, password: &str) -> Reply {
    app.post(RESET, body(token, password))
}

#[track_caller]
fn logs_in(app: &InProcess, email: &str, right: &str, wrong: &str) {
    log_in(app, email, right).access_is_accepted();
    refused(&app.post(LOCAL, credentials(email, wrong)), 401, "UNAUTHORIZED");
}

#[test]
fn a_body_with_an_unknown_key_or_a_token_of_another_type_does_not_use_up_the_token() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    let with = |key: &str, value: Value| {
        let mut body = body(&token, OTHER_PASSWORD);
        body[key] = value;
        app.post(RESET, body)
    };
    refused_for(&with("email", json!("x")), &["email"]);
    for value in [json!({ "$ne": null }), json!([token])] {
        refused_for(&with("passwordResetToken", value), &["passwordResetToken"]);
    }
    answers_with(&reset(&app, &token, OTHER_PASSWORD), DONE);
}

#[test]
fn a_token_to_reset_a_password_is_no_credential() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    app.with_token(&token).get(ME).succeeds(401);
    invalid_refresh(&renew(&app, &token));
}

#[test]
fn a_token_does_not_outlive_the_address_that_it_was_sent_to() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = forgot(&app, &ada.email, 2);
    ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("ada") })).succeeds(200);
    refused(&reset(&app, &token, OTHER_PASSWORD), 400, "INVALID_ARGUMENTS");
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
        answers_with(&app.post(FORGOT, json!({ "email": ada.email, "redirectUri": uri })), MAILED);
        let mail = &app.mails_to(&ada.email, nth)[nth - 1];
        assert!(mail.text.contains(&start), "{}", mail.text);
    }
    let mail = &app.mails_to(&ada.email, 3)[2];
    let token = mail.text.split("reset_token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    answers_with(&reset(&app, token.expect("a token"), OTHER_PASSWORD), DONE);
    logs_in(&app, &ada.email, OTHER_PASSWORD, PASSWORD);
}
