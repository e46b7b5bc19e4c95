//! Settings of the whole application.

use serde::Serialize;

use super::{Auth, FilterMode, RateLimit};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct App {
    pub name: String,
    /// Leading slash, no trailing one: `/api`. Never empty.
    pub api: String,
    pub server: Server,
    pub query: QueryLimits,
    pub rate_limit: RateLimit,
    /// Present exactly when a model has `account: true`.
    pub auth: Option<Auth>,
    /// `Gazette <no-reply@example.com>`
    pub mail_from: Option<String>,
    pub mail_links: MailLinks,
}

/// Pages that links in e-mails open; each URL contains `{token}` once, the placeholder of the one-time token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailLinks {
    pub verify_email: Option<String>,
    pub reset_password: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    pub port: u16,
    /// bytes
    pub body_limit: u64,
    /// allowed origins, each `scheme://host[:port]`
    pub cors: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueryLimits {
    pub default_limit: u32,
    pub max_limit: u32,
    pub max_filters: u32,
    pub max_depth: u32,
    /// rows of one createMany, updateMany or deleteMany (default 1000)
    pub max_bulk: u32,
    /// related rows that one request body may name (default 1000)
    pub max_nested: u32,
    /// values in one list of a filter
    pub max_in: u32,
    /// related rows that one answer may include in addition to its own rows
    pub max_included: u32,
    /// bytes of one answer (default 8 MiB)
    pub max_bytes: u64,
    /// Time limit of one SQL statement, in seconds.
    pub statement_seconds: u64,
    /// How the filters of a list are combined if the request has no `filterMode`.
    pub filter_mode: FilterMode,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    pub disabled: bool,
    pub rate_limit: Option<RateLimit>,
}
