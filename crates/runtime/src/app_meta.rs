//! What `app.yaml` says, as constants that the build step prints.

use crate::resource::RateLimit;

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

/// Pages of the application that the links of mails lead to, each with `{token}` once, where the one-time token goes.
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
    /// rows that one body may name through relations
    pub max_nested: u32,
    /// values in one list of a filter
    pub max_in: u32,
    /// rows that one answer may include beside its own
    pub max_included: u32,
    /// bytes of one answer
    pub max_bytes: usize,
    /// How long one statement may take, unless the environment says otherwise.
    pub statement_seconds: u32,
    /// How the filters of a list are joined where the request does not say.
    pub filter_mode: FilterMode,
}

/// How the filters of a URL hold together.
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
    /// Only operations that the YAML names.
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
    /// The account's relation that leads there; none for a field of its own.
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
    /// bytes, at most 72: bcrypt reads no further
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

/// What one key of the body must be like, beyond what the field itself asks.
#[derive(Clone, Copy, Debug)]
pub struct BodyRuleMeta {
    /// `newPassword`
    pub field: &'static str,
    /// There, and not null.
    pub required: bool,
    pub min: Option<BodyBound>,
    pub max: Option<BodyBound>,
    pub pattern: Option<&'static str>,
}

/// A bound, of the kind that the values of its key have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BodyBound {
    /// characters
    Length(u32),
    Integer(i64),
    Float(f64),
    /// a literal: a `Decimal` cannot be made in a constant
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

    /// What an account reads and writes of itself, which the global limit counts.
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
    /// Where the link of a mail may lead, to set a password or once an address is verified: absolute URIs without a fragment,
    /// http, https or an application's own scheme. Nowhere else; the first is the default of a verified address.
    pub redirects: &'static [&'static str],
}

impl AuthMeta {
    pub fn route(&self, operation: AuthOperation) -> Option<&AuthRouteMeta> {
        self.routes.iter().find(|route| route.operation == operation)
    }
}
