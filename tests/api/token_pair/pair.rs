//! Somebody who keeps a pair of tokens, and what one asks of it.

use gable::testing::ReceivedMail;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, Reply, unique};

pub(super) const NEW: &str = "/authentication/local/new";
pub(super) const LOCAL: &str = "/authentication/local";
pub(super) const RENEW: &str = "/authentication/renew";
pub(super) const LOGOUT: &str = "/authentication/logout";
pub(super) const FORGOT: &str = "/authentication/forgot-password";
pub(super) const RESET: &str = "/authentication/reset-password";
pub(super) const RESEND: &str = "/authentication/local/resend-verification";
pub(super) const CHANGE_EMAIL: &str = "/authentication/local/change-email";
pub(super) const CHANGE_PASSWORD: &str = "/authentication/local/change-password";
pub(super) const VERIFY: &str = "/hook/authentication/verify-email";
pub(super) const ME: &str = "/api/users/me";
pub(super) const OTHER_PASSWORD: &str = "Another-Horse-8";

/// A log-in of this surface.
pub(super) struct Pair {
    client: Client,
    pub(super) email: String,
    pub(super) user: String,
    pub(super) access: String,
    pub(super) refresh: String,
}

pub(super) fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

/// An address that no other test of this run has.
pub(super) fn address(name: &str) -> String {
    format!("{}@example.com", unique(name))
}

/// A new account, logged in.
#[track_caller]
pub(super) fn sign_up(client: &Client, name: &str) -> Pair {
    let email = address(name);
    client.post(NEW, credentials(&email, PASSWORD)).succeeds(200);
    log_in(client, &email, PASSWORD)
}

#[track_caller]
pub(super) fn log_in(client: &Client, email: &str, password: &str) -> Pair {
    Pair::of(client, email, &client.post(LOCAL, credentials(email, password)).succeeds(200))
}

/// Shows a refresh token where it belongs.
pub(super) fn renew(client: &Client, refresh: &str) -> Reply {
    client.with_token(refresh).request("POST", RENEW).send()
}

impl Pair {
    #[track_caller]
    pub(super) fn of(client: &Client, email: &str, reply: &Reply) -> Self {
        let text = |key: &str| reply[key].as_str().unwrap_or_else(|| panic!("a pair, not {reply:?}")).to_owned();
        Self {
            client: client.clone(),
            email: email.to_owned(),
            user: text("userId"),
            access: text("accessToken"),
            refresh: text("refreshToken"),
        }
    }

    /// Requests with the access token.
    pub(super) fn bearer(&self) -> Client {
        self.client.with_token(&self.access)
    }

    pub(super) fn renew(&self) -> Reply {
        renew(&self.client, &self.refresh)
    }

    /// What takes its place.
    #[track_caller]
    pub(super) fn renewed(&self) -> Pair {
        Pair::of(&self.client, &self.email, &self.renew().succeeds(200))
    }

    #[track_caller]
    pub(super) fn log_out(&self) {
        self.bearer().request("POST", LOGOUT).send().succeeds(200);
    }

    #[track_caller]
    pub(super) fn access_is_open(&self) {
        assert_eq!(self.bearer().get(ME).succeeds(200)["data"]["id"], self.user.as_str());
    }

    #[track_caller]
    pub(super) fn access_is_shut(&self) {
        self.bearer().get(ME).succeeds(401);
        refused(&self.bearer().request("POST", LOGOUT).send(), 401, "UNAUTHORIZED");
    }

    /// To be asked last: a spent refresh token that is shown again ends the log-in.
    #[track_caller]
    pub(super) fn refresh_is_shut(&self) {
        invalid_refresh(&self.renew());
    }

    /// Neither of the two opens anything any more.
    #[track_caller]
    pub(super) fn is_shut(&self) {
        self.access_is_shut();
        self.refresh_is_shut();
        self.access_is_shut();
    }
}

/// The form of every refusal.
#[track_caller]
pub(super) fn refused(reply: &Reply, status: u16, name: &str) {
    assert_eq!((reply.status, &reply["name"], &reply["status"]), (status, &json!(name), &json!(status)), "{reply:?}");
    assert!(reply["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
    let keys: Vec<&String> = reply.json.as_object().expect("an object").keys().collect();
    assert!(keys.iter().all(|key| ["name", "status", "message", "errors"].contains(&key.as_str())), "{reply:?}");
    assert_eq!(reply.header("Content-Type"), Some("application/json"), "{reply:?}");
}

/// The same for a body, with the fields that the answer complains of.
#[track_caller]
pub(super) fn refused_for(reply: &Reply, fields: &[&str]) {
    refused(reply, 400, "INVALID_ARGUMENTS");
    let problems = reply["errors"].as_array().unwrap_or_else(|| panic!("problems, not {reply:?}"));
    let told: Vec<&str> = problems.iter().map(|problem| problem["field"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, fields, "{reply:?}");
    for problem in problems {
        assert!(problem["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
    }
}

#[track_caller]
pub(super) fn invalid_refresh(reply: &Reply) {
    refused(reply, 400, "INVALID_ARGUMENTS");
    assert_eq!(reply["message"], "Invalid refresh token");
}

/// An answer that is one sentence.
#[track_caller]
pub(super) fn says(reply: &Reply, result: &str) {
    assert_eq!((reply.status, &reply.json), (200, &json!({ "result": result })), "{reply:?}");
}

/// The one-time token that a mail's link holds.
#[track_caller]
pub(super) fn token_in(mail: &ReceivedMail) -> String {
    let link = link_in(mail);
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let token = match link.split_once("token=") {
        Some((_, token)) => token,
        None => path.rsplit('/').next().unwrap_or_default(),
    };
    assert!(token.len() == 54, "a token in {}", mail.text);
    token.to_owned()
}

/// The first link of a mail.
#[track_caller]
pub(super) fn link_in(mail: &ReceivedMail) -> String {
    let start = mail.text.find("http").unwrap_or_else(|| panic!("a link in {}", mail.text));
    mail.text[start..].split_whitespace().next().unwrap_or_default().to_owned()
}
