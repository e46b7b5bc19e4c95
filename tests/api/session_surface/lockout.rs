//! Five wrong passwords lock an identifier, whether or not its account exists.

use super::{WRONG, log_in, refused, register, try_log_in};
use crate::harness::{PASSWORD, app, at_once, statuses, unique};

#[test]
fn after_five_wrong_passwords_even_the_right_one_is_refused_and_sessions_remain_valid() {
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
    let unknown_email = format!("{}@example.com", unique("nobody"));
    for attempt in 1..=8 {
        let (known, unknown) = (try_log_in(&app, &ada.email, WRONG), try_log_in(&app, &unknown_email, WRONG));
        assert_eq!(known.status, if attempt <= 5 { 401 } else { 423 }, "attempt {attempt}");
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes), "attempt {attempt}");
        assert_eq!(known.headers_but(&super::CHANGING), unknown.headers_but(&super::CHANGING), "attempt {attempt}");
    }
}

#[test]
fn another_spelling_gives_neither_known_nor_unknown_identifiers_more_attempts() {
    let app = app();
    let ada = register(&app, "ada");
    let unknown_email = format!("{}@example.com", unique("nobody"));
    for name in [&ada.email, &unknown_email] {
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
fn a_right_password_resets_the_count_of_wrong_ones() {
    let app = app();
    let ada = register(&app, "ada");
    for _ in 0..2 {
        (0..4).for_each(|_| drop(refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS")));
        log_in(&app, &ada.email);
    }
}

#[test]
fn of_many_parallel_wrong_passwords_at_most_five_are_verified() {
    let app = app();
    let ada = register(&app, "ada");
    let unknown_email = format!("{}@example.com", unique("nobody"));
    for name in [&ada.email, &unknown_email] {
        let replies = at_once(16, |_| try_log_in(&app, name, WRONG));
        assert_eq!(statuses(&replies), [(401, 5), (423, 11)], "{name}");
    }
}
