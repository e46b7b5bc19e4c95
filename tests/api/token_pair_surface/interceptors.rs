//! Interceptors of the operations on this surface: their order, their inputs, and the rollback after their errors.

use std::sync::{Arc, Mutex};

use api::User;
use gable::{ApiError, AuthHooks, Context, EmailChange, RecoveryRequest};
use serde_json::{Value, json};

use super::installation;
use super::pair::{
    CHANGE_EMAIL, FORGOT, OTHER_PASSWORD, Pair, RENEW, RESEND, RESET, VERIFY, address, answers_with, invalid_refresh,
    log_in, refused, refused_for, renew, sign_up,
};
use crate::harness::{InProcess, Journal, PASSWORD, Reply, record, token_in};

fn install(journal: &Journal, auth: &mut AuthHooks<User>) {
    record!(
        journal,
        auth,
        [
            before_renew,
            after_renew,
            on_renew_error,
            before_change_email,
            after_change_email,
            on_change_email_error,
            before_forgot_password,
            after_forgot_password,
            on_forgot_password_error,
            before_reset_password,
            after_reset_password,
            on_reset_password_error,
            before_verify_email,
            after_verify_email,
            on_verify_email_error,
            before_resend_verification,
            after_resend_verification,
            on_resend_verification_error,
        ]
    );
}

/// Starts an application that records its interceptors, and makes an account, which was sent a mail.
fn journalled() -> (InProcess, Journal, Pair) {
    let journal = Journal::default();
    let app = installation().start::<api::Api>(|hooks| install(&journal, &mut hooks.auth));
    let ada = sign_up(&app, "ada");
    (app, journal, ada)
}

/// A request and the interceptors that run for it.
struct Case {
    path: String,
    bearer: Option<String>,
    body: Value,
    ran: [&'static str; 3],
}

impl Case {
    fn send(&self, app: &InProcess) -> Reply {
        let client = self.bearer.as_ref().map_or_else(|| (**app).clone(), |token| app.with_token(token));
        match &self.body {
            Value::Null if self.path.starts_with("/hook") => client.get(&self.path),
            Value::Null => client.request("POST", &self.path).send(),
            body => client.post(&self.path, body.clone()),
        }
    }
}

/// A valid request for every operation; the last one ends the log-in that the others use.
fn cases(app: &InProcess, ada: &Pair) -> Vec<Case> {
    let verification = token_in(&app.mails_to(&ada.email, 1)[0]);
    app.post(FORGOT, json!({ "email": ada.email })).succeeds(200);
    let reset = token_in(&app.mails_to(&ada.email, 2)[1]);
    let unverified = sign_up(app, "bob");
    app.clock.advance(std::time::Duration::from_secs(61));
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

/// The numbers of all rows that these operations write, and of the mails.
fn everything(app: &InProcess) -> Vec<i64> {
    let mut counts: Vec<i64> = ["gable_grants", "gable_events", "gable_tokens"].map(|table| app.rows(table)).to_vec();
    counts.push(i64::try_from(app.mails()).expect("a count"));
    for counted in [
        "gable_tokens WHERE used_at IS NOT NULL",
        "gable_grants WHERE generation > 0",
        "users WHERE is_email_verified",
        "users WHERE password_changed_at IS NOT NULL",
        "users WHERE email LIKE 'bob-%'",
    ] {
        counts.push(app.rows(counted));
    }
    counts
}

#[test]
fn each_operation_runs_its_own_interceptors_in_order() {
    let (app, journal, ada) = journalled();
    for case in cases(&app, &ada) {
        journal.take();
        let reply = case.send(&app).succeeds(200);
        assert_eq!(journal.take(), case.ran[..2], "{reply:?}");
    }
}

#[test]
fn an_error_before_or_after_an_operation_undoes_all_of_it() {
    let (app, journal, ada) = journalled();
    let cases = cases(&app, &ada);
    let mut before = everything(&app);
    for case in &cases {
        for failing in [case.ran[0], case.ran[1]] {
            journal.fail(failing);
            journal.take();
            let reply = case.send(&app);
            assert_eq!((reply.status, &reply["message"]), (409, &json!("An interceptor objects")), "{reply:?}");
            refused(&reply, 409, "CONFLICT");
            assert_eq!(journal.take().last(), Some(&case.ran[2]), "{failing}");
            journal.succeed();
            assert_eq!(everything(&app), before, "{failing}");
        }
        case.send(&app).succeeds(200);
        before = everything(&app);
    }
    log_in(&app, &ada.email, OTHER_PASSWORD);
}

#[test]
fn an_error_interceptor_may_replace_the_error() {
    let (app, journal, ada) = journalled();
    let cases = cases(&app, &ada);
    let before = everything(&app);
    for case in cases {
        journal.fail(case.ran[2]);
        let broken = Case { path: format!("{}?x=1", case.path), ..case };
        let reply = broken.send(&app);
        refused(&reply, 409, "CONFLICT");
        assert_eq!(reply["message"], "An interceptor objects");
    }
    assert_eq!(everything(&app), before);
}

#[test]
fn invalid_requests_run_the_error_interceptors_only() {
    let (app, journal, ada) = journalled();
    let current = ada.renewed();
    app.clock.advance(std::time::Duration::from_secs(11));
    journal.take();
    invalid_refresh(&renew(&app, "nonsense"));
    assert_eq!(journal.take(), ["on_renew_error"]);
    invalid_refresh(&ada.renew());
    assert_eq!(journal.take(), ["on_renew_error"], "a spent token does not hold");
    current.is_invalid();
    journal.take();
    refused(&app.get(&format!("{VERIFY}/nonsense")), 404, "NOT_FOUND");
    assert_eq!(journal.take(), ["on_verify_email_error"]);
    let body = json!({ "passwordResetToken": "nonsense", "password": OTHER_PASSWORD });
    refused(&app.post(RESET, body), 400, "INVALID_ARGUMENTS");
    assert_eq!(journal.take(), ["on_reset_password_error"]);
    let other = log_in(&app, &ada.email, PASSWORD);
    refused_for(&other.bearer().post(CHANGE_EMAIL, json!({ "newEmail": "nonsense" })), &["newEmail"]);
    assert_eq!(journal.take(), ["on_change_email_error"]);
    refused(&app.post(CHANGE_EMAIL, json!({ "newEmail": address("x") })), 401, "UNAUTHORIZED");
    assert_eq!(journal.take(), Vec::<&str>::new(), "the caller is anonymous");
}

#[test]
fn a_replay_ends_the_log_in_whatever_an_interceptor_says() {
    let (app, journal, ada) = journalled();
    let current = ada.renewed();
    app.clock.advance(std::time::Duration::from_secs(11));
    for failing in ["before_renew", "after_renew"] {
        journal.fail(failing);
        invalid_refresh(&ada.renew());
    }
    assert_eq!((app.grants(&ada.user), app.events("refresh_replayed", &ada.user)), (0, 1));
    journal.succeed();
    current.is_invalid();
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
    let app = installation().start::<api::Api>(|hooks| {
        hooks
            .auth
            .before_forgot_password(note(&seen, "before"))
            .after_forgot_password(note(&seen, "after"))
            .before_resend_verification(note(&seen, "before"))
            .after_resend_verification(note(&seen, "after"));
    });
    let ada = sign_up(&app, "ada");
    for email in [&ada.email, "nobody@example.com"] {
        for path in [FORGOT, RESEND] {
            app.post(path, json!({ "email": email })).succeeds(200);
            let seen = std::mem::take(&mut *seen.lock().expect("no test panics with it"));
            assert_eq!(seen, [format!("before {email}"), format!("after {email}")]);
        }
    }
}

#[test]
fn an_interceptor_may_give_another_address_than_was_asked_for() {
    let app = installation().start::<api::Api>(|hooks| {
        hooks.auth.before_change_email(async |_: &mut Context<'_>, change: &mut EmailChange| -> Result<(), ApiError> {
            change.new_email = format!("staff.{}", change.new_email);
            Ok(())
        });
        hooks.auth.after_change_email(async |_: &mut Context<'_>, user: &mut User| -> Result<(), ApiError> {
            match user.email.starts_with("staff.") {
                true => Ok(()),
                false => Err(ApiError::conflict("NotChangedYet", "The account has its old address")),
            }
        });
    });
    let ada = sign_up(&app, "ada");
    let new = address("ada");
    answers_with(&ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": new })), "Email changed successfully");
    assert_eq!(log_in(&app, &format!("staff.{new}"), PASSWORD).user, ada.user);
}
