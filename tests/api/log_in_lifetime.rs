//! The end of log-ins: what ends a caller's own log-in, what ends the account's other ones, and what ends none.

use serde_json::{Value, json};

use crate::harness::{Account, App, Client, PASSWORD, Reply, Setup, app, at_once, spawn_app, statuses};

const NEW: &str = "Another-Horse-7";

fn log_in(app: &App, account: &Account, password: &str) -> Reply {
    app.post("/api/auth/login", json!({ "email": account.email, "password": password }))
}

fn change_password(client: &Client, current: &str, new: &str) -> Reply {
    client.post("/api/auth/update-password", json!({ "currentPassword": current, "newPassword": new }))
}

/// A client with the token of an answer.
fn with_token_of(app: &App, reply: &Reply) -> Client {
    app.with_token(reply["token"].as_str().unwrap_or_else(|| panic!("a token, not {reply:?}")))
}

fn path(account: &Account) -> String {
    format!("/api/users/{}", account.id)
}

/// Asserts that the token permits neither reading nor writing, and that nothing is stored.
#[track_caller]
fn is_logged_out(app: &App, client: &Client, code: &str) {
    let title = uuid::Uuid::now_v7().to_string();
    client.get("/api/users/me").expect(401, code);
    client.post("/api/posts", json!({ "title": title, "content": "…" })).expect(401, code);
    client.patch("/api/users/me", json!({ "bio": title })).expect(401, code);
    assert_eq!(app.count(&format!("/api/posts?title={title}")), 0);
    assert_eq!(app.count(&format!("/api/users?bio={title}")), 0);
}

#[test]
fn logging_out_ends_this_log_in_and_no_other() {
    let app = app();
    let ada = app.sign_up("ada");
    let elsewhere = app.log_in(&ada.email, PASSWORD);
    ada.delete("/api/auth/logout").succeeds(204);
    is_logged_out(&app, &ada, "InvalidToken");
    elsewhere.get("/api/users/me").succeeds(200);
    elsewhere
        .post("/api/posts", json!({ "title": "Still here", "content": "…", "slug": elsewhere.username }))
        .succeeds(201);
    app.log_in(&ada.email, PASSWORD).get("/api/users/me").succeeds(200);
}

#[test]
fn nobody_logs_out_twice() {
    let app = app();
    let ada = app.sign_up("ada");
    ada.delete("/api/auth/logout").succeeds(204);
    ada.delete("/api/auth/logout").expect(401, "InvalidToken");
    app.delete("/api/auth/logout").expect(401, "LoginRequired");
}

#[test]
fn logging_out_clears_the_cookie_and_invalidates_it() {
    let app = app();
    let ada = app.sign_up("ada");
    let cookie = format!("arkos_access_token={}", ada.token().expect("a token"));
    let out = app.request("DELETE", "/api/auth/logout").header("Cookie", &cookie).send().succeeds(204);
    assert!(out.bytes.is_empty(), "{out:?}");
    let cleared = out.header("Set-Cookie").expect("a cookie to forget");
    for part in ["arkos_access_token=", "Max-Age=0", "Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(cleared.split("; ").any(|found| found == part), "{part} in {cleared}");
    }
    app.request("GET", "/api/users/me").header("Cookie", &cookie).send().expect(401, "InvalidToken");
    is_logged_out(&app, &ada, "InvalidToken");
}

#[test]
fn a_log_out_is_remembered_across_a_restart() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let token = ada.token().expect("a token").to_owned();
    ada.delete("/api/auth/logout").succeeds(204);
    let app = app.restart();
    app.with_token(&token).get("/api/users/me").expect(401, "InvalidToken");
}

#[test]
fn a_password_change_answers_with_a_valid_log_in() {
    let app = app();
    let ada = app.sign_up("ada");
    let changed = change_password(&ada, PASSWORD, NEW).succeeds(200);
    assert_eq!(
        (&changed["status"], &changed["message"]),
        (&json!("success"), &json!("Password updated successfully!"))
    );
    assert_eq!((&changed["token"], &changed["data"]["id"]), (&changed["accessToken"], &json!(ada.id)));
    let cookie = changed.header("Set-Cookie").expect("a cookie");
    assert!(cookie.contains(changed["token"].as_str().expect("a token")), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute} in {cookie}");
    }
    let new = with_token_of(&app, &changed);
    new.get("/api/users/me").succeeds(200);
    new.post("/api/posts", json!({ "title": "At once", "content": "…", "slug": ada.username })).succeeds(201);
}

#[test]
fn a_changed_password_ends_every_other_log_in() {
    let app = app();
    let ada = app.sign_up("ada");
    let others = [app.log_in(&ada.email, PASSWORD), app.log_in(&ada.email, PASSWORD)];
    let bob = app.sign_up("bob");
    change_password(&ada, PASSWORD, NEW).succeeds(200);
    is_logged_out(&app, &ada, "PasswordChanged");
    others.iter().for_each(|other| is_logged_out(&app, other, "PasswordChanged"));
    bob.get("/api/users/me").succeeds(200);
    log_in(&app, &ada, PASSWORD).expect(401, "IncorrectCredentials");
    log_in(&app, &ada, NEW).succeeds(200);
}

#[test]
fn every_change_of_a_password_within_one_second_ends_what_was_before_it() {
    let app = app();
    let ada = app.sign_up("ada");
    let passwords: Vec<String> = (0..6).map(|number| format!("Quick-Horse-{number}")).collect();
    let mut current = PASSWORD;
    let mut client = app.with_token(ada.token().expect("a token"));
    for new in &passwords {
        let changed = change_password(&client, current, new).succeeds(200);
        is_logged_out(&app, &client, "PasswordChanged");
        client = with_token_of(&app, &changed);
        client.get("/api/users/me").succeeds(200);
        let logged_in = with_token_of(&app, &log_in(&app, &ada, new).succeeds(200));
        logged_in.get("/api/users/me").succeeds(200);
        log_in(&app, &ada, current).expect(401, "IncorrectCredentials");
        current = new;
    }
}

#[test]
fn of_many_who_change_one_password_at_once_one_succeeds() {
    let app = app();
    let ada = app.sign_up("ada");
    let new = |number: usize| format!("Racing-Horse-{number}");
    let replies = at_once(6, |number| change_password(&ada, PASSWORD, &new(number)));
    let winners: Vec<usize> = (0..6).filter(|number| replies[*number].status == 200).collect();
    let [winner] = winners[..] else { panic!("{replies:#?}") };
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 400 | 401 | 409 | 423)), "{replies:#?}");
    with_token_of(&app, &replies[winner]).get("/api/users/me").succeeds(200);
    is_logged_out(&app, &ada, "PasswordChanged");
}

#[test]
fn a_weak_new_password_is_refused_with_every_reason_and_changes_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let other = app.log_in(&ada.email, PASSWORD);
    let before = app.row(&path(&ada));
    let long = format!("Aa1{}", "x".repeat(70));
    for (weak, reasons) in [("short", 3), ("alllowercase1", 1), ("NoDigitsHere", 1), ("Password1", 1), (&*long, 1)] {
        let reply = change_password(&ada, PASSWORD, weak).expect(400, "PasswordDoesNotMeetRequirements");
        assert!(reply.problem_fields().iter().all(|field| *field == "newPassword"), "{reply:?}");
        assert!(reply.problems().len() >= reasons, "{reply:?}");
    }
    assert_eq!(app.row(&path(&ada)), before);
    ada.get("/api/users/me").succeeds(200);
    other.get("/api/users/me").succeeds(200);
    log_in(&app, &ada, PASSWORD).succeeds(200);
}

#[test]
fn a_wrong_current_password_changes_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let before = app.row(&path(&ada));
    let reply = change_password(&ada, "Wrong-Horse-7", NEW).expect(400, "IncorrentCurrentPassword");
    assert_eq!(reply["message"], "Current password is incorrect");
    assert_eq!(reply.header("Set-Cookie"), None);
    assert_eq!(app.row(&path(&ada)), before);
    ada.get("/api/users/me").succeeds(200);
    log_in(&app, &ada, NEW).expect(401, "IncorrectCredentials");
    log_in(&app, &ada, PASSWORD).succeeds(200);
}

#[test]
fn a_change_of_password_that_lacks_something_changes_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    for body in [
        json!({}),
        json!({ "currentPassword": PASSWORD }),
        json!({ "newPassword": NEW }),
        json!({ "currentPassword": "", "newPassword": "" }),
        json!({ "currentPassword": 7, "newPassword": NEW }),
        json!({ "currentPassword": PASSWORD, "newPassword": null }),
        json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD }),
    ] {
        ada.post("/api/auth/update-password", body).expect(400, "SameCurrentAndNewPassword");
    }
    let more = json!({ "currentPassword": PASSWORD, "newPassword": NEW, "isSuperUser": true });
    ada.post("/api/auth/update-password", more).expect(400, "InvalidRequestBody");
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    app.post("/api/auth/update-password", body).expect(401, "LoginRequired");
    log_in(&app, &ada, PASSWORD).succeeds(200);
}

#[test]
fn deleting_ones_own_account_ends_access_and_keeps_the_row() {
    let app = app();
    let ada = app.sign_up("ada");
    let elsewhere = app.log_in(&ada.email, PASSWORD);
    let deleted = ada.delete("/api/users/me").succeeds(204);
    assert!(deleted.header("Set-Cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{deleted:?}");
    is_logged_out(&app, &ada, "UserNoLongerExists");
    is_logged_out(&app, &elsewhere, "UserNoLongerExists");
    log_in(&app, &ada, PASSWORD).expect(401, "IncorrectCredentials");
    let row = app.row(&path(&ada));
    assert!(row["deletedSelfAccountAt"].is_string(), "{row}");
    assert_eq!(row["email"], ada.email);
    let again = json!({ "email": ada.email, "password": PASSWORD });
    app.post("/api/auth/signup", again).expect(409, "UserEmailUniqueConstraint");
    app.delete("/api/users/me").expect(401, "LoginRequired");
}

#[test]
fn a_deleted_account_is_not_restored_by_activating_it() {
    let app = app();
    let ada = app.sign_up("ada");
    ada.delete("/api/users/me").succeeds(204);
    app.super_user().patch(&path(&ada), json!({ "isActive": true })).succeeds(200);
    log_in(&app, &ada, PASSWORD).expect(401, "IncorrectCredentials");
    app.super_user().patch(&path(&ada), json!({ "deletedSelfAccountAt": null })).expect(400, "InvalidRequestBody");
    is_logged_out(&app, &ada, "UserNoLongerExists");
}

#[test]
fn a_deactivated_account_works_again_when_it_is_activated() {
    let app = app();
    let ada = app.sign_up("ada");
    let switch = |on: bool| app.super_user().patch(&path(&ada), json!({ "isActive": on })).succeeds(200);
    switch(false);
    is_logged_out(&app, &ada, "UserNoLongerExists");
    let cookie = format!("arkos_access_token={}", ada.token().expect("a token"));
    app.request("GET", "/api/users/me").header("Cookie", &cookie).send().expect(401, "UserNoLongerExists");
    let refused = log_in(&app, &ada, PASSWORD).expect(401, "IncorrectCredentials");
    let wrong = log_in(&app, &ada, "Wrong-Horse-7").expect(401, "IncorrectCredentials");
    assert_eq!(refused.bytes, wrong.bytes, "the answer does not reveal that the password was right");
    switch(true);
    app.log_in(&ada.email, PASSWORD).get("/api/users/me").succeeds(200);
}

#[test]
fn deleting_the_row_of_an_account_deletes_its_log_ins() {
    let app = app();
    let ada = app.sign_up("ada");
    app.super_user().delete(&path(&ada)).succeeds(204);
    is_logged_out(&app, &ada, "UserNoLongerExists");
    log_in(&app, &ada, PASSWORD).expect(401, "IncorrectCredentials");
    app.super_user().get(&path(&ada)).expect(404, "UserNotFound");
    let again = json!({ "email": ada.email, "password": PASSWORD });
    app.post("/api/auth/signup", again).succeeds(201);
    is_logged_out(&app, &ada, "UserNoLongerExists");
}

#[test]
fn a_log_out_holds_for_requests_that_are_under_way_elsewhere() {
    let app = app();
    let ada = app.sign_up("ada");
    at_once(12, |number| match number {
        5 => ada.delete("/api/auth/logout"),
        _ => ada.get("/api/users/me"),
    });
    assert_eq!(statuses(&at_once(12, |_| ada.get("/api/users/me"))), [(401, 12)]);
}

#[test]
fn a_password_changed_under_load_ends_the_old_token_for_every_later_request() {
    let app = app();
    let ada = app.sign_up("ada");
    let replies = at_once(12, |number| match number {
        5 => change_password(&ada, PASSWORD, NEW),
        _ => ada.get("/api/users/me"),
    });
    assert_eq!(statuses(&at_once(12, |_| ada.get("/api/users/me"))), [(401, 12)]);
    with_token_of(&app, &replies[5]).get("/api/users/me").succeeds(200);
}

#[test]
fn a_log_in_with_the_old_password_that_is_under_way_does_not_outlive_the_change() {
    // A higher cost, so that many log-ins are still being verified when the password is changed.
    let app = Setup::new().with("GABLE_BCRYPT_COST", "8").spawn();
    for _ in 0..3 {
        let ada = app.sign_up("ada");
        let replies = at_once(24, |number| match number {
            0 => change_password(&ada, PASSWORD, NEW),
            _ => log_in(&app, &ada, PASSWORD),
        });
        let goes_on = with_token_of(&app, &replies[0]);
        goes_on.get("/api/users/me").succeeds(200);
        for reply in replies[1..].iter().filter(|reply| reply.status == 200) {
            let status = with_token_of(&app, reply).get("/api/users/me").status;
            assert_eq!(status, 401, "a log-in with the old password remains valid: {reply:?}");
        }
    }
}

#[test]
fn a_head_request_is_answered_like_a_get_without_its_body() {
    let app = app();
    let ada = app.sign_up("ada");
    let head = ada.request("HEAD", "/api/users/me").send().succeeds(200);
    assert!(head.bytes.is_empty());
    assert_eq!(app.request("HEAD", "/api/users/me").send().status, 401);
    for path in ["/api/auth/login", "/api/auth/signup", "/api/auth/logout", "/api/auth/update-password"] {
        assert_eq!(ada.request("HEAD", path).send().status, 405, "{path}");
    }
    ada.get("/api/users/me").succeeds(200);
}

#[test]
fn an_auth_route_names_the_methods_that_it_has() {
    let app = app();
    for (method, path, allowed) in [
        ("GET", "/api/auth/login", "POST"),
        ("DELETE", "/api/auth/signup", "POST"),
        ("POST", "/api/auth/logout", "DELETE"),
        ("PATCH", "/api/auth/update-password", "POST"),
        ("POST", "/api/users/me", "GET, PATCH, DELETE"),
    ] {
        let reply = app.request(method, path).send().expect(405, "MethodNotAllowed");
        assert_eq!(reply.header("Allow"), Some(allowed), "{method} {path}");
    }
}

/// Every key of a document, at any depth.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            found.push(key.to_lowercase());
            keys(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn no_auth_answer_contains_a_password_a_hash_or_lockout_data() {
    let app = app();
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    let credentials = json!({ "email": email, "password": PASSWORD });
    let signed_up = app.post("/api/auth/signup", credentials.clone()).succeeds(201);
    let logged_in = app.post("/api/auth/login", credentials).succeeds(200);
    let client = with_token_of(&app, &logged_in);
    let me = client.get("/api/users/me").succeeds(200);
    let updated = client.patch("/api/users/me", json!({ "bio": "x" })).succeeds(200);
    let wrong = app.post("/api/auth/login", json!({ "email": email, "password": "Wrong-Horse-7" }));
    let changed = change_password(&client, PASSWORD, NEW).succeeds(200);
    let listed = app.super_user().get(&format!("/api/users?email={email}")).succeeds(200);
    for reply in [signed_up, logged_in, me, updated, wrong, changed, listed] {
        let mut found = Vec::new();
        keys(&reply.json, &mut found);
        for hidden in ["password", "passwordhash", "hash", "secret", "failedloginattempts", "lockeduntil", "generation"]
        {
            assert!(!found.iter().any(|key| key == hidden), "{hidden} in {reply:?}");
        }
        let text = String::from_utf8_lossy(&reply.bytes);
        assert!(!text.contains("$2") && !text.contains(PASSWORD) && !text.contains(NEW), "{reply:?}");
    }
}
