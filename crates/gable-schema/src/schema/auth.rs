//! Authentication: log-in, sessions, tokens, and the rules for passwords and request bodies.

use serde::Serialize;

use super::{AuthMode, AuthOperation, RateLimit, Route, SameSite, Surface, TokenDelivery, VerificationMethod};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Auth {
    pub mode: AuthMode,
    pub surfaces: Vec<Surface>,
    pub default_role: Option<String>,
    pub login: Login,
    pub jwt: Jwt,
    pub password: PasswordPolicy,
    pub lockout: Lockout,
    pub email_verification: EmailVerification,
    /// of the auth routes (default 10 in 5 s)
    pub rate_limit: RateLimit,
    /// only operations that the YAML names; key order is that of `AuthOperation`
    pub routes: Vec<AuthRoute>,
    pub session: SessionSurface,
    pub token_pair: TokenPairSurface,
}

impl Auth {
    /// Returns true if a mounted surface sends e-mail. The jwt surface sends none.
    pub fn sends_mail(&self) -> bool {
        self.surfaces.iter().any(|surface| matches!(surface, Surface::Session | Surface::TokenPair))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuthRoute {
    pub operation: AuthOperation,
    pub route: Route,
    /// in the order of the YAML; empty for an operation without a body
    pub validation: Vec<BodyRule>,
}

/// A validation rule for one key of the body of an auth route, in addition to the validation of the field itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BodyRule {
    /// the key of the body: `username`, `newPassword`
    pub field: String,
    pub required: bool,
    /// never looser than the bounds of the field itself
    pub min: Option<BodyBound>,
    pub max: Option<BodyBound>,
    pub pattern: Option<String>,
}

/// A bound in the unit that fits the type of the key's values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum BodyBound {
    /// characters
    Length(u32),
    Integer(i64),
    Float(f64),
    /// a decimal literal
    Decimal(String),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Login {
    /// In the order of the YAML; never empty.
    pub identifiers: Vec<Identifier>,
    pub send_access_token_through: TokenDelivery,
}

/// One entry of `allowedUsernames`, resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identifier {
    /// as written: `email`, `profile.nickname`, `phones.some.number`
    pub path: String,
    /// the key of the request body: `email`, `nickname`, `number`
    pub body_key: String,
    /// the model that holds the unique field, and that field's name
    pub model: String,
    pub field: String,
    /// the relation that leads from the account to that model; none for a field of the account
    pub relation: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jwt {
    pub expires_in_seconds: u64,
    pub cookie_name: String,
    pub same_site: SameSite,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PasswordPolicy {
    /// characters
    pub min: u32,
    /// bytes, at most 72 (bcrypt)
    pub max: u32,
    pub upper: u32,
    pub lower: u32,
    pub digit: u32,
    pub symbol: u32,
    pub refuse_common: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lockout {
    pub attempts: u32,
    pub for_seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmailVerification {
    pub required: bool,
    pub method: VerificationMethod,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionSurface {
    pub prefix: String,
    pub cookie: String,
    pub idle_seconds: u64,
    pub absolute_seconds: u64,
    pub max_per_account: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenPairSurface {
    pub prefix: String,
    pub access_seconds: u64,
    pub refresh_seconds: u64,
    pub multiple_sessions: bool,
    /// Absolute URIs without a fragment that a link in an e-mail may redirect to; the first is the default after
    /// verification.
    pub redirects: Vec<String>,
}
