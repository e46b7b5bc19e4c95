//! Another address: who is told, what is void, and what must be confirmed first.

use std::time::Duration;

use serde_json::json;

use super::pair::{
    CHANGE_EMAIL, FORGOT, LOCAL, NEW, OTHER_PASSWORD, Pair, RESET, VERIFY, address, credentials, link_in, log_in,
    refused, refused_for, says, sign_up, token_in,
};
use super::stage::{APP, Redirecting, Stage, Verifying};
use crate::harness::{PASSWORD, Reply, at_once, statuses};

const HOUR: Duration = Duration::from_secs(60 * 60);
const CHANGED: &str = "Email changed successfully";
const SENT: &str = "Verification email sent";

fn change(pair: &Pair, new: &str) -> Reply {
    pair.bearer().post(CHANGE_EMAIL, json!({ "newEmail": new }))
}

fn open(stage: &Stage, token: &str) -> Reply {
    stage.get(&format!("{VERIFY}/{token}"))
}

/// The address that an account has, and whether it is verified.
#[track_caller]
fn has(stage: &Stage, pair: &Pair, email: &str, verified: bool) {
    let row = pair.bearer().get(super::pair::ME).succeeds(200);
    assert_eq!((&row["data"]["email"], &row["data"]["isEmailVerified"]), (&json!(email), &json!(verified)));
    assert_eq!(log_in(stage, email, PASSWORD).user, pair.user);
}

/// Where addresses must be verified: somebody whose address is.
#[track_caller]
fn verified(stage: &Stage, name: &str) -> Pair {
    let email = address(name);
    stage.post(NEW, credentials(&email, PASSWORD)).succeeds(200);
    open(stage, &token_in(&stage.mails_to(&email, 1)[0])).succeeds(200);
    log_in(stage, &email, PASSWORD)
}

#[test]
fn an_address_changes_at_once_and_is_to_be_verified_anew() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    open(&stage, &token_in(&stage.mails_to(&ada.email, 1)[0])).succeeds(200);
    has(&stage, &ada, &ada.email, true);
    let new = address("ada");
    says(&change(&ada, &new), CHANGED);
    has(&stage, &ada, &new, false);
    refused(&stage.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    let told = &stage.mails_to(&ada.email, 2)[1];
    assert!(told.subject.contains("has changed") && told.text.contains(&new), "{told:?}");
    assert!(!told.text.contains("http"), "the old address gets no link: {}", told.text);
    says(&open(&stage, &token_in(&stage.mails_to(&new, 1)[0])), "Email verified");
    has(&stage, &ada, &new, true);
    ada.renewed().access_is_open();
}

#[test]
fn what_was_sent_to_the_old_address_is_void() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let verification = token_in(&stage.mails_to(&ada.email, 1)[0]);
    stage.post(FORGOT, json!({ "email": ada.email })).succeeds(200);
    let reset = token_in(&stage.mails_to(&ada.email, 2)[1]);
    let new = address("ada");
    says(&change(&ada, &new), CHANGED);
    refused(&open(&stage, &verification), 404, "NOT_FOUND");
    let body = json!({ "passwordResetToken": reset, "password": OTHER_PASSWORD });
    refused(&stage.post(RESET, body), 400, "INVALID_ARGUMENTS");
    has(&stage, &ada, &new, false);
}

#[test]
fn an_address_that_somebody_has_is_refused() {
    let stage = Stage::new();
    let (ada, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    refused(&change(&ada, &bob.email), 409, "CONFLICT");
    has(&stage, &ada, &ada.email, false);
    assert_eq!(log_in(&stage, &bob.email, PASSWORD).user, bob.user);
    assert_eq!(stage.mails(), 2, "nobody is told of what did not happen");
}

#[test]
fn one_of_many_who_want_an_address_at_once_gets_it() {
    let stage = Stage::new();
    let all: Vec<Pair> = (0..5).map(|_| sign_up(&stage, "ada")).collect();
    let new = address("wanted");
    let replies = at_once(5, |number| change(&all[number], &new));
    assert_eq!(statuses(&replies), [(200, 1), (409, 4)]);
    assert_eq!(stage.rows(&format!("users WHERE email = '{new}'")), 1);
}

#[test]
fn what_is_no_address_is_refused_and_changes_nothing() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    stage.mails_to(&ada.email, 1);
    for new in [
        "nonsense",
        "",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: eve@example.com",
        "a@example.com\nBcc: eve@example.com",
        "a\r\n@example.com",
        "a@example.com\u{0}",
        "Ada <a@example.com>",
        "a b@example.com",
        "@example.com",
        "a@",
        "a@-.example",
    ] {
        refused_for(&change(&ada, new), &["newEmail"]);
    }
    for body in
        [json!({}), json!({ "newEmail": null }), json!({ "newEmail": 7 }), json!({ "newEmail": ["a@b.example"] })]
    {
        refused_for(&ada.bearer().post(CHANGE_EMAIL, body), &["newEmail"]);
    }
    for more in ["isEmailVerified", "email", "password", "isSuperUser", "id"] {
        refused_for(&ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("x"), more: true })), &[more]);
    }
    refused(&stage.post(CHANGE_EMAIL, json!({ "newEmail": address("x") })), 401, "UNAUTHORIZED");
    refused_for(
        &ada.bearer().post(CHANGE_EMAIL, json!({ "newEmail": address("x"), "redirectUri": "https://evil.example" })),
        &["redirectUri"],
    );
    has(&stage, &ada, &ada.email, false);
    assert_eq!(stage.mails(), 1);
}

#[test]
fn where_addresses_are_verified_the_new_one_is_confirmed_first() {
    let stage = Stage::of::<Verifying>(|_| {});
    let ada = verified(&stage, "ada");
    let new = address("ada");
    says(&change(&ada, &new), SENT);
    has(&stage, &ada, &ada.email, true);
    refused(&stage.post(LOCAL, credentials(&new, PASSWORD)), 401, "UNAUTHORIZED");
    let token = token_in(&stage.mails_to(&new, 1)[0]);
    says(&open(&stage, &token), "Email verified");
    has(&stage, &ada, &new, true);
    refused(&stage.post(LOCAL, credentials(&ada.email, PASSWORD)), 401, "UNAUTHORIZED");
    assert!(stage.mails_to(&ada.email, 2)[1].text.contains(&new), "the old address is told");
    says(&open(&stage, &token), "Email verified");
    assert_eq!(stage.mails(), 3);
}

#[test]
fn an_address_that_was_taken_meanwhile_is_not_taken_from_its_owner() {
    let stage = Stage::of::<Verifying>(|_| {});
    let ada = verified(&stage, "ada");
    let wanted = address("wanted");
    says(&change(&ada, &wanted), SENT);
    let token = token_in(&stage.mails_to(&wanted, 1)[0]);
    stage.post(NEW, credentials(&wanted, PASSWORD)).succeeds(200);
    let refusal = open(&stage, &token);
    refused(&refusal, 409, "CONFLICT");
    assert_eq!(refusal.header("Location"), None);
    has(&stage, &ada, &ada.email, true);
    assert_eq!(stage.rows(&format!("users WHERE email = '{wanted}'")), 1);
    assert_eq!(stage.rows("users WHERE is_email_verified"), 1, "the link was not for the other account");
}

#[test]
fn an_address_that_somebody_has_is_refused_before_a_mail_is_sent() {
    let stage = Stage::of::<Verifying>(|_| {});
    let (ada, bob) = (verified(&stage, "ada"), verified(&stage, "bob"));
    let mails = stage.mails();
    refused(&change(&ada, &bob.email), 409, "CONFLICT");
    assert_eq!((stage.mails(), stage.rows("gable_tokens WHERE used_at IS NULL")), (mails, 0));
    has(&stage, &ada, &ada.email, true);
}

#[test]
fn a_newer_wish_voids_the_older_and_a_day_voids_each() {
    let stage = Stage::of::<Verifying>(|_| {});
    let ada = verified(&stage, "ada");
    let (first, second) = (address("first"), address("second"));
    says(&change(&ada, &first), SENT);
    let older = token_in(&stage.mails_to(&first, 1)[0]);
    says(&change(&ada, &second), SENT);
    let newer = token_in(&stage.mails_to(&second, 1)[0]);
    refused(&open(&stage, &older), 404, "NOT_FOUND");
    stage.clock.advance(24 * HOUR);
    refused(&open(&stage, &newer), 404, "NOT_FOUND");
    assert_eq!(stage.rows(&format!("users WHERE email = '{}'", ada.email)), 1);
}

#[test]
fn somebody_who_is_suspended_gets_no_other_address() {
    let stage = Stage::of::<Verifying>(|_| {});
    let ada = verified(&stage, "ada");
    let new = address("ada");
    says(&change(&ada, &new), SENT);
    let token = token_in(&stage.mails_to(&new, 1)[0]);
    stage.change("UPDATE users SET is_active = FALSE WHERE id = $1", &ada.user);
    refused(&open(&stage, &token), 404, "NOT_FOUND");
    assert_eq!(stage.rows(&format!("users WHERE email = '{}'", ada.email)), 1);
}

#[test]
fn a_new_password_voids_a_change_of_address_that_waits() {
    let stage = Stage::of::<Verifying>(|_| {});
    let ada = verified(&stage, "ada");
    let new = address("mallory");
    says(&change(&ada, &new), SENT);
    let token = token_in(&stage.mails_to(&new, 1)[0]);
    let body = json!({ "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD });
    ada.bearer().post(super::pair::CHANGE_PASSWORD, body).succeeds(200);
    refused(&open(&stage, &token), 404, "NOT_FOUND");
    log_in(&stage, &ada.email, OTHER_PASSWORD).access_is_open();
}

#[test]
fn the_mail_leads_to_the_page_that_was_asked_for() {
    let stage = Stage::of::<Redirecting>(|_| {});
    let ada = sign_up(&stage, "ada");
    let new = address("ada");
    let body = json!({ "newEmail": new, "redirectUri": APP });
    says(&ada.bearer().post(CHANGE_EMAIL, body), CHANGED);
    let link = link_in(&stage.mails_to(&new, 1)[0]);
    let path = link.strip_prefix(&stage.url()).expect("a link to the application");
    assert_eq!(stage.get(path).succeeds(302).header("Location"), Some(APP));
}

#[test]
fn the_address_that_an_account_has_is_refused_and_nothing_is_sent() {
    for stage in [Stage::new(), Stage::of::<Verifying>(|_| {})] {
        let ada = verified(&stage, "ada");
        let mails = stage.mails();
        for own in [ada.email.clone(), ada.email.to_uppercase(), format!(" {} ", ada.email)] {
            refused_for(&change(&ada, &own), &["newEmail"]);
        }
        assert_eq!(stage.mails(), mails);
        assert_eq!(stage.events("email_change_requested", &ada.user), 0);
        has(&stage, &ada, &ada.email, true);
    }
}

#[test]
fn a_confirmation_that_is_opened_again_leads_to_the_same_place_and_changes_nothing() {
    let stage = Stage::of::<Verifying>(|_| {});
    let ada = verified(&stage, "ada");
    let new = address("ada");
    says(&change(&ada, &new), SENT);
    let token = token_in(&stage.mails_to(&new, 1)[0]);
    says(&open(&stage, &token), "Email verified");
    let events = stage.events("email_verified", &ada.user);
    says(&open(&stage, &token), "Email verified");
    assert_eq!((stage.events("email_verified", &ada.user), stage.events("email_changed", &ada.user)), (events, 1));
    has(&stage, &ada, &new, true);
}
