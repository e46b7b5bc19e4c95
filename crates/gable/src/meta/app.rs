//! The settings in `app.yaml`, as constants that the build step prints.

use super::model::RateLimit;

#[derive(Debug)]
pub struct AppMeta {
    pub name: &'static str,
    /// The application's own version, from its `Cargo.toml`.
    pub version: &'static str,
    /// `/api`
    pub api: &'static str,
    pub port: u16,
    /// bytes
    pub body_limit: usize,
    pub cors: &'static [&'static str],
    pub query: QueryLimits,
    pub rate_limit: RateLimit,
    pub auth: Option<AuthMeta>,
    pub mail_from: Option<&'static str>,
    pub mail_links: MailLinks,
}

/// Pages that links in e-mails open; each URL contains `{token}` once, the placeholder of the one-time token.
#[derive(Clone, Copy, Debug)]
pub struct MailLinks {
    pub verify_email: Option<&'static str>,
    pub reset_password: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    pub default_limit: u32,
    pub max_limit: u32,
    pub max_filters: u32,
    pub max_depth: u32,
    pub max_bulk: u32,
    /// related rows that one request body may name
    pub max_nested: u32,
    /// values in one list of a filter
    pub max_in: u32,
    /// related rows that one answer may include in addition to its own rows
    pub max_included: u32,
    /// bytes of one answer
    pub max_bytes: usize,
    /// Time limit of one SQL statement, unless the environment sets another one.
    pub statement_seconds: u32,
    /// How the filters of a list are combined if the request has no `filterMode`.
    pub filter_mode: FilterMode,
}

/// How the filters of a URL are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterMode {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    Dynamic,
    Static,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Jwt,
    Session,
    TokenPair,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenDelivery {
    Both,
    CookieOnly,
    ResponseOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    Lax,
    Strict,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationMethod {
    Link,
    Code,
}

#[derive(Debug)]
pub struct AuthMeta {
    pub mode: AuthMode,
    pub surfaces: &'static [Surface],
    pub default_role: Option<&'static str>,
    pub identifiers: &'static [IdentifierMeta],
    pub send_access_token_through: TokenDelivery,
    pub jwt: JwtMeta,
    pub password: PasswordPolicy,
    pub lockout: LockoutMeta,
    pub email_verification: EmailVerificationMeta,
    pub rate_limit: RateLimit,
    /// Only the operations listed in the YAML.
    pub routes: &'static [AuthRouteMeta],
    pub session: SessionMeta,
    pub token_pair: TokenPairMeta,
}

/// One entry of `allowedUsernames`.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierMeta {
    /// `phones.some.number`
    pub path: &'static str,
    /// `number`
    pub body_key: &'static str,
    /// The model that holds the field: `Phone`
    pub model: &'static str,
    pub field: &'static str,
    /// The relation that leads from the account to that model; none for a field of the account.
    pub relation: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub struct JwtMeta {
    pub expires_in_seconds: u64,
    pub cookie_name: &'static str,
    pub same_site: SameSite,
}

#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    /// characters
    pub min: u32,
    /// bytes, at most 72: bcrypt ignores further bytes
    pub max: u32,
    pub upper: u32,
    pub lower: u32,
    pub digit: u32,
    pub symbol: u32,
    pub refuse_common: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct LockoutMeta {
    pub attempts: u32,
    pub for_seconds: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct EmailVerificationMeta {
    pub required: bool,
    pub method: VerificationMethod,
}

#[derive(Clone, Copy, Debug)]
pub struct AuthRouteMeta {
    pub operation: AuthOperation,
    pub disabled: bool,
    pub rate_limit: Option<RateLimit>,
    pub validation: &'static [BodyRuleMeta],
}

/// A validation rule for one key of the body of an auth route, in addition to the validation of the field itself.
#[derive(Clone, Copy, Debug)]
pub struct BodyRuleMeta {
    /// `newPassword`
    pub field: &'static str,
    /// The key must be present and not null.
    pub required: bool,
    pub min: Option<BodyBound>,
    pub max: Option<BodyBound>,
    pub pattern: Option<&'static str>,
}

/// A bound in the unit that fits the type of the key's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BodyBound {
    /// characters
    Length(u32),
    Integer(i64),
    Float(f64),
    /// a decimal literal, because a `Decimal` cannot be created in a constant
    Decimal(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthOperation {
    Login,
    Signup,
    Logout,
    LogoutAll,
    UpdatePassword,
    ForgotPassword,
    ResetPassword,
    VerifyEmail,
    ResendVerification,
    ChangeEmail,
    Renew,
    GetMe,
    UpdateMe,
    DeleteMe,
    ListSessions,
    RevokeSession,
    LoginHistory,
}

impl AuthOperation {
    pub(crate) const ALL: [AuthOperation; 17] = [
        AuthOperation::Login,
        AuthOperation::Signup,
        AuthOperation::Logout,
        AuthOperation::LogoutAll,
        AuthOperation::UpdatePassword,
        AuthOperation::ForgotPassword,
        AuthOperation::ResetPassword,
        AuthOperation::VerifyEmail,
        AuthOperation::ResendVerification,
        AuthOperation::ChangeEmail,
        AuthOperation::Renew,
        AuthOperation::GetMe,
        AuthOperation::UpdateMe,
        AuthOperation::DeleteMe,
        AuthOperation::ListSessions,
        AuthOperation::RevokeSession,
        AuthOperation::LoginHistory,
    ];

    /// Returns true for operations by which an account reads or writes its own data. By default, only the global
    /// limit counts them.
    pub(crate) fn is_own_page(self) -> bool {
        use AuthOperation::{DeleteMe, GetMe, ListSessions, LoginHistory, RevokeSession, UpdateMe};
        matches!(self, GetMe | UpdateMe | DeleteMe | ListSessions | RevokeSession | LoginHistory)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SessionMeta {
    pub prefix: &'static str,
    pub cookie: &'static str,
    pub idle_seconds: u64,
    pub absolute_seconds: u64,
    pub max_per_account: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct TokenPairMeta {
    pub prefix: &'static str,
    pub access_seconds: u64,
    pub refresh_seconds: u64,
    pub multiple_sessions: bool,
    /// Allowed targets of links in e-mails, after a password is set or an address verified: absolute URIs without a
    /// fragment, with the scheme http, https or that of an application. The first is the default after verification.
    pub redirects: &'static [&'static str],
}

impl AuthMeta {
    pub fn route(&self, operation: AuthOperation) -> Option<&AuthRouteMeta> {
        self.routes.iter().find(|route| route.operation == operation)
    }
}
