//! The history of an account: documented names of events, a bounded length, and no access for others.

use serde_json::{Value, json};

use super::forgotten_password::reset;
use super::{HOUR, NEW, Visitor, WRONG, change_password, log_in, refused, register, try_log_in};
use crate::harness::{Client, InProcess, PASSWORD, token_in};

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.0 Mobile/15E148 Safari/604.1";

fn history(visitor: &Client) -> Vec<Value> {
    let reply = visitor.get("/auth/login-history?limit=100").succeeds(200);
    reply["data"]["history"].as_array().unwrap_or_else(|| panic!("a list, not {reply:?}")).clone()
}

/// The name, success and detail of each event, the latest first.
fn entries(visitor: &Client) -> Vec<(String, bool, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let entry = |entry: &Value| {
        let success = entry["success"].as_bool().expect("true or false");
        (text(&entry["event"]).expect("an event"), success, text(&entry["detail"]))
    };
    history(visitor).iter().map(entry).collect()
}

fn event(event: &str, success: bool, detail: Option<&str>) -> (String, bool, Option<String>) {
    (event.to_owned(), success, detail.map(str::to_owned))
}

fn reset_by_mail(app: &InProcess, email: &str, mails: usize, new: &str) {
    app.post("/auth/forgot-password", json!({ "identifier": email })).succeeds(200);
    reset(app, &token_in(&app.mail(mails)), new).succeeds(200);
}

#[test]
fn the_history_lists_log_ins_log_outs_changes_and_resets_by_their_documented_names() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    // A new password invalidates the link that verifies the address, so its mail must be sent before.
    app.mail(1);
    let second = log_in(&app, &ada.email);
    second.request("POST", "/auth/logout").send().succeeds(200);
    let third = log_in(&app, &ada.email);
    ada.delete(&format!("/auth/sessions/{}", third.session())).succeeds(200);
    change_password(&ada, PASSWORD, NEW).succeeds(200);
    ada.request("POST", "/auth/logout-all").send().succeeds(200);
    reset_by_mail(&app, &ada.email, 2, PASSWORD);
    let back = log_in(&app, &ada.email);
    let expected = [
        event("login_success", true, None),
        event("password_reset", true, None),
        event("logout", true, Some("logout_all_devices")),
        event("password_change", true, None),
        event("logout", true, Some("session_revoked")),
        event("login_success", true, None),
        event("logout", true, None),
        event("login_success", true, None),
        event("login_success", true, None),
    ];
    assert_eq!(entries(&back), expected);
}

#[test]
fn failures_are_listed_with_their_reason_and_so_is_the_lockout() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    (0..5).for_each(|_| drop(refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS")));
    refused(try_log_in(&app, &ada.email, PASSWORD), 423, "ACCOUNT_LOCKED");
    let wrong = || event("login_failure", false, Some("invalid_password"));
    let expected = [
        event("login_failure", false, Some("account_locked")),
        event("account_locked", false, Some("too_many_failed_attempts")),
        wrong(),
        wrong(),
        wrong(),
        wrong(),
        wrong(),
        event("login_success", true, None),
    ];
    assert_eq!(entries(&ada), expected);
}

#[test]
fn an_entry_has_the_documented_fields_and_the_parts_of_the_device_like_the_list_of_sessions() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    for agent in [CHROME, IPHONE] {
        let body = json!({ "identifier": ada.email, "password": PASSWORD });
        app.request("POST", "/auth/login").header("User-Agent", agent).json(&body).send().succeeds(200);
    }
    let devices = [
        json!({ "browser": "Safari", "os": "iOS", "type": "mobile" }),
        json!({ "browser": "Chrome", "os": "Windows", "type": "desktop" }),
    ];
    let (entries, sessions) = (history(&ada), ada.get("/auth/sessions").succeeds(200));
    for (position, device) in devices.iter().enumerate() {
        let (entry, session) = (&entries[position], &sessions["data"]["sessions"][position]);
        assert_eq!((&entry["device"], &session["device"]), (device, device));
        assert_eq!((&entry["ipAddress"], &session["ipAddress"]), (&json!("127.0.0.1"), &json!("127.0.0.1")));
        assert_eq!((&entry["userId"], &entry["surface"]), (&json!(ada.id), &json!("session")));
        assert!(entry["createdAt"].as_str().is_some_and(|time| time.ends_with('Z')), "{entry:?}");
    }
    assert_eq!(entries[0]["deviceName"], "Safari on iPhone");
    let page = ada.get("/auth/login-history").succeeds(200);
    assert_eq!((&page["data"]["page"], &page["data"]["limit"]), (&json!(1), &json!(20)));
}

#[test]
fn attempts_at_unknown_identifiers_are_in_no_history() {
    let app = InProcess::new();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    refused(try_log_in(&app, "nobody@example.com", WRONG), 401, "INVALID_CREDENTIALS");
    refused(try_log_in(&app, &bob.email, WRONG), 401, "INVALID_CREDENTIALS");
    assert_eq!(entries(&ada), [event("login_success", true, None)]);
    assert_eq!(entries(&bob).len(), 2);
    refused(app.get("/auth/login-history"), 401, "UNAUTHORIZED");
}

/// Copies an event of the account 600 times as another kind.
fn repeat(app: &InProcess, kind: &str, account: &str) {
    let id = if app.is_sqlite() { "randomblob(16)" } else { "gen_random_uuid()" };
    app.run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) \
         INSERT INTO gable_events (id, account_id, kind, surface, at) \
         SELECT {id}, {account}, '{kind}', surface, at FROM gable_events, n WHERE kind = 'signed_up'"
    ));
}

#[test]
fn a_history_keeps_its_newest_entries_and_attempts_of_others_displace_none_of_ones_own() {
    let app = InProcess::new();
    let ada = register(&app, "ada");
    repeat(&app, "login_failed", "account_id");
    repeat(&app, "logged_out", "account_id");
    repeat(&app, "login_failed", "NULL");
    let app = app.restart_after(HOUR);
    app.eventually_has_rows("gable_events WHERE kind = 'login_failed' AND account_id IS NOT NULL", 500);
    app.eventually_has_rows("gable_events WHERE kind IN ('logged_out', 'logged_in')", 500);
    assert_eq!(app.rows("gable_events WHERE account_id IS NULL"), 600, "nobody's are bounded together");
    let visitor = Visitor::of(&app, &try_log_in(&app, &ada.email, PASSWORD).succeeds(200));
    assert_eq!(visitor.get("/auth/login-history")["data"]["total"], 1001);
}
