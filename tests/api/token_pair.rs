//! The tokenPair surface: what its documentation promises, and what nobody may make of it.

mod account;
mod change_email;
mod code;
mod documented;
mod envelope;
mod interceptors;
mod pair;
mod password;
mod recovery;
mod renewal;
mod stage;
mod time;
mod tokens;
mod user;
mod verification;

use serde_json::Value;

use crate::harness::Reply;

/// An application with the settings of the page on Conduit.
pub(crate) struct Page(stage::Stage);

impl Page {
    pub(crate) fn start() -> Self {
        Self(stage::Stage::of::<stage::OfThePage>(|_| {}))
    }

    pub(crate) fn send(&self, method: &str, path: &str, bearer: Option<&str>, body: Option<&Value>) -> Reply {
        let client = bearer.map(|token| self.0.with_token(token));
        let request = client.as_ref().unwrap_or(&self.0).request(method, path);
        match body {
            Some(body) => request.json(body).send(),
            None => request.send(),
        }
    }

    /// What follows `before` in the last mail to an address.
    pub(crate) fn token_of(&self, address: &str, before: &str) -> String {
        self.0.mails();
        let mails = self.0.mails_to(address, 1);
        let text = &mails.last().expect("a mail").text;
        let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    }
}
