//! Access tokens: HS256 and nothing else, typed claims, issuer, audience and expiry required.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::error::credential;
use crate::access::GrantState;
use crate::http::ApiError;
use crate::resource::Id;

/// Who may open what this token opens: told apart from tokens of other purposes that the same secret may sign.
const AUDIENCE: &str = "access";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The account's id.
    pub(super) sub: String,
    /// The account's id again, where clients of the documented systems look for it. Only `sub` is read.
    #[serde(skip_deserializing)]
    id: String,
    /// The grant's id: the log-in that this token belongs to.
    pub(super) gid: String,
    /// How often the grant's credential was renewed when this one was made.
    #[serde(rename = "gen")]
    pub(super) generation: i32,
    iss: String,
    aud: String,
    /// Seconds since the epoch.
    iat: i64,
    exp: i64,
    /// Never issued, but never ignored either: whoever says when a token begins means it.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
    /// When the account's password was last changed, in milliseconds since the epoch: a token dies with the password
    /// that it was issued under, also within the same second.
    pub(super) pwd: i64,
}

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    issuer: String,
}

impl Tokens {
    pub(super) fn new(secret: &[u8], issuer: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Required and typed, but compared with the application's own clock.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            issuer: issuer.to_owned(),
        }
    }

    /// A token that opens what the account may do, for `lifetime` seconds.
    pub(super) fn issue(
        &self,
        account: Id,
        grant: GrantState,
        password_changed_at: i64,
        lifetime: u64,
        now: DateTime<Utc>,
    ) -> Result<String, ApiError> {
        let claims = Claims {
            sub: account.to_string(),
            id: account.to_string(),
            gid: grant.id.to_string(),
            generation: grant.generation,
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: now.timestamp().saturating_add_unsigned(lifetime),
            nbf: None,
            jti: uuid::Uuid::new_v4().simple().to_string(),
            pwd: password_changed_at,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(ApiError::internal)
    }

    /// # Errors
    /// `ExpiredToken`, or `InvalidToken` for everything else: a forger learns nothing from the difference.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, ApiError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = decoded.map_err(|_| credential::invalid())?.claims;
        if claims.exp <= now.timestamp() {
            return Err(credential::expired());
        }
        if claims.nbf.is_some_and(|begins| begins > now.timestamp()) {
            return Err(credential::invalid());
        }
        Ok(claims)
    }
}
