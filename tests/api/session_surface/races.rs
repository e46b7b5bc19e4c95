//! Parallel requests have no other effect than the same requests in sequence.

use std::collections::BTreeSet;

use serde_json::json;

use super::{NEW, Visitor, change_password, is_logged_out, refused, register, try_log_in};
use crate::harness::{InProcess, PASSWORD, app, at_once, statuses, unique};

#[test]
fn of_many_who_register_with_one_name_at_once_one_is_made() {
    let app = app();
    for _ in 0..3 {
        let (email, username) = (format!("{}@example.com", unique("ada")), unique("ada"));
        let one_address = at_once(12, |_| app.post("/auth/register", json!({ "email": email, "password": PASSWORD })));
        assert_eq!(statuses(&one_address), [(201, 1), (409, 11)]);
        assert_eq!(app.count(&format!("/api/users?email={email}")), 1);
        let one_name = at_once(12, |number| {
            let email = format!("{number}-{username}@example.com");
            app.post("/auth/register", json!({ "email": email, "password": PASSWORD, "username": username }))
        });
        assert_eq!(statuses(&one_name), [(201, 1), (409, 11)]);
        assert_eq!(app.count(&format!("/api/users?username={username}")), 1);
        for lost in one_address.into_iter().chain(one_name).filter(|reply| reply.status == 409) {
            assert_eq!(refused(lost, 409, "CONFLICT").header("Set-Cookie"), None);
        }
    }
}

#[test]
fn many_log_ins_at_once_never_leave_more_than_five_sessions() {
    let app = app();
    let ada = register(&app, "ada");
    let replies = at_once(20, |_| try_log_in(&app, &ada.email, PASSWORD));
    assert_eq!(statuses(&replies), [(200, 20)]);
    let alive: Vec<Visitor> = replies.iter().map(|reply| Visitor::of(&app, reply)).collect();
    let alive: Vec<&Visitor> = alive.iter().filter(|session| session.get("/auth/me").status == 200).collect();
    assert_eq!(alive.len(), 5);
    let listed = alive[0].get("/auth/sessions").succeeds(200);
    assert_eq!(listed["data"]["sessions"].as_array().map(Vec::len), Some(5));
    is_logged_out(&ada);
}

#[test]
fn many_browsers_with_one_cookie_log_in_at_once_and_the_cookie_ends() {
    let app = app();
    let ada = register(&app, "ada");
    let replies = at_once(8, |_| try_log_in(&ada, &ada.email, PASSWORD));
    assert_eq!(statuses(&replies), [(200, 8)]);
    is_logged_out(&ada);
}

#[test]
fn a_session_is_revoked_once_however_many_ask() {
    let app = app();
    let ada = register(&app, "ada");
    let other = super::log_in(&app, &ada.email);
    let path = format!("/auth/sessions/{}", other.session());
    assert_eq!(statuses(&at_once(8, |_| ada.delete(&path))), [(200, 1), (404, 7)]);
    is_logged_out(&other);
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn a_log_in_with_the_old_password_never_survives_a_parallel_change() {
    let app = app();
    for _ in 0..5 {
        let ada = register(&app, "ada");
        let replies = at_once(4, |number| match number {
            0 => change_password(&ada, PASSWORD, NEW),
            _ => try_log_in(&app, &ada.email, PASSWORD),
        });
        assert_eq!(replies[0].status, 200, "{replies:#?}");
        for reply in replies[1..].iter().filter(|reply| reply.status == 200) {
            is_logged_out(&Visitor::of(&app, reply));
        }
        ada.get("/auth/me").succeeds(200);
        refused(try_log_in(&app, &ada.email, PASSWORD), 401, "INVALID_CREDENTIALS");
        try_log_in(&app, &ada.email, NEW).succeeds(200);
    }
}

#[test]
fn of_many_sessions_that_change_one_password_at_once_one_succeeds_and_lives_on() {
    let app = app();
    let ada = register(&app, "ada");
    let sessions: Vec<Visitor> = (0..4).map(|_| super::log_in(&app, &ada.email)).collect();
    let new = |number: usize| format!("Racing-Horse-{number}");
    let replies = at_once(4, |number| change_password(&sessions[number], PASSWORD, &new(number)));
    let winners: Vec<usize> = (0..4).filter(|number| replies[*number].status == 200).collect();
    let [winner] = winners[..] else { panic!("{replies:#?}") };
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 401 | 409)), "{replies:#?}");
    try_log_in(&app, &ada.email, &new(winner)).succeeds(200);
    sessions[winner].get("/auth/me").succeeds(200);
    (0..4).filter(|number| *number != winner).for_each(|number| is_logged_out(&sessions[number]));
}

#[test]
fn a_log_in_parallel_to_a_suspension_does_not_become_valid_again_with_the_account() {
    let app = app();
    for _ in 0..5 {
        let ada = register(&app, "ada");
        let path = format!("/api/users/{}", ada.id);
        let root = app.super_user();
        let replies = at_once(4, |number| match number {
            0 => root.patch(&path, json!({ "isActive": false })),
            _ => try_log_in(&app, &ada.email, PASSWORD),
        });
        assert_eq!(replies[0].status, 200, "{replies:#?}");
        root.patch(&path, json!({ "isActive": true })).succeeds(200);
        for reply in replies[1..].iter().filter(|reply| reply.status == 200) {
            is_logged_out(&Visitor::of(&app, reply));
        }
        is_logged_out(&ada);
    }
}

#[test]
fn of_many_parallel_wrong_current_passwords_at_most_five_are_verified() {
    let app = app();
    let ada = register(&app, "ada");
    let replies = at_once(12, |_| change_password(&ada, super::WRONG, NEW));
    assert_eq!(statuses(&replies), [(401, 5), (423, 7)]);
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn of_many_parallel_changes_of_address_five_are_made_and_each_old_address_is_notified() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    let change = |number| ada.patch("/api/users/me", json!({ "email": format!("{number}-{}", ada.email) }));
    assert_eq!(statuses(&at_once(8, change)), [(200, 5), (429, 3)]);
    let mails = app.wait_for_mails(app.mails());
    let notified = mails.iter().filter(|mail| mail.subject.contains("changed")).map(|mail| mail.to.as_str());
    let notified: BTreeSet<&str> = notified.collect();
    assert!(notified.len() == 5 && notified.contains(ada.email.as_str()), "{notified:?}");
    assert_eq!(app.rows("gable_events WHERE kind = 'email_changed'"), 5);
}
