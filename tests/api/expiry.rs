//! Tokens, locks, log-ins and events that end by themselves. The clock is advanced instead of waited for.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Client, InProcess, PASSWORD, Reply};

const EMAIL: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn with_an_account() -> InProcess {
    let app = InProcess::new();
    app.post("/api/auth/signup", json!({ "email": EMAIL, "password": PASSWORD })).succeeds(201);
    app
}

fn log_in(client: &Client, password: &str) -> Reply {
    client.post("/api/auth/login", json!({ "email": EMAIL, "password": password }))
}

#[test]
fn a_token_ends_after_thirty_days_and_says_that_it_expired() {
    let app = with_an_account();
    let ada = app.log_in(EMAIL);
    app.clock.advance(29 * DAY);
    ada.get("/api/users/me").succeeds(200);
    app.clock.advance(DAY + MINUTE);
    ada.get("/api/users/me").expect(401, "ExpiredToken");
    log_in(&app, PASSWORD).succeeds(200);
}

#[test]
fn a_locked_account_is_unlocked_after_a_quarter_of_an_hour() {
    let app = with_an_account();
    let wrong: Vec<u16> = (0..5).map(|_| log_in(&app, "Wrong-1234").status).collect();
    assert_eq!(wrong, [401; 5]);
    assert_eq!(log_in(&app, PASSWORD).status, 423);
    app.clock.advance(14 * MINUTE);
    assert_eq!(log_in(&app, PASSWORD).status, 423, "the quarter of an hour has not passed");
    app.clock.advance(2 * MINUTE);
    assert_eq!(log_in(&app, PASSWORD).status, 200);
}

#[test]
fn after_a_lock_the_count_begins_anew() {
    let app = with_an_account();
    (0..5).for_each(|_| assert_eq!(log_in(&app, "Wrong-1234").status, 401));
    app.clock.advance(16 * MINUTE);
    (0..4).for_each(|_| assert_eq!(log_in(&app, "Wrong-1234").status, 401));
    assert_eq!(log_in(&app, PASSWORD).status, 200, "four wrong passwords after the lock do not lock again");
}

#[test]
fn expired_log_ins_are_cleared_away_and_events_are_kept_for_a_while() {
    let app = with_an_account();
    assert_eq!(log_in(&app, PASSWORD).status, 200);
    assert_eq!((app.rows("gable_grants"), app.rows("gable_events")), (1, 2));
    let app = app.restart_after(31 * DAY);
    app.eventually_has_rows("gable_grants", 0);
    assert_eq!(app.rows("gable_events"), 2, "events are kept for longer than thirty days");
    let app = app.restart_after(60 * DAY);
    app.eventually_has_rows("gable_events", 0);
}
