//! Renewing a pair: the old pair becomes invalid, two tabs may renew at once, and later use of an old token ends the
//! log-in.

use std::time::Duration;

use serde_json::json;

use super::pair::{ME, Pair, RENEW, credentials, invalid_refresh, log_in, refused, renew, sign_up};
use super::start;
use crate::harness::{Client, InProcess, PASSWORD, app, at_once, statuses};

const SECOND: Duration = Duration::from_secs(1);

/// The number of times that the account's only log-in was renewed.
fn generation(app: &InProcess, account: &str) -> i64 {
    app.number_of("SELECT CAST(max(generation) AS BIGINT) FROM gable_grants WHERE account_id = $1", account)
}

#[test]
fn a_renewed_pair_can_be_renewed_again_and_again() {
    let app = start::<api::Api>();
    let mut pair = sign_up(&app, "ada");
    for nth in 1..=4 {
        let renewed = pair.renewed();
        pair.access_is_refused();
        renewed.access_is_accepted();
        assert_eq!(generation(&app, &pair.user), nth);
        app.clock.advance(11 * SECOND);
        pair = renewed;
    }
    assert_eq!((app.grants(&pair.user), app.events("refresh_replayed", &pair.user)), (1, 0));
}

#[test]
fn two_tabs_that_renew_one_pair_both_remain_logged_in() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let first = ada.renewed();
    app.clock.advance(10 * SECOND);
    let second = ada.renewed();
    assert_eq!(first.refresh, second.refresh, "the pair that it was spent for");
    first.access_is_accepted();
    second.access_is_accepted();
    ada.access_is_refused();
    assert_eq!((generation(&app, &ada.user), app.events("refresh_replayed", &ada.user)), (1, 0));
    let next = second.renewed();
    next.access_is_accepted();
    first.access_is_refused();
}

/// Presents a used token, and asserts that this ends the log-in.
#[track_caller]
fn is_a_replay(app: &InProcess, spent: &Pair, current: &Pair) {
    invalid_refresh(&spent.renew());
    assert_eq!((app.grants(&spent.user), app.events("refresh_replayed", &spent.user)), (0, 1));
    current.is_invalid();
    spent.is_invalid();
    assert_eq!(app.events("refresh_replayed", &spent.user), 1, "the log-in has ended, so no further event is recorded");
    log_in(app, &spent.email, PASSWORD).access_is_accepted();
}

#[test]
fn a_spent_token_that_comes_back_later_ends_the_log_in() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    app.clock.advance(10 * SECOND + Duration::from_millis(1));
    is_a_replay(&app, &ada, &renewed);
}

#[test]
fn a_token_that_was_spent_before_the_last_one_ends_the_log_in_at_once() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed().renewed();
    is_a_replay(&app, &ada, &renewed);
}

#[test]
fn a_replay_ends_no_other_log_in() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let other = log_in(&app, &ada.email, PASSWORD);
    ada.renewed();
    app.clock.advance(11 * SECOND);
    ada.refresh_is_refused();
    assert_eq!(app.grants(&ada.user), 1);
    other.access_is_accepted();
    other.renewed().access_is_accepted();
}

#[test]
fn many_renewals_of_one_token_at_once_are_one_renewal() {
    let app = start::<api::Api>();
    for _ in 0..5 {
        let ada = sign_up(&app, "ada");
        let replies = at_once(12, |_| ada.renew());
        assert_eq!(statuses(&replies), [(200, 12)]);
        assert_eq!((generation(&app, &ada.user), app.grants(&ada.user)), (1, 1));
        assert_eq!(app.events("refresh_replayed", &ada.user), 0);
        let pairs: Vec<Pair> = replies.iter().map(|reply| Pair::of(&app, &ada.email, reply)).collect();
        pairs.iter().for_each(Pair::access_is_accepted);
        assert!(pairs.iter().all(|pair| pair.refresh == pairs[0].refresh));
        ada.access_is_refused();
        pairs[7].renewed().access_is_accepted();
    }
}

#[test]
fn many_replays_at_once_are_one_replay() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    app.clock.advance(11 * SECOND);
    let replies = at_once(8, |_| ada.renew());
    replies.iter().for_each(invalid_refresh);
    assert_eq!((app.grants(&ada.user), app.events("refresh_replayed", &ada.user)), (0, 1));
    renewed.is_invalid();
}

#[test]
fn parallel_renewals_and_replays_end_the_log_in() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let renewed = ada.renewed();
    app.clock.advance(11 * SECOND);
    let replies = at_once(8, |number| if number % 2 == 0 { ada.renew() } else { renewed.renew() });
    for reply in &replies {
        assert!(matches!(reply.status, 200 | 400), "{reply:?}");
    }
    assert_eq!((app.grants(&ada.user), app.events("refresh_replayed", &ada.user)), (0, 1));
    for reply in replies.iter().filter(|reply| reply.status == 200) {
        Pair::of(&app, &ada.email, reply).is_invalid();
    }
    renewed.is_invalid();
}

#[test]
fn a_log_out_and_a_renewal_at_once_leave_no_log_in() {
    let app = start::<api::Api>();
    for _ in 0..5 {
        let ada = sign_up(&app, "ada");
        let replies = at_once(2, |number| match number {
            0 => ada.renew(),
            _ => ada.bearer().request("POST", super::pair::LOGOUT).send(),
        });
        match (replies[0].status, replies[1].status) {
            (400, 200) => assert_eq!(app.grants(&ada.user), 0),
            // The renewal came first and invalidated the access token of the log-out.
            (200, 401 | 409) => Pair::of(&app, &ada.email, &replies[0]).access_is_accepted(),
            (200, 200) => Pair::of(&app, &ada.email, &replies[0]).is_invalid(),
            other => panic!("{other:?}: {replies:?}"),
        }
    }
}

#[test]
fn a_refresh_token_elsewhere_than_in_the_header_does_not_count() {
    let app = app();
    let ada = sign_up(&app, "ada");
    let token = &ada.refresh;
    for body in [json!({ "refreshToken": token }), json!({ "refresh_token": token }), json!(token)] {
        refused(&app.post(RENEW, body), 401, "UNAUTHORIZED");
    }
    for name in ["refreshToken", "refresh_token", "sid", "arkos_access_token"] {
        refused(&app.request("POST", RENEW).header("Cookie", &format!("{name}={token}")).send(), 401, "UNAUTHORIZED");
        refused(&app.request("POST", &format!("{RENEW}?{name}={token}")).send(), 400, "INVALID_ARGUMENTS");
    }
    refused(&app.request("POST", RENEW).send(), 401, "UNAUTHORIZED");
    for header in ["Basic x", token, "Bearer", "Bearer ", ""] {
        invalid_refresh(&app.request("POST", RENEW).header("Authorization", header).send());
    }
    ada.access_is_accepted();
    ada.renewed().access_is_accepted();
}

#[test]
fn the_two_tokens_of_a_pair_cannot_replace_each_other() {
    let app = app();
    let ada = sign_up(&app, "ada");
    invalid_refresh(&renew(&app, &ada.access));
    let refresh: Client = app.with_token(&ada.refresh);
    refresh.get(ME).expect(401, "InvalidToken");
    refresh.get("/api/posts").expect(401, "InvalidToken");
    refresh.post("/api/posts", json!({ "title": "Refreshed", "content": "…" })).expect(401, "InvalidToken");
    for path in ["logout", "local/change-password", "local/change-email"] {
        let path = format!("/authentication/{path}");
        refused(&refresh.post(&path, json!({})), 401, "UNAUTHORIZED");
    }
    for cookie in ["sid", "arkos_access_token"] {
        app.request("GET", ME).header("Cookie", &format!("{cookie}={}", ada.refresh)).send().succeeds(401);
    }
    ada.access_is_accepted();
    ada.renewed().access_is_accepted();
}

#[test]
fn a_refresh_token_that_was_never_issued_changes_nothing() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let token = &ada.refresh;
    let middle = token.len() / 2;
    let mut forged: Vec<String> =
        [1, 2, 8, middle, token.len() - 1].map(|by| token[..token.len() - by].to_owned()).into();
    forged.extend([token[1..].to_owned(), format!("{token}A"), format!("{token}="), format!("{token}{token}")]);
    forged.extend([token.to_lowercase(), token.to_uppercase(), "A".repeat(token.len()), "x".repeat(50_000)]);
    forged.extend((0..token.len()).step_by(7).map(|at| {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    }));
    for forged in forged.iter().filter(|forged| *forged != token) {
        invalid_refresh(&renew(&app, forged));
    }
    assert_eq!((generation(&app, &ada.user), app.events("refresh_replayed", &ada.user)), (0, 0));
    ada.access_is_accepted();
    ada.renewed().access_is_accepted();
}

#[test]
fn a_pair_renews_its_own_log_in_only() {
    let app = start::<api::Api>();
    let (ada, bob) = (sign_up(&app, "ada"), sign_up(&app, "bob"));
    assert_eq!(ada.renewed().user, ada.user);
    bob.access_is_accepted();
    assert_eq!((generation(&app, &ada.user), generation(&app, &bob.user)), (1, 0));
}

#[test]
fn log_ins_of_other_surfaces_are_not_renewed() {
    let app = start::<api::Api>();
    let ada = sign_up(&app, "ada");
    let jwt = app.post("/api/auth/login", credentials(&ada.email, PASSWORD)).succeeds(200)["token"].clone();
    invalid_refresh(&renew(&app, jwt.as_str().expect("a token")));
    let session = app.post("/auth/login", json!({ "identifier": ada.email, "password": PASSWORD })).succeeds(200);
    let sid = session.header("Set-Cookie").and_then(|cookie| cookie.split(['=', ';']).nth(1)).expect("a session");
    invalid_refresh(&renew(&app, sid));
    assert_eq!((app.grants(&ada.user), generation(&app, &ada.user)), (3, 0));
}
