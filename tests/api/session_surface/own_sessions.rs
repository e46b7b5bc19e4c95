//! Listing and ending the log-ins of one's own account.

use serde_json::{Value, json};

use super::{
    NEW, Visitor, WRONG, fields, is_logged_out, log_in, refused, register, succeeds_with, try_log_in, with_sid,
};
use crate::harness::{Client, PASSWORD, Reply, app};

fn sessions(visitor: &Client) -> Vec<Value> {
    let reply = visitor.get("/auth/sessions").succeeds(200);
    assert_eq!(reply["message"], "Active sessions retrieved successfully");
    reply["data"]["sessions"].as_array().unwrap_or_else(|| panic!("a list, not {reply:?}")).clone()
}

fn ids(visitor: &Client) -> Vec<String> {
    sessions(visitor).iter().map(|session| session["_id"].as_str().expect("an id").to_owned()).collect()
}

fn revoke(visitor: &Client, session: &str) -> Reply {
    visitor.delete(&format!("/auth/sessions/{session}"))
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[test]
fn every_log_in_is_listed_with_its_device_and_the_one_that_asks_is_marked() {
    let app = app();
    let ada = register(&app, "ada");
    let body = json!({ "identifier": ada.email, "password": PASSWORD });
    let request = app.request("POST", "/auth/login").header("User-Agent", FIREFOX).json(&body);
    let elsewhere = Visitor::of(&app, &request.send().succeeds(200));
    let token = app.log_in(&ada.email, PASSWORD);
    let listed = sessions(&ada);
    let column = |name: &str| listed.iter().map(|session| session[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("isCurrent"), [json!(false), json!(false), json!(true)], "the latest first");
    assert_eq!(column("surface"), [json!("jwt"), json!("session"), json!("session")]);
    assert_eq!(column("deviceName")[1], "Firefox on Linux");
    assert_eq!(column("device")[1], json!({ "browser": "Firefox", "os": "Linux", "type": "desktop" }));
    assert_eq!(column("userAgent")[1], FIREFOX);
    assert!(column("ip").iter().all(|ip| ip == "127.0.0.1"), "{listed:?}");
    assert_eq!((&column("_id")[1], &column("_id")[2]), (&json!(elsewhere.session()), &json!(ada.session())));
    for time in ["createdAt", "lastActiveAt", "expiresAt"] {
        assert!(column(time).iter().all(|time| time.as_str().is_some_and(|time| time.ends_with('Z'))), "{listed:?}");
    }
    let text = json!(listed).to_string();
    assert!(!text.contains(&ada.sid[32..]) && !text.contains(token.token().expect("a token")), "{text}");
}

#[test]
fn nobody_sees_the_log_ins_of_others() {
    let app = app();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    assert_eq!((ids(&ada), ids(&bob)), (vec![ada.session()], vec![bob.session()]));
    for path in ["/auth/sessions", "/auth/login-history"] {
        refused(app.get(path), 401, "UNAUTHORIZED");
    }
}

#[test]
fn a_session_of_ones_own_is_revoked_and_over_at_once() {
    let app = app();
    let ada = register(&app, "ada");
    let (other, token) = (log_in(&app, &ada.email), app.log_in(&ada.email, PASSWORD));
    other.get("/auth/me").succeeds(200);
    succeeds_with(&revoke(&ada, &other.session()), "Session revoked successfully");
    is_logged_out(&other);
    refused(revoke(&ada, &other.session()), 404, "NOT_FOUND");
    let of_token = ids(&ada)[0].clone();
    succeeds_with(&revoke(&ada, &of_token), "Session revoked successfully");
    token.get("/api/users/me").expect(401, "InvalidToken");
    let (listed, revoked) = (ids(&ada), revoke(&ada, &ada.session()));
    let refusal = refused(revoked, 400, "VALIDATION_ERROR");
    assert!(refusal["error"]["message"].as_str().is_some_and(|message| message.contains("log out")), "{refusal:?}");
    assert_eq!((ids(&ada), refusal.header("Set-Cookie")), (listed, None), "the caller's own session remains valid");
}

#[test]
fn the_session_of_another_account_is_answered_like_a_missing_one_and_remains_valid() {
    let app = app();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    let foreign = refused(revoke(&ada, &bob.session()), 404, "NOT_FOUND");
    let none = refused(revoke(&ada, &uuid::Uuid::now_v7().to_string()), 404, "NOT_FOUND");
    let malformed = refused(revoke(&ada, "not-an-id"), 404, "NOT_FOUND");
    assert_eq!((&foreign.bytes, &foreign.bytes), (&none.bytes, &malformed.bytes));
    refused(revoke(&ada, &ada.sid), 404, "NOT_FOUND");
    refused(revoke(&app, &bob.session()), 401, "UNAUTHORIZED");
    bob.get("/auth/me").succeeds(200);
    assert_eq!(ids(&bob), [bob.session()]);
}

#[test]
fn the_history_lists_log_ins_and_failures_with_their_reason() {
    let app = app();
    let ada = register(&app, "ada");
    refused(try_log_in(&app, &ada.email, WRONG), 401, "INVALID_CREDENTIALS");
    log_in(&app, &ada.email);
    let reply = ada.get("/auth/login-history").succeeds(200);
    assert_eq!(
        (&reply["message"], &reply["data"]["total"]),
        (&json!("Login history retrieved successfully"), &json!(3))
    );
    let history = reply["data"]["history"].as_array().expect("a list");
    let outcomes: Vec<_> = history.iter().map(|entry| (entry["success"].clone(), entry["reason"].clone())).collect();
    let expected = [(json!(true), Value::Null), (json!(false), json!("wrong_password")), (json!(true), Value::Null)];
    assert_eq!(outcomes, expected);
    for entry in history {
        assert_eq!((&entry["surface"], &entry["ip"]), (&json!("session"), &json!("127.0.0.1")));
    }
    assert!(!reply.json.to_string().contains(WRONG));
    let bob = register(&app, "bob");
    assert_eq!(bob.get("/auth/login-history")["data"]["total"], 1);
}

#[test]
fn the_history_comes_in_pages() {
    let app = app();
    let ada = register(&app, "ada");
    (0..4).for_each(|_| drop(log_in(&app, &ada.email)));
    let page = |query: &str| {
        let reply = ada.get(&format!("/auth/login-history?{query}")).succeeds(200);
        let list = reply["data"]["history"].as_array().expect("a list").clone();
        assert_eq!(reply["data"]["total"], 5, "{query}");
        list.iter().map(|entry| entry["_id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let all = page("");
    assert_eq!([page("limit=2"), page("page=2&limit=2"), page("page=3&limit=2")].concat(), all);
    assert!(page("page=4&limit=2").is_empty() && page("page=4294967295&limit=100").is_empty());
    for wrong in ["page=0", "page=-1", "page=x", "page=4294967296", "limit=0", "limit=101", "sort=x", "Page=1"] {
        let reply = refused(ada.get(&format!("/auth/login-history?{wrong}")), 400, "VALIDATION_ERROR");
        assert_eq!(fields(&reply), [wrong.split('=').next().unwrap_or_default()]);
    }
    let several = refused(ada.get("/auth/login-history?page=0&limit=0"), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&several), ["page", "limit"]);
    let twice = refused(ada.get("/auth/login-history?page=1&page=2"), 400, "VALIDATION_ERROR");
    assert_eq!(fields(&twice), ["page"]);
}

#[test]
fn logging_out_ends_this_session_and_logging_out_everywhere_every_log_in() {
    let app = app();
    let ada = register(&app, "ada");
    let (second, third) = (log_in(&app, &ada.email), log_in(&app, &ada.email));
    let (token, bob) = (app.log_in(&ada.email, PASSWORD), register(&app, "bob"));
    succeeds_with(&second.request("POST", "/auth/logout").send(), "Logged out successfully");
    is_logged_out(&second);
    third.get("/auth/me").succeeds(200);
    succeeds_with(&ada.request("POST", "/auth/logout-all").send(), "Logged out successfully");
    is_logged_out(&ada);
    is_logged_out(&third);
    token.get("/api/users/me").expect(401, "InvalidToken");
    bob.get("/auth/me").succeeds(200);
    assert_eq!(ids(&log_in(&app, &ada.email)).len(), 1);
}

#[test]
fn a_log_in_ends_the_session_of_the_cookie_that_it_was_sent_with() {
    let app = app();
    let ada = register(&app, "ada");
    let again = Visitor::of(&app, &try_log_in(&ada, &ada.email, PASSWORD).succeeds(200));
    is_logged_out(&ada);
    let body = json!({ "email": format!("second-{}", ada.email), "password": PASSWORD });
    let second = Visitor::of(&app, &again.post("/auth/register", body).succeeds(201));
    is_logged_out(&again);
    assert_eq!(ids(&second), [second.session()]);
    assert_eq!(ids(&log_in(&app, &ada.email)).len(), 1, "it was another account's");
}

#[test]
fn a_failed_log_in_keeps_the_session_of_its_cookie() {
    let app = app();
    let ada = register(&app, "ada");
    refused(try_log_in(&ada, &ada.email, WRONG), 401, "INVALID_CREDENTIALS");
    refused(ada.post("/auth/register", json!({ "email": ada.email, "password": NEW })), 409, "CONFLICT");
    refused(ada.post("/auth/register", json!({ "email": "x" })), 400, "VALIDATION_ERROR");
    assert_eq!(ids(&ada), [ada.session()]);
}

#[test]
fn a_log_in_with_an_invalid_session_id_ends_no_session() {
    let app = app();
    let ada = register(&app, "ada");
    let guessed = format!("{}{}", &ada.sid[..32], "0".repeat(32));
    let reply = try_log_in(&with_sid(&app, &guessed), &ada.email, PASSWORD).succeeds(200);
    assert_ne!(Visitor::of(&app, &reply).sid, guessed);
    ada.get("/auth/me").succeeds(200);
}

#[test]
fn the_sixth_session_of_an_account_ends_its_oldest() {
    let app = app();
    let (ada, bob) = (register(&app, "ada"), register(&app, "bob"));
    let token = app.log_in(&ada.email, PASSWORD);
    let later: Vec<Visitor> = (0..4).map(|_| log_in(&app, &ada.email)).collect();
    ada.get("/auth/me").succeeds(200);
    let sixth = log_in(&app, &ada.email);
    is_logged_out(&ada);
    later.iter().chain([&sixth]).for_each(|session| drop(session.get("/auth/me").succeeds(200)));
    token.get("/api/users/me").succeeds(200);
    bob.get("/auth/me").succeeds(200);
    assert_eq!(ids(&sixth).len(), 6, "five sessions and a token");
}
