//! Guessing passwords: the number of attempts is limited, also if they are made in parallel.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Account, App, PASSWORD, Reply, Setup, app, at_once, spawn_app, statuses, unique};

const WRONG: &str = "Wrong-Horse-7";

fn log_in(app: &App, account: &Account, password: &str) -> Reply {
    app.post("/api/auth/login", json!({ "email": account.email, "password": password }))
}

fn guess(app: &App, account: &Account, times: usize) {
    for _ in 0..times {
        log_in(app, account, WRONG).expect(401, "IncorrectCredentials");
    }
}

fn guess_current(account: &Account) -> Reply {
    let body = json!({ "currentPassword": WRONG, "newPassword": "Another-Horse-7" });
    account.post("/api/auth/update-password", body)
}

#[test]
fn after_five_wrong_passwords_even_the_right_one_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    guess(&app, &ada, 5);
    let locked = log_in(&app, &ada, PASSWORD).expect(423, "AccountLocked");
    assert_eq!(locked.header("Set-Cookie"), None);
    assert!(locked["token"].is_null() && locked["data"].is_null(), "{locked:?}");
    log_in(&app, &ada, WRONG).expect(423, "AccountLocked");
}

#[test]
fn every_name_of_an_account_is_locked_with_it() {
    let app = app();
    let ada = app.sign_up("ada");
    let nickname = format!("Nick-{}", ada.username);
    ada.post("/api/user-profiles", json!({ "nickname": nickname })).succeeds(201);
    let names = [("email", &ada.email), ("username", &ada.username), ("nickname", &nickname)];
    let attempt = |key: &str, value: &str, password: &str| {
        app.post("/api/auth/login", json!({ key: value, "password": password }))
    };
    for number in 0..5 {
        let (key, value) = names[number % names.len()];
        attempt(key, value, WRONG).expect(401, "IncorrectCredentials");
    }
    for (key, value) in names {
        attempt(key, value, PASSWORD).expect(423, "AccountLocked");
    }
}

#[test]
fn a_lock_of_one_account_locks_no_other() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    guess(&app, &ada, 5);
    log_in(&app, &bob, PASSWORD).succeeds(200);
}

#[test]
fn a_log_in_survives_the_lock_of_its_account() {
    let app = app();
    let ada = app.sign_up("ada");
    guess(&app, &ada, 5);
    log_in(&app, &ada, PASSWORD).expect(423, "AccountLocked");
    ada.get("/api/users/me").succeeds(200);
    ada.post("/api/posts", json!({ "title": "Still here", "content": "…", "slug": ada.username })).succeeds(201);
    ada.delete("/api/auth/logout").succeeds(204);
}

#[test]
fn no_log_in_waits_long_for_others_to_the_same_account() {
    // At this cost, they would take half a minute one after another.
    let app = Setup::new().with("GABLE_BCRYPT_COST", "12").spawn();
    let ada = app.sign_up("ada");
    let replies = at_once(120, |_| {
        let start = Instant::now();
        let reply = log_in(&app, &ada, PASSWORD);
        assert!(start.elapsed() < Duration::from_secs(25), "{:?}: {reply:?}", start.elapsed());
        reply
    });
    let refused: Vec<_> = replies.into_iter().filter(|reply| reply.status != 200).collect();
    assert!(!refused.is_empty(), "at least one log-in had to wait too long");
    for reply in refused {
        assert_eq!(reply.expect(503, "ServiceUnavailable").header("Retry-After"), Some("2"));
    }
    log_in(&app, &ada, WRONG).expect(401, "IncorrectCredentials");
    log_in(&app, &ada, PASSWORD).succeeds(200);
}

#[test]
fn a_lock_outlives_a_restart_also_of_a_name_that_nobody_has() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let by_name = |app: &App, name: &str, password: &str| {
        app.post("/api/auth/login", json!({ "username": name, "password": password }))
    };
    for name in [ada.username.as_str(), "nobody"] {
        (0..5).for_each(|_| drop(by_name(&app, name, WRONG).expect(401, "IncorrectCredentials")));
    }
    let app = app.restart();
    for name in [ada.username.as_str(), "nobody"] {
        by_name(&app, name, PASSWORD).expect(423, "AccountLocked");
    }
}

#[test]
fn unknown_identifiers_are_compared_like_those_of_accounts() {
    let app = app();
    let ada = app.sign_up("ada");
    let unknown_name = unique("nobody");
    let tried = |name: String| app.post("/api/auth/login", json!({ "username": name, "password": WRONG }));
    for attempt in 0..8 {
        for spell in [str::to_uppercase, str::to_owned, |name: &str| format!(" {name} ")] {
            let (known, unknown) = (tried(spell(&ada.username)), tried(spell(&unknown_name)));
            assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes), "attempt {attempt}");
        }
    }
}

#[test]
fn a_right_password_resets_the_count_of_wrong_ones() {
    let app = app();
    let ada = app.sign_up("ada");
    for _ in 0..3 {
        guess(&app, &ada, 4);
        log_in(&app, &ada, PASSWORD).succeeds(200);
    }
    guess(&app, &ada, 5);
    log_in(&app, &ada, PASSWORD).expect(423, "AccountLocked");
}

#[test]
fn the_right_password_of_an_account_that_may_not_act_is_counted_like_a_wrong_one() {
    let app = app();
    let (ada, unknown_name) = (app.sign_up("ada"), format!("{}@example.com", unique("nobody")));
    let path = format!("/api/users/{}", ada.id);
    app.super_user().patch(&path, json!({ "isActive": false })).succeeds(200);
    for attempt in 1..=8 {
        let password = if attempt % 2 == 0 { PASSWORD } else { WRONG };
        let known = log_in(&app, &ada, password);
        let unknown = app.post("/api/auth/login", json!({ "email": unknown_name, "password": password }));
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes), "attempt {attempt}");
        assert_eq!(known.status, if attempt <= 5 { 401 } else { 423 }, "attempt {attempt}");
    }
}

#[test]
fn of_many_parallel_wrong_passwords_at_most_five_are_verified() {
    let app = app();
    for _ in 0..3 {
        let ada = app.sign_up("ada");
        let replies = at_once(20, |_| log_in(&app, &ada, WRONG));
        assert_eq!(statuses(&replies), [(401, 5), (423, 15)]);
        log_in(&app, &ada, PASSWORD).expect(423, "AccountLocked");
    }
}

#[test]
fn guesses_under_many_names_at_once_are_counted_together() {
    let app = app();
    let ada = app.sign_up("ada");
    let replies = at_once(20, |number| match number % 2 {
        0 => log_in(&app, &ada, WRONG),
        _ => app.post("/api/auth/login", json!({ "username": ada.username, "password": WRONG })),
    });
    assert_eq!(statuses(&replies), [(401, 5), (423, 15)]);
}

#[test]
fn many_right_passwords_at_once_are_all_let_in() {
    let app = app();
    let ada = app.sign_up("ada");
    let replies = at_once(30, |_| log_in(&app, &ada, PASSWORD));
    assert_eq!(statuses(&replies), [(200, 30)]);
    let mut tokens: Vec<_> = replies.iter().map(|reply| reply["token"].as_str().expect("a token")).collect();
    tokens.iter().for_each(|token| assert_eq!(app.with_token(token).get("/api/users/me").status, 200));
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 30, "a log-in each");
}

#[test]
fn guesses_at_the_current_password_are_counted_too() {
    let app = app();
    let ada = app.sign_up("ada");
    for _ in 0..5 {
        guess_current(&ada).expect(400, "IncorrentCurrentPassword");
    }
    guess_current(&ada).expect(423, "AccountLocked");
    let right = json!({ "currentPassword": PASSWORD, "newPassword": "Another-Horse-7" });
    ada.post("/api/auth/update-password", right).expect(423, "AccountLocked");
    log_in(&app, &ada, PASSWORD).expect(423, "AccountLocked");
    ada.get("/api/users/me").succeeds(200);
}

#[test]
fn guesses_on_both_ways_are_counted_together() {
    let app = app();
    let ada = app.sign_up("ada");
    let replies = at_once(16, |number| if number % 2 == 0 { log_in(&app, &ada, WRONG) } else { guess_current(&ada) });
    let looked_at = replies.iter().filter(|reply| matches!(reply.status, 400 | 401)).count();
    let locked = replies.iter().filter(|reply| reply.status == 423).count();
    assert_eq!((looked_at, locked), (5, 11), "{replies:#?}");
}

#[test]
fn a_guess_that_violates_the_password_policy_is_counted() {
    let app = app();
    let ada = app.sign_up("ada");
    for password in ["x", &"x".repeat(73), &format!("{PASSWORD}\u{0}"), "ü", " "] {
        log_in(&app, &ada, password).expect(401, "IncorrectCredentials");
    }
    log_in(&app, &ada, PASSWORD).expect(423, "AccountLocked");
}

#[test]
fn an_unknown_account_is_answered_like_a_wrong_password_and_locked_alike() {
    let app = app();
    let ada = app.sign_up("ada");
    // The order of the exposed headers is not fixed.
    let changing = ["date", "x-request-id", "access-control-expose-headers"];
    let unknown = format!("{}@example.com", uuid::Uuid::now_v7());
    let attempt = |email: &str| app.post("/api/auth/login", json!({ "email": email, "password": WRONG }));
    for nth in 1..=7 {
        let (known, unknown_reply) = (attempt(&ada.email), attempt(&unknown));
        assert_eq!((known.status, &known.bytes), (unknown_reply.status, &unknown_reply.bytes), "attempt {nth}");
        assert_eq!(known.headers_but(&changing), unknown_reply.headers_but(&changing));
        let (status, code) = if nth <= 5 { (401, "IncorrectCredentials") } else { (423, "AccountLocked") };
        known.expect(status, code);
    }
}

#[test]
fn an_account_does_not_show_how_often_it_was_guessed_at() {
    let app = app();
    let ada = app.sign_up("ada");
    let before = app.row(&format!("/api/users/{}", ada.id));
    guess(&app, &ada, 5);
    assert_eq!(app.row(&format!("/api/users/{}", ada.id)), before);
    for field in ["failedLoginAttempts", "lockedUntil"] {
        app.super_user().get(&format!("/api/users?{field}=5")).expect(400, "InvalidRequestQuery");
        app.super_user().get(&format!("/api/users?sort={field}")).expect(400, "InvalidRequestQuery");
        app.super_user().get(&format!("/api/users?fields={field}")).expect(400, "InvalidRequestQuery");
    }
}
