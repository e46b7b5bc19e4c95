//! The settings in `app.yaml`, as constants that the build step prints.

use gable_meta::{
    AuthMode, AuthOperation, FilterMode, RateLimit, SameSite, Surface, TokenDelivery, VerificationMethod,
};

/// The settings of an application, which the build step prints from `app.yaml`.
#[derive(Debug)]
pub struct AppMeta {
    /// The name of the application: `Gazette`.
    pub name: &'static str,
    /// The application's own version, from its `Cargo.toml`.
    pub version: &'static str,
    /// The prefix of the paths of all models: `/api`.
    pub api: &'static str,
    /// The TCP port, unless the environment sets another one.
    pub port: u16,
    /// Maximum size of a request body, in bytes.
    pub body_limit: usize,
    /// The origins that browsers may send requests from: `http://localhost:5173`.
    pub cors: &'static [&'static str],
    /// Limits of queries and writes.
    pub query: QueryLimits,
    /// The rate limit of all requests of one client.
    pub rate_limit: RateLimit,
    /// Settings of accounts; `None` for an application without accounts.
    pub auth: Option<AuthMeta>,
    /// The sender of mail: `Gazette <no-reply@example.com>`.
    pub mail_from: Option<&'static str>,
    /// Pages that links in mail open.
    pub mail_links: MailLinks,
}

/// Pages that links in e-mails open; each URL contains `{token}` once, the placeholder of the one-time token.
#[derive(Clone, Copy, Debug)]
pub struct MailLinks {
    /// The page that verifies an address; `None` for the default.
    pub verify_email: Option<&'static str>,
    /// The page that sets a new password; `None` for the default.
    pub reset_password: Option<&'static str>,
}

/// Limits of list requests, bodies and responses.
#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    /// Rows on a page if the request has no `limit`.
    pub default_limit: u32,
    /// Maximum `limit` of a request, in rows.
    pub max_limit: u32,
    /// Maximum number of filters in one request.
    pub max_filters: u32,
    /// Maximum number of relations in one path.
    pub max_depth: u32,
    /// Maximum number of rows that one request may create, update or delete.
    pub max_bulk: u32,
    /// Maximum number of related rows that one request body may name.
    pub max_nested: u32,
    /// Maximum number of values in one list of a filter.
    pub max_in: u32,
    /// Maximum number of related rows that one response may include in addition to its own rows.
    pub max_included: u32,
    /// Maximum size of one response, in bytes.
    pub max_bytes: usize,
    /// Time limit of one SQL statement in seconds, unless the environment sets another one.
    pub statement_seconds: u32,
    /// How the filters of a list are combined if the request has no `filterMode`.
    pub filter_mode: FilterMode,
}

/// The settings of accounts: `auth:` in `app.yaml`.
#[derive(Debug)]
pub struct AuthMeta {
    /// Where roles and permissions are defined.
    pub mode: AuthMode,
    /// The surfaces that are mounted.
    pub surfaces: &'static [Surface],
    /// The role that a new account gets.
    pub default_role: Option<&'static str>,
    /// The identifiers that an account can log in with, in the order in which they are tried.
    pub identifiers: &'static [IdentifierMeta],
    /// How the `jwt` surface sends a token to the client.
    pub send_access_token_through: TokenDelivery,
    /// Settings of the surface `jwt`.
    pub jwt: JwtMeta,
    /// The rules for new passwords.
    pub password: PasswordPolicy,
    /// The rule for failed log-ins.
    pub lockout: LockoutMeta,
    /// The verification of addresses.
    pub email_verification: EmailVerificationMeta,
    /// The rate limit of log-ins and similar operations.
    pub rate_limit: RateLimit,
    /// Settings of single operations; only those that the YAML lists.
    pub routes: &'static [AuthRouteMeta],
    /// Settings of the surface `session`.
    pub session: SessionMeta,
    /// Settings of the surface `tokenPair`.
    pub token_pair: TokenPairMeta,
}

/// One entry of `allowedUsernames`.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierMeta {
    /// The path from the account to the field: `phones.some.number`.
    pub path: &'static str,
    /// The key of the identifier in a request body: `number`.
    pub body_key: &'static str,
    /// The model that has the field: `Phone`.
    pub model: &'static str,
    /// The JSON name of the field: `number`.
    pub field: &'static str,
    /// The relation that leads from the account to that model; `None` for a field of the account.
    pub relation: Option<&'static str>,
}

/// Settings of the surface `jwt`.
#[derive(Clone, Copy, Debug)]
pub struct JwtMeta {
    /// Lifetime of a token, in seconds.
    pub expires_in_seconds: u64,
    /// Name of the cookie that has the token.
    pub cookie_name: &'static str,
    /// The `SameSite` attribute of that cookie.
    pub same_site: SameSite,
}

/// The rules for new passwords.
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    /// Minimum length, in characters.
    pub min: u32,
    /// Maximum length in bytes, at most 72: bcrypt ignores further bytes.
    pub max: u32,
    /// Minimum number of upper-case letters.
    pub upper: u32,
    /// Minimum number of lower-case letters.
    pub lower: u32,
    /// Minimum number of digits.
    pub digit: u32,
    /// Minimum number of other characters.
    pub symbol: u32,
    /// Whether passwords of a list of common ones are refused.
    pub refuse_common: bool,
}

/// The rule for failed log-ins.
#[derive(Clone, Copy, Debug)]
pub struct LockoutMeta {
    /// Number of failed log-ins after which an identifier is locked.
    pub attempts: u32,
    /// Duration of the lock, in seconds.
    pub for_seconds: u64,
}

/// The verification of e-mail addresses.
#[derive(Clone, Copy, Debug)]
pub struct EmailVerificationMeta {
    /// Whether an account must verify its address before it can log in.
    pub required: bool,
    /// The content of the mail.
    pub method: VerificationMethod,
}

/// Settings of one operation of accounts.
#[derive(Clone, Copy, Debug)]
pub struct AuthRouteMeta {
    /// The operation.
    pub operation: AuthOperation,
    /// Whether the operation has no route.
    pub disabled: bool,
    /// Its own rate limit; `None` for the default.
    pub rate_limit: Option<RateLimit>,
    /// Validation of its body, in addition to that of the fields.
    pub validation: &'static [BodyRuleMeta],
}

/// A validation rule for one key of the body of an auth route, in addition to the validation of the field itself.
#[derive(Clone, Copy, Debug)]
pub struct BodyRuleMeta {
    /// The key: `newPassword`.
    pub field: &'static str,
    /// Whether the key must be present and not null.
    pub required: bool,
    /// The lowest value, or the minimum length.
    pub min: Option<BodyBound>,
    /// The highest value, or the maximum length.
    pub max: Option<BodyBound>,
    /// A regular expression that text must match.
    pub pattern: Option<&'static str>,
}

/// A bound in the unit that fits the type of the key's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BodyBound {
    /// A number of characters.
    Length(u32),
    /// An integer.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A decimal as text, because a `Decimal` cannot be created in a constant.
    Decimal(&'static str),
}

/// Settings of the surface `session`.
#[derive(Clone, Copy, Debug)]
pub struct SessionMeta {
    /// The prefix of its paths: `/auth`.
    pub prefix: &'static str,
    /// The name of its cookie.
    pub cookie: &'static str,
    /// Seconds without a request after which a session ends.
    pub idle_seconds: u64,
    /// Maximum lifetime of a session, in seconds.
    pub absolute_seconds: u64,
    /// Maximum number of sessions of one account.
    pub max_per_account: u32,
}

/// Settings of the surface `tokenPair`.
#[derive(Clone, Copy, Debug)]
pub struct TokenPairMeta {
    /// The prefix of its paths: `/authentication`.
    pub prefix: &'static str,
    /// Lifetime of an access token, in seconds.
    pub access_seconds: u64,
    /// Lifetime of a refresh token, in seconds.
    pub refresh_seconds: u64,
    /// Whether an account can have several log-ins at a time.
    pub multiple_sessions: bool,
    /// Allowed targets of links in e-mails, after a password is set or an address verified: absolute URIs without a
    /// fragment, with the scheme http, https or that of an application. The first is the default after verification.
    pub redirects: &'static [&'static str],
}

impl AuthMeta {
    /// Returns the settings of an operation, if the YAML lists it.
    pub fn route(&self, operation: AuthOperation) -> Option<&AuthRouteMeta> {
        self.routes.iter().find(|route| route.operation == operation)
    }
}
