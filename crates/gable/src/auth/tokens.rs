//! Access tokens: JWTs signed with HS256 only. Issuer, audience, subject and expiry are required.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::credential;
use crate::access::GrantState;
use crate::error::ApiError;
use crate::model::Id;

/// The audience of access tokens. Distinguishes them from tokens for other purposes that the same secret may sign.
const AUDIENCE: &str = "access";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The account's id.
    pub(super) sub: String,
    /// The account's id again, where clients of the documented systems expect it. Only `sub` is read.
    #[serde(skip_deserializing)]
    id: String,
    /// The id of the grant, the log-in that this token belongs to.
    pub(super) gid: String,
    /// The generation of the grant when this token was issued.
    #[serde(rename = "gen")]
    pub(super) generation: i32,
    iss: String,
    aud: String,
    /// When the token was issued, in seconds since the Unix epoch.
    iat: i64,
    exp: i64,
    /// The time before which the token is not valid. The server never sets it, but checks it if present.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
    /// When the account's password was last changed, in milliseconds since the Unix epoch. A token becomes invalid when
    /// the password changes, even within the second in which it was issued.
    pub(super) pwd: i64,
}

/// Maximum number of tokens that are remembered as verified. When it is reached, all are forgotten.
const REMEMBERED: usize = 10_000;

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    issuer: String,
    /// The claims of tokens with a valid signature, by the SHA-256 of the token: verifying one takes ten times as long.
    verified: RwLock<HashMap<[u8; 32], Arc<Claims>>>,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], issuer: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The claim is required, but compared with the application's own clock in `verify`.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            issuer: issuer.to_owned(),
            verified: RwLock::default(),
        }
    }

    /// Issues a token for an account; it expires after `lifetime` seconds.
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

    /// Verifies the signature and the claims of a token. Times are compared with each call.
    ///
    /// # Errors
    /// 401 `ExpiredToken` for an expired token with a valid signature, 401 `InvalidToken` for any other reason.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, ApiError> {
        let claims = self.signed_claims(token)?;
        if claims.exp <= now.timestamp() {
            return Err(credential::expired());
        }
        if claims.nbf.is_some_and(|begins| begins > now.timestamp()) {
            return Err(credential::invalid());
        }
        Ok(claims)
    }

    fn signed_claims(&self, token: &str) -> Result<Arc<Claims>, ApiError> {
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.verified.read().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(claims.clone());
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = Arc::new(decoded.map_err(|_| credential::invalid())?.claims);
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(digest, claims.clone());
        Ok(claims)
    }
}
