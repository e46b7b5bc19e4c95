//! How long the tokens of a pair hold, with a clock that is put forward instead of waited for.

use std::time::Duration;

use super::pair::{LOGOUT, ME, log_in, refused, sign_up};
use super::stage::{OnePair, Stage};
use crate::harness::PASSWORD;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn an_access_token_holds_for_an_hour_and_is_followed_by_another() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    stage.clock.advance(HOUR - 2 * SECOND);
    ada.access_is_open();
    stage.clock.advance(3 * SECOND);
    ada.bearer().get(ME).expect(401, "ExpiredToken");
    refused(&ada.bearer().request("POST", LOGOUT).send(), 401, "UNAUTHORIZED");
    assert_eq!(stage.grants(&ada.user), 1, "who asked was nobody");
    let renewed = ada.renewed();
    stage.clock.advance(HOUR - 2 * SECOND);
    renewed.access_is_open();
    stage.clock.advance(3 * SECOND);
    renewed.access_is_shut();
}

#[test]
fn a_refresh_token_holds_for_seven_days() {
    let stage = Stage::new();
    let (ada, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    stage.clock.advance(7 * DAY - SECOND);
    ada.renewed().access_is_open();
    stage.clock.advance(2 * SECOND);
    bob.is_shut();
    assert_eq!(stage.events("refresh_replayed", &bob.user), 0);
    log_in(&stage, &bob.email, PASSWORD).access_is_open();
}

#[test]
fn each_renewal_begins_seven_days_anew() {
    let stage = Stage::new();
    let mut pair = sign_up(&stage, "ada");
    for _ in 0..4 {
        stage.clock.advance(6 * DAY);
        pair = pair.renewed();
        pair.access_is_open();
    }
    stage.clock.advance(7 * DAY + SECOND);
    pair.is_shut();
}

#[test]
fn a_replay_within_the_grace_does_not_lengthen_a_log_in() {
    let stage = Stage::new();
    let ada = sign_up(&stage, "ada");
    let renewed = ada.renewed();
    stage.clock.advance(10 * SECOND);
    let again = ada.renewed();
    stage.clock.advance(7 * DAY - 5 * SECOND);
    renewed.refresh_is_shut();
    again.is_shut();
}

#[test]
fn where_one_pair_is_all_a_new_log_in_ends_the_one_before() {
    let stage = Stage::of::<OnePair>(|_| {});
    let (first, bob) = (sign_up(&stage, "ada"), sign_up(&stage, "bob"));
    let second = log_in(&stage, &first.email, PASSWORD);
    first.is_shut();
    second.access_is_open();
    let renewed = second.renewed();
    renewed.access_is_open();
    assert_eq!(stage.grants(&first.user), 1);
    bob.access_is_open();
    let body = serde_json::json!({ "email": first.email, "password": PASSWORD });
    stage.post("/api/auth/login", body).succeeds(200);
    renewed.access_is_open();
    assert_eq!(stage.grants(&first.user), 2, "only pairs count");
}
