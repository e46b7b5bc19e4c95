//! The lifetime of the tokens of a pair. The clock is advanced instead of waited for.

use std::time::Duration;

use super::pair::{LOGOUT, ME, log_in, refused, sign_up};
use super::start;
use crate::harness::{OnePairPerAccount, PASSWORD};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn an_access_token_holds_for_an_hour_and_is_followed_by_another() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    app.clock.advance(HOUR - 2 * SECOND);
    ada.access_is_accepted();
    app.clock.advance(3 * SECOND);
    ada.bearer().get(ME).expect(401, "ExpiredToken");
    refused(&ada.bearer().request("POST", LOGOUT).send(), 401, "UNAUTHORIZED");
    assert_eq!(app.grants(&ada.user), 1, "the caller was anonymous");
    let renewed = ada.renewed();
    app.clock.advance(HOUR - 2 * SECOND);
    renewed.access_is_accepted();
    app.clock.advance(3 * SECOND);
    renewed.access_is_refused();
}

#[test]
fn a_refresh_token_holds_for_seven_days() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    app.clock.advance(7 * DAY - SECOND);
    ada.renewed().access_is_accepted();
    app.clock.advance(2 * SECOND);
    bob.is_invalid();
    assert_eq!(app.events("refresh_replayed", &bob.user), 0);
    log_in(&app, &bob.email, PASSWORD).access_is_accepted();
}

#[test]
fn each_renewal_begins_seven_days_anew() {
    let app = start::<api::Api>();
    let mut pair = sign_up(&app, "ada");
    for _ in 0..4 {
        app.clock.advance(6 * DAY);
        pair = pair.renewed();
        pair.access_is_accepted();
    }
    app.clock.advance(7 * DAY + SECOND);
    pair.is_invalid();
}

#[test]
fn a_replay_within_the_grace_does_not_lengthen_a_log_in() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    app.clock.advance(10 * SECOND);
    let again = ada.renewed();
    app.clock.advance(7 * DAY - 5 * SECOND);
    renewed.refresh_is_refused();
    again.is_invalid();
}

#[test]
fn with_one_pair_per_account_a_new_log_in_ends_the_previous_one() {
    let app = start::<OnePairPerAccount>();
    let (first, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    let second = log_in(&app, &first.email, PASSWORD);
    first.is_invalid();
    second.access_is_accepted();
    let renewed = second.renewed();
    renewed.access_is_accepted();
    assert_eq!(app.grants(&first.user), 1);
    bob.access_is_accepted();
    let body = serde_json::json!({ "email": first.email, "password": PASSWORD });
    app.post("/api/auth/login", body).succeeds(200);
    renewed.access_is_accepted();
    assert_eq!(app.grants(&first.user), 2, "only pairs count");
}
