//! How long a session lasts, with a clock that is put forward instead of waited for.

use std::time::{Duration, Instant};

use gable::generated::{DateTime, Utc};

use super::stage::{DAY, HOUR, MINUTE, SECOND, Stage};
use super::{Visitor, is_over, log_in, refused, register};
use crate::harness::PASSWORD;

/// When the only session was last used, as the database has it.
fn last_active(stage: &Stage) -> DateTime<Utc> {
    stage.value("SELECT last_active_at FROM gable_grants")
}

/// Waits until a use has been written down that was not before.
fn wait_for_use(stage: &Stage, before: DateTime<Utc>) -> DateTime<Utc> {
    let deadline = Instant::now() + MINUTE;
    loop {
        let now = last_active(stage);
        if now != before {
            return now;
        }
        assert!(Instant::now() < deadline, "still {before}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_session_ends_when_it_lies_idle_for_half_an_hour() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    stage.clock.advance(29 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    let bob = register(&stage, "bob");
    stage.clock.advance(30 * MINUTE);
    is_over(&bob);
    is_over(&ada);
    assert!(log_in(&stage, &ada.email).get("/auth/me").succeeds(200)["data"]["user"]["fullName"].is_null());
}

#[test]
fn every_use_keeps_a_session_alive_but_for_no_more_than_seven_days() {
    let stage = Stage::with_stopped_clock();
    let ada = register(&stage, "ada");
    for _ in 0..14 * 24 - 2 {
        for path in ["/auth/me", "/api/posts"] {
            stage.clock.advance(30 * MINUTE / 2);
            let before = last_active(&stage);
            ada.get(path).succeeds(200);
            wait_for_use(&stage, before);
        }
    }
    stage.clock.advance(29 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    stage.clock.advance(29 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    stage.clock.advance(2 * MINUTE);
    is_over(&ada);
}

#[test]
fn a_use_is_written_down_once_a_minute_at_most() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let opened = last_active(&stage);
    stage.clock.advance(59 * SECOND);
    (0..3).for_each(|_| drop(ada.get("/auth/me").succeeds(200)));
    stage.clock.advance(2 * SECOND);
    (0..3).for_each(|_| drop(ada.get("/auth/me").succeeds(200)));
    let first = wait_for_use(&stage, opened);
    stage.clock.advance(59 * SECOND);
    (0..3).for_each(|_| drop(ada.get("/auth/me").succeeds(200)));
    stage.clock.advance(2 * SECOND);
    ada.get("/auth/me").succeeds(200);
    let second = wait_for_use(&stage, first);
    // Had a use within the minute been written down, it would have been found here instead.
    for (from, to) in [(opened, first), (first, second)] {
        assert!((to - from).num_seconds() >= 60, "{from} {to}");
    }
}

#[test]
fn a_use_that_was_not_written_down_is_forgotten_with_the_process_and_one_that_was_is_not() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let opened = last_active(&stage);
    stage.clock.advance(20 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    wait_for_use(&stage, opened);
    let stage = stage.restart_after(20 * MINUTE);
    super::with_sid(&stage, &ada.sid).get("/auth/me").succeeds(200);
    let stage = stage.restart_after(31 * MINUTE);
    is_over(&super::with_sid(&stage, &ada.sid));
}

#[test]
fn an_idle_session_is_not_listed_and_ended_ones_are_cleared_away() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let listed = |visitor: &Visitor| {
        visitor.get("/auth/sessions").succeeds(200)["data"]["sessions"].as_array().map_or(0, Vec::len)
    };
    stage.clock.advance(20 * MINUTE);
    let second = log_in(&stage, &ada.email);
    assert_eq!(listed(&second), 2);
    stage.clock.advance(20 * MINUTE);
    assert_eq!(listed(&second), 1);
    is_over(&ada);
    let stage = stage.restart_after(7 * DAY);
    stage.eventually_has_rows("gable_grants", 0);
    is_over(&super::with_sid(&stage, &second.sid));
}

#[test]
fn a_closed_account_opens_by_itself_after_a_quarter_of_an_hour() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let attempt = |password: &str| super::try_log_in(&stage, &ada.email, password);
    (0..5).for_each(|_| drop(refused(attempt(super::WRONG), 401, "INVALID_CREDENTIALS")));
    stage.clock.advance(14 * MINUTE);
    refused(attempt(PASSWORD), 423, "ACCOUNT_LOCKED");
    stage.clock.advance(2 * MINUTE);
    attempt(PASSWORD).succeeds(200);
}

#[test]
fn strangers_are_let_try_again_when_accounts_are() {
    let stage = Stage::new();
    let ada = register(&stage, "ada");
    let both = |expected: u16| {
        let replies = [&ada.email, "nobody@example.com"].map(|name| super::try_log_in(&stage, name, super::WRONG));
        assert!(replies.iter().all(|reply| reply.status == expected), "{expected}: {replies:#?}");
        assert_eq!(replies[0].bytes, replies[1].bytes);
    };
    (0..5).for_each(|_| both(401));
    both(423);
    stage.clock.advance(HOUR / 4);
    (0..5).for_each(|_| both(401));
    both(423);
}
