//! The `tokenPair` surface.

mod documented;
mod email_change;
mod envelope;
mod expiry;
mod forged_tokens;
mod forgotten_password;
mod interceptors;
mod own_account;
mod pair;
mod password_change;
mod renewal;
mod sign_up_and_log_in;
mod verification_code;
mod verification_link;

use gable::generated::Api;
use serde_json::Value;

use crate::harness::{ComingFromConduit, InProcess, Installation, Reply};

/// Starts an application with a stopped clock and without interceptors.
fn start<A: Api>() -> InProcess {
    installation().start::<A>(|_| {})
}

/// An installation with a stopped clock, and few connections, so that parallel requests wait for one.
fn installation() -> Installation {
    Installation::new().with_stopped_clock().with("GABLE_DATABASE_CONNECTIONS", "4")
}

/// An application with the settings in `docs/coming-from-conduit.md`.
pub(crate) struct Page(InProcess);

impl Page {
    pub(crate) fn start() -> Self {
        Self(start::<ComingFromConduit>())
    }

    pub(crate) fn send(&self, method: &str, path: &str, bearer: Option<&str>, body: Option<&Value>) -> Reply {
        let client = bearer.map(|token| self.0.with_token(token));
        let request = client.as_ref().unwrap_or(&self.0).request(method, path);
        match body {
            Some(body) => request.json(body).send(),
            None => request.send(),
        }
    }

    /// The token after the text `before` in the last mail to an address.
    pub(crate) fn token_of(&self, address: &str, before: &str) -> String {
        self.0.mails();
        let mails = self.0.mails_to(address, 1);
        let text = &mails.last().expect("a mail").text;
        let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    }
}
