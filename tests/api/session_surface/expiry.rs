//! The lifetime of sessions. The clock is advanced instead of waited for.

use std::time::{Duration, Instant};

use gable::generated::{DateTime, Utc};

use super::{DAY, HOUR, MINUTE, SECOND, Visitor, is_logged_out, log_in, refused, register};
use crate::harness::{InProcess, Installation, PASSWORD};

/// The stored time at which the only session was last used.
fn last_active(app: &InProcess) -> DateTime<Utc> {
    app.value("SELECT last_active_at FROM gable_grants")
}

/// Waits until a new use of the session is stored.
fn wait_for_use(app: &InProcess, before: DateTime<Utc>) -> DateTime<Utc> {
    let deadline = Instant::now() + MINUTE;
    loop {
        let now = last_active(app);
        if now != before {
            return now;
        }
        assert!(Instant::now() < deadline, "still {before}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_session_ends_after_half_an_hour_without_use() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    app.clock.advance(29 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    let bob = register(&app, "bob");
    app.clock.advance(30 * MINUTE);
    is_logged_out(&bob);
    is_logged_out(&ada);
    assert!(log_in(&app, &ada.email).get("/auth/me").succeeds(200)["data"]["user"]["fullName"].is_null());
}

#[test]
fn every_use_keeps_a_session_alive_but_for_no_more_than_seven_days() {
    let app = Installation::new().with_stopped_clock().start::<api::Api>(|_| {});
    let ada = register(&app, "ada");
    for _ in 0..14 * 24 - 2 {
        for path in ["/auth/me", "/api/posts"] {
            app.clock.advance(30 * MINUTE / 2);
            let before = last_active(&app);
            ada.get(path).succeeds(200);
            wait_for_use(&app, before);
        }
    }
    app.clock.advance(29 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    app.clock.advance(29 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    app.clock.advance(2 * MINUTE);
    is_logged_out(&ada);
}

#[test]
fn a_use_of_a_session_is_stored_once_a_minute_at_most() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let opened = last_active(&app);
    app.clock.advance(59 * SECOND);
    (0..3).for_each(|_| drop(ada.get("/auth/me").succeeds(200)));
    app.clock.advance(2 * SECOND);
    (0..3).for_each(|_| drop(ada.get("/auth/me").succeeds(200)));
    let first = wait_for_use(&app, opened);
    app.clock.advance(59 * SECOND);
    (0..3).for_each(|_| drop(ada.get("/auth/me").succeeds(200)));
    app.clock.advance(2 * SECOND);
    ada.get("/auth/me").succeeds(200);
    let second = wait_for_use(&app, first);
    // If the use within the same minute had been stored, its time would have been found here.
    for (from, to) in [(opened, first), (first, second)] {
        assert!((to - from).num_seconds() >= 60, "{from} {to}");
    }
}

#[test]
fn a_use_that_was_not_stored_is_lost_with_the_process() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let opened = last_active(&app);
    app.clock.advance(20 * MINUTE);
    ada.get("/auth/me").succeeds(200);
    wait_for_use(&app, opened);
    let app = app.restart_after(20 * MINUTE);
    super::with_sid(&app, &ada.sid).get("/auth/me").succeeds(200);
    let app = app.restart_after(31 * MINUTE);
    is_logged_out(&super::with_sid(&app, &ada.sid));
}

#[test]
fn an_idle_session_is_not_listed_and_ended_ones_are_deleted() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let listed = |visitor: &Visitor| {
        visitor.get("/auth/sessions").succeeds(200)["data"]["sessions"].as_array().map_or(0, Vec::len)
    };
    app.clock.advance(20 * MINUTE);
    let second = log_in(&app, &ada.email);
    assert_eq!(listed(&second), 2);
    app.clock.advance(20 * MINUTE);
    assert_eq!(listed(&second), 1);
    is_logged_out(&ada);
    let app = app.restart_after(7 * DAY);
    app.eventually_has_rows("gable_grants", 0);
    is_logged_out(&super::with_sid(&app, &second.sid));
}

#[test]
fn a_locked_account_is_unlocked_after_a_quarter_of_an_hour() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let attempt = |password: &str| super::try_log_in(&app, &ada.email, password);
    (0..5).for_each(|_| drop(refused(attempt(super::WRONG), 401, "INVALID_CREDENTIALS")));
    app.clock.advance(14 * MINUTE);
    refused(attempt(PASSWORD), 423, "ACCOUNT_LOCKED");
    app.clock.advance(2 * MINUTE);
    attempt(PASSWORD).succeeds(200);
}

#[test]
fn unknown_identifiers_are_unlocked_at_the_same_time_as_accounts() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let both = |expected: u16| {
        let replies = [&ada.email, "nobody@example.com"].map(|name| super::try_log_in(&app, name, super::WRONG));
        assert!(replies.iter().all(|reply| reply.status == expected), "{expected}: {replies:#?}");
        assert_eq!(replies[0].bytes, replies[1].bytes);
    };
    (0..5).for_each(|_| both(401));
    both(423);
    app.clock.advance(HOUR / 4);
    (0..5).for_each(|_| both(401));
    both(423);
}
