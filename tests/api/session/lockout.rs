//! Guessing at the log-in: five wrong passwords and the account is closed, whether it exists or not.

use super::{WRONG, log_in, refused, register, try_log_in};
use crate::harness::{PASSWORD, app, at_once, statuses, unique};

#[test]
fn after_five_wrong_passwords_even_the_right_one_is_refused_and_sessions_live_on() {
    let app = app();
    let ada = register(&app, "ada");
    (0..5).for_each(|_| drop(refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS")));
    let locked = refused(try_log_in(&app, &ada.email, PASSWORD), 423, "ACCOUNT_LOCKED");
    assert_eq!(locked.header("Set-Cookie"), None);
    ada.get("/auth/me").succeeds(200);
    refused(try_log_in(&ada, &ada.email, PASSWORD), 423, "ACCOUNT_LOCKED");
    ada.get("/auth/me").succeeds(200);
    assert_eq!(ada.get("/auth/sessions")["data"]["sessions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn known_and_unknown_names_get_the_same_answers_all_along() {
    let app = app();
    let ada = register(&app, "ada");
    let nobody = format!("{}@example.com", unique("nobody"));
    for attempt in 1..=8 {
        let (known, unknown) = (try_log_in(&app, &ada.email, WRONG), try_log_in(&app, &nobody, WRONG));
        assert_eq!(known.status, if attempt <= 5 { 401 } else { 423 }, "attempt {attempt}");
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes), "attempt {attempt}");
        assert_eq!(known.headers_but(&super::CHANGING), unknown.headers_but(&super::CHANGING), "attempt {attempt}");
    }
}

#[test]
fn spelling_a_name_otherwise_gives_neither_accounts_nor_strangers_more_attempts() {
    let app = app();
    let ada = register(&app, "ada");
    let nobody = format!("{}@example.com", unique("nobody"));
    for name in [&ada.email, &nobody] {
        let spelt = [name.clone(), name.to_uppercase(), format!(" {name} "), name.replace("example", "Example")];
        for attempt in 0..5 {
            refused(try_log_in(&app, &spelt[attempt % spelt.len()], WRONG), 401, "INVALID_CREDENTIALS");
        }
        for spelt in spelt {
            refused(try_log_in(&app, &spelt, WRONG), 423, "ACCOUNT_LOCKED");
        }
    }
}

#[test]
fn a_right_password_makes_up_for_the_wrong_ones_before_it() {
    let app = app();
    let ada = register(&app, "ada");
    for _ in 0..2 {
        (0..4).for_each(|_| drop(refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS")));
        log_in(&app, &ada.email);
    }
}

#[test]
fn many_wrong_passwords_at_once_get_no_more_than_five_looked_at() {
    let app = app();
    let ada = register(&app, "ada");
    let nobody = format!("{}@example.com", unique("nobody"));
    for name in [&ada.email, &nobody] {
        let replies = at_once(16, |_| try_log_in(&app, name, WRONG));
        assert_eq!(statuses(&replies), [(401, 5), (423, 11)], "{name}");
    }
}
