//! A log-in of the `tokenPair` surface, its requests, and assertions about their answers.

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

/// The token pair of one log-in.
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

/// An e-mail address that is unique in this run.
pub(super) fn address(name: &str) -> String {
    format!("{}@example.com", unique(name))
}

/// Makes an account and logs it in.
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

/// Sends a refresh token to the route that renews pairs.
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

    /// A client that sends the access token.
    pub(super) fn bearer(&self) -> Client {
        self.client.with_token(&self.access)
    }

    pub(super) fn renew(&self) -> Reply {
        renew(&self.client, &self.refresh)
    }

    /// Renews the pair and returns the new one.
    #[track_caller]
    pub(super) fn renewed(&self) -> Pair {
        Pair::of(&self.client, &self.email, &self.renew().succeeds(200))
    }

    #[track_caller]
    pub(super) fn log_out(&self) {
        self.bearer().request("POST", LOGOUT).send().succeeds(200);
    }

    #[track_caller]
    pub(super) fn access_is_accepted(&self) {
        assert_eq!(self.bearer().get(ME).succeeds(200)["data"]["id"], self.user.as_str());
    }

    #[track_caller]
    pub(super) fn access_is_refused(&self) {
        self.bearer().get(ME).succeeds(401);
        refused(&self.bearer().request("POST", LOGOUT).send(), 401, "UNAUTHORIZED");
    }

    /// Asserts that the refresh token is invalid. To be called last: a used refresh token ends the log-in.
    #[track_caller]
    pub(super) fn refresh_is_refused(&self) {
        invalid_refresh(&self.renew());
    }

    /// Asserts that both tokens are invalid.
    #[track_caller]
    pub(super) fn is_invalid(&self) {
        self.access_is_refused();
        self.refresh_is_refused();
        self.access_is_refused();
    }
}

/// Asserts a refusal with this status and name, in the form of the surface.
#[track_caller]
pub(super) fn refused(reply: &Reply, status: u16, name: &str) {
    assert_eq!((reply.status, &reply["name"], &reply["status"]), (status, &json!(name), &json!(status)), "{reply:?}");
    assert!(reply["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
    let keys: Vec<&String> = reply.json.as_object().expect("an object").keys().collect();
    assert!(keys.iter().all(|key| ["name", "status", "message", "errors"].contains(&key.as_str())), "{reply:?}");
    assert_eq!(reply.header("Content-Type"), Some("application/json"), "{reply:?}");
}

/// Asserts the refusal of a body because of these fields.
#[track_caller]
pub(super) fn refused_for(reply: &Reply, fields: &[&str]) {
    refused(reply, 400, "INVALID_ARGUMENTS");
    let problems = reply["errors"].as_array().unwrap_or_else(|| panic!("problems, not {reply:?}"));
    let refused_fields: Vec<&str> =
        problems.iter().map(|problem| problem["field"].as_str().unwrap_or_default()).collect();
    assert_eq!(refused_fields, fields, "{reply:?}");
    for problem in problems {
        assert!(problem["message"].as_str().is_some_and(|message| !message.is_empty()), "{reply:?}");
    }
}

#[track_caller]
pub(super) fn invalid_refresh(reply: &Reply) {
    refused(reply, 400, "INVALID_ARGUMENTS");
    assert_eq!(reply["message"], "Invalid refresh token");
}

/// Asserts an answer that consists of one sentence.
#[track_caller]
pub(super) fn answers_with(reply: &Reply, result: &str) {
    assert_eq!((reply.status, &reply.json), (200, &json!({ "result": result })), "{reply:?}");
}
