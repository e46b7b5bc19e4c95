//! An account with a token.

use std::ops::Deref;

use super::Client;

/// An account. Requests through it are sent with its token.
pub(crate) struct Account {
    pub(super) client: Client,
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) username: String,
}

impl Account {
    /// `{ "id": … }`, which refers to the account in a body.
    pub(crate) fn reference(&self) -> serde_json::Value {
        serde_json::json!({ "id": self.id })
    }
}

impl Deref for Account {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
