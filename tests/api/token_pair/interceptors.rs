//! The interceptors of what this surface does: which run when, what they see, and what an error of theirs undoes.

use std::sync::{Arc, Mutex};

use api::User;
use gable::{ApiError, AuthHooks, Context, EmailChange, RecoveryRequest};
use serde_json::{Value, json};

use super::pair::{
    CHANGE_EMAIL, FORGOT, OTHER_PASSWORD, Pair, RENEW, RESEND, RESET, VERIFY, address, invalid_refresh, log_in,
    refused, refused_for, renew, says, sign_up, token_in,
};
use super::stage::Stage;
use crate::auth_interceptors::stage::Journal;
use crate::harness::{PASSWORD, Reply};

fn install(journal: &Journal, auth: &mut AuthHooks<User>) {
    auth.before_renew(journal.at("before_renew"))
        .after_renew(journal.at("after_renew"))
        .on_renew_error(journal.at("on_renew_error"))
        .before_change_email(journal.at("before_change_email"))
        .after_change_email(journal.at("after_change_email"))
        .on_change_email_error(journal.at("on_change_email_error"))
        .before_forgot_password(journal.at("before_forgot_password"))
        .after_forgot_password(journal.at("after_forgot_password"))
        .on_forgot_password_error(journal.at("on_forgot_password_error"))
        .before_reset_password(journal.at("before_reset_password"))
        .after_reset_password(journal.at("after_reset_password"))
        .on_reset_password_error(journal.at("on_reset_password_error"))
        .before_verify_email(journal.at("before_verify_email"))
        .after_verify_email(journal.at("after_verify_email"))
        .on_verify_email_error(journal.at("on_verify_email_error"))
        .before_resend_verification(journal.at("before_resend_verification"))
        .after_resend_verification(journal.at("after_resend_verification"))
        .on_resend_verification_error(journal.at("on_resend_verification_error"));
}

/// A journal at every place, and somebody who is logged in and was sent a mail to verify their address.
fn journalled() -> (Stage, Journal, Pair) {
    let journal = Journal::default();
    let stage = Stage::with(|auth| install(&journal, auth));
    let ada = sign_up(&stage, "ada");
    (stage, journal, ada)
}

/// What a test sends, and what runs for it.
struct Case {
    path: String,
    bearer: Option<String>,
    body: Value,
    ran: [&'static str; 3],
}

impl Case {
    fn send(&self, stage: &Stage) -> Reply {
        let client = self.bearer.as_ref().map_or_else(|| (**stage).clone(), |token| stage.with_token(token));
        match &self.body {
            Value::Null if self.path.starts_with("/hook") => client.get(&self.path),
            Value::Null => client.request("POST", &self.path).send(),
            body => client.post(&self.path, body.clone()),
        }
    }
}

/// Every operation, as it would succeed; the last one ends the log-in of the others.
fn cases(stage: &Stage, ada: &Pair) -> Vec<Case> {
    let verification = token_in(&stage.mails_to(&ada.email, 1)[0]);
    stage.post(FORGOT, json!({ "email": ada.email })).succeeds(200);
    let reset = token_in(&stage.mails_to(&ada.email, 2)[1]);
    let unverified = sign_up(stage, "bob");
    stage.clock.advance(std::time::Duration::from_secs(61));
    let case = |path: &str, bearer: Option<&str>, body, ran| Case {
        path: path.to_owned(),
        bearer: bearer.map(str::to_owned),
        body,
        ran,
    };
    let reset_body = json!({ "passwordResetToken": reset, "password": OTHER_PASSWORD });
    vec![
        case(
            RESEND,
            None,
            json!({ "email": unverified.email }),
            ["before_resend_verification", "after_resend_verification", "on_resend_verification_error"],
        ),
        case(
            &format!("{VERIFY}/{verification}"),
            None,
            Value::Null,
            ["before_verify_email", "after_verify_email", "on_verify_email_error"],
        ),
        case(
            FORGOT,
            None,
            json!({ "email": unverified.email }),
            ["before_forgot_password", "after_forgot_password", "on_forgot_password_error"],
        ),
        case(
            CHANGE_EMAIL,
            Some(&unverified.access),
            json!({ "newEmail": address("bob") }),
            ["before_change_email", "after_change_email", "on_change_email_error"],
        ),
        case(RENEW, Some(&ada.refresh), Value::Null, ["before_renew", "after_renew", "on_renew_error"]),
        case(RESET, None, reset_body, ["before_reset_password", "after_reset_password", "on_reset_password_error"]),
    ]
}

/// Everything that these operations write, and what is to be sent.
fn everything(stage: &Stage) -> Vec<i64> {
    let mut counts: Vec<i64> = ["gable_grants", "gable_events", "gable_tokens"].map(|table| stage.rows(table)).to_vec();
    counts.push(i64::try_from(stage.mails()).expect("a count"));
    for counted in [
        "gable_tokens WHERE used_at IS NOT NULL",
        "gable_grants WHERE generation > 0",
        "users WHERE is_email_verified",
        "users WHERE password_changed_at IS NOT NULL",
        "users WHERE email LIKE 'bob-%'",
    ] {
        counts.push(stage.rows(counted));
    }
    counts
}

#[test]
fn each_operation_runs_its_own_interceptors_in_order() {
    let (stage, journal, ada) = journalled();
    for case in cases(&stage, &ada) {
        journal.take();
        let reply = case.send(&stage).succeeds(200);
        assert_eq!(journal.take(), case.ran[..2], "{reply:?}");
    }
}

#[test]
fn an_error_before_or_after_an_operation_undoes_all_of_it() {
    let (stage, journal, ada) = journalled();
    let cases = cases(&stage, &ada);
    let mut before = everything(&stage);
    for case in &cases {
        for failing in [case.ran[0], case.ran[1]] {
            journal.let_fail(failing);
            journal.take();
            let reply = case.send(&stage);
            assert_eq!((reply.status, &reply["message"]), (409, &json!("An interceptor objects")), "{reply:?}");
            refused(&reply, 409, "CONFLICT");
            assert_eq!(journal.take().last(), Some(&case.ran[2]), "{failing}");
            journal.let_fail("");
            assert_eq!(everything(&stage), before, "{failing}");
        }
        case.send(&stage).succeeds(200);
        before = everything(&stage);
    }
    log_in(&stage, &ada.email, OTHER_PASSWORD);
}

#[test]
fn an_error_interceptor_may_replace_the_error() {
    let (stage, journal, ada) = journalled();
    let cases = cases(&stage, &ada);
    let before = everything(&stage);
    for case in cases {
        journal.let_fail(case.ran[2]);
        let broken = Case { path: format!("{}?x=1", case.path), ..case };
        let reply = broken.send(&stage);
        refused(&reply, 409, "CONFLICT");
        assert_eq!(reply["message"], "An interceptor objects");
    }
    assert_eq!(everything(&stage), before);
}

#[test]
fn what_does_not_hold_is_shown_to_the_error_interceptors_only() {
    let (stage, journal, ada) = journalled();
    let current = ada.renewed();
    stage.clock.advance(std::time::Duration::from_secs(11));
    journal.take();
    invalid_refresh(&renew(&stage, "nonsense"));
    assert_eq!(journal.take(), ["on_renew_error"]);
    invalid_refresh(&ada.renew());
    assert_eq!(journal.take(), ["on_renew_error"], "a spent token does not hold");
    current.is_shut();
    journal.take();
    refused(&stage.get(&format!("{VERIFY}/nonsense")), 404, "NOT_FOUND");
    assert_eq!(journal.take(), ["on_verify_email_error"]);
    let body = json!({ "passwordResetToken": "nonsense", "password": OTHER_PASSWORD });
    refused(&stage.post(RESET, body), 400, "INVALID_ARGUMENTS");
    assert_eq!(journal.take(), ["on_reset_password_error"]);
    let other = log_in(&stage, &ada.email, PASSWORD);
    refused_for(&other.bearer().post(CHANGE_EMAIL, json!({ "newEmail": "nonsense" })), &["newEmail"]);
    assert_eq!(journal.take(), ["on_change_email_error"]);
    refused(&stage.post(CHANGE_EMAIL, json!({ "newEmail": address("x") })), 401, "UNAUTHORIZED");
    assert_eq!(journal.take(), Vec::<&str>::new(), "nobody is logged in");
}

#[test]
fn a_replay_ends_the_log_in_whatever_an_interceptor_says() {
    let (stage, journal, ada) = journalled();
    let current = ada.renewed();
    stage.clock.advance(std::time::Duration::from_secs(11));
    for failing in ["before_renew", "after_renew"] {
        journal.let_fail(failing);
        invalid_refresh(&ada.renew());
    }
    assert_eq!((stage.grants(&ada.user), stage.events("refresh_replayed", &ada.user)), (0, 1));
    journal.let_fail("");
    current.is_shut();
}

#[test]
fn requests_for_a_mail_run_alike_for_known_and_unknown_accounts() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = |seen: &Arc<Mutex<Vec<String>>>, when: &'static str| {
        let seen = seen.clone();
        async move |_: &mut Context<'_>, request: &mut RecoveryRequest| -> Result<(), ApiError> {
            seen.lock().expect("no test panics with it").push(format!("{when} {}", request.identifier));
            Ok(())
        }
    };
    let stage = Stage::with(|auth| {
        auth.before_forgot_password(note(&seen, "before"))
            .after_forgot_password(note(&seen, "after"))
            .before_resend_verification(note(&seen, "before"))
            .after_resend_verification(note(&seen, "after"));
    });
    let ada = sign_up(&stage, "ada");
    for email in [&ada.email, "nobody@example.com"] {
        for path in [FORGOT, RESEND] {
            stage.post(path, json!({ "email": email })).succeeds(200);
            let seen = std::mem::take(&mut *seen.lock().expect("no test panics with it"));
            assert_eq!(seen, [format!("before {email}"), format!("after {email}")]);
        }
    }
}

#[test]
fn an_interceptor_may_give_another_address_than_was_asked_for() {
    let stage = Stage::with(|auth| {
        auth.before_change_email(async |_: &mut Context<'_>, change: &mut EmailChange| -> Result<(), ApiError> {
            change.new_email = format!("staff.{}", change.new_email);
            Ok(())
        });
        auth.after_change_email(async |_: &mut Context<'_>, user: &mut User| -> Result<(), ApiError> {
            match user.email.starts_with("staff.") {
                true => Ok(()),
                false => Err(ApiError::conflict("NotChangedYet", "The account has its old address")),
            }
        });
    });
    let ada = sign_up(&stage, "ada");
    let new = address("ada");
    says(&ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": new })), "Email changed successfully");
    assert_eq!(log_in(&stage, &format!("staff.{new}"), PASSWORD).user, ada.user);
}
