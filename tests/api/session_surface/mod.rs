//! The `session` surface: an opaque cookie, with the paths and messages of its reference page.

mod coming_from_modularauth_kit;
mod cross_site;
mod email_change;
mod email_verification;
mod envelope;
mod expiry;
mod forgotten_password;
mod interceptors;
mod lockout;
mod login_history;
mod mass_assignment;
mod own_sessions;
mod password_change;
mod races;
mod reference_page;
mod session_id;

use std::ops::Deref;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, Reply, unique};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const WRONG: &str = "Wrong-Horse-7";
const NEW: &str = "Another-Horse-7";

/// Headers that differ from answer to answer. The order of the exposed headers is not fixed.
const CHANGING: [&str; 3] = ["date", "x-request-id", "access-control-expose-headers"];

/// An account with a session. Requests through it are sent with the cookie.
struct Visitor {
    client: Client,
    sid: String,
    id: String,
    email: String,
}

impl Deref for Visitor {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Visitor {
    /// The account that an answer has logged in.
    fn of(client: &Client, reply: &Reply) -> Self {
        let (sid, user) = (sid(reply), &reply["data"]["user"]);
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("an account, not {reply:?}")).to_owned();
        Self { client: with_sid(client, &sid), sid, id: text(&user["_id"]), email: text(&user["email"]) }
    }

    /// The id of the log-in, which is the public half of the cookie's value.
    fn session(&self) -> String {
        uuid::Uuid::try_parse(&self.sid[..32]).expect("the first half is an id").to_string()
    }
}

fn with_sid(client: &Client, sid: &str) -> Client {
    client.with_cookie(&format!("sid={sid}"))
}

/// The session id in the cookie of an answer.
#[track_caller]
fn sid(reply: &Reply) -> String {
    let cookie = reply.header("Set-Cookie").unwrap_or_else(|| panic!("no cookie: {reply:?}"));
    let value = cookie.split("; ").next().and_then(|pair| pair.strip_prefix("sid="));
    value.unwrap_or_else(|| panic!("another cookie: {cookie}")).to_owned()
}

/// Registers an account, which is then logged in.
#[track_caller]
fn register(client: &Client, name: &str) -> Visitor {
    let body = json!({ "email": format!("{}@example.com", unique(name)), "password": PASSWORD });
    Visitor::of(client, &client.post("/auth/register", body).succeeds(201))
}

fn try_log_in(client: &Client, identifier: &str, password: &str) -> Reply {
    client.post("/auth/login", json!({ "identifier": identifier, "password": password }))
}

#[track_caller]
fn log_in(client: &Client, identifier: &str) -> Visitor {
    Visitor::of(client, &try_log_in(client, identifier, PASSWORD).succeeds(200))
}

fn change_password(client: &Client, current: &str, new: &str) -> Reply {
    client.post("/auth/change-password", json!({ "currentPassword": current, "newPassword": new }))
}

/// Asserts a refusal with this status and code, and nothing besides the envelope.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) -> Reply {
    assert_eq!((reply.status, reply["error"]["code"].as_str()), (status, Some(code)), "{reply:?}");
    let error = &reply["error"];
    let envelope = json!({
        "success": false,
        "error": { "code": code, "message": error["message"], "details": error["details"] },
    });
    assert_eq!(reply.json, envelope, "{reply:?}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
    let details = error["details"].as_array().unwrap_or_else(|| panic!("no details: {reply:?}"));
    let is_detail = |detail: &Value| {
        detail.as_object().is_some_and(|detail| detail.len() == 2 && detail["field"].is_string())
            && detail["message"].as_str().is_some_and(|message| !message.is_empty())
    };
    assert!(details.iter().all(is_detail), "{reply:?}");
    reply
}

/// The `field` of each detail.
fn fields(reply: &Reply) -> Vec<&str> {
    let details = reply["error"]["details"].as_array().unwrap_or_else(|| panic!("no details: {reply:?}"));
    details.iter().filter_map(|detail| detail["field"].as_str()).collect()
}

/// Asserts a success whose data is `null`.
#[track_caller]
fn succeeds_with(reply: &Reply, message: &str) {
    assert_eq!((reply.status, &reply.json), (200, &json!({ "success": true, "message": message, "data": null })));
}

/// Asserts that the client can use neither the surface nor the API.
#[track_caller]
fn is_logged_out(client: &Client) {
    refused(client.get("/auth/me"), 401, "UNAUTHORIZED");
    refused(client.patch("/auth/me", json!({ "fullName": "Nobody" })), 401, "UNAUTHORIZED");
    assert_eq!(client.post("/api/posts", json!({ "title": "Not any more", "content": "…" })).status, 401);
}
