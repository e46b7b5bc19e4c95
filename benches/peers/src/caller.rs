//! Authentication by an HS256 token. The account of a log-in and its permissions are cached for five seconds, as in Gable;
//! each worker thread has a cache of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::error::{ErrorForbidden, ErrorInternalServerError, ErrorUnauthorized};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{Rights, Store};

const LIFETIME: Duration = Duration::from_secs(5);
const AUDIENCE: &str = "access";

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    gid: Uuid,
}

#[derive(Serialize)]
struct Issued {
    sub: Uuid,
    id: Uuid,
    gid: Uuid,
    #[serde(rename = "gen")]
    generation: u32,
    iss: &'static str,
    aud: &'static str,
    iat: i64,
    exp: i64,
    jti: String,
    pwd: i64,
}

pub(crate) struct Callers {
    decoding: DecodingKey,
    encoding: EncodingKey,
    validation: Validation,
    cache: RefCell<HashMap<Uuid, (Instant, Rights)>>,
}

impl Callers {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        Self {
            decoding: DecodingKey::from_secret(secret),
            encoding: EncodingKey::from_secret(secret),
            validation,
            cache: RefCell::default(),
        }
    }

    /// Returns the account of the caller, who must have the permission for an action.
    pub(crate) async fn allowed(
        &self,
        request: &HttpRequest,
        store: &impl Store,
        action: &str,
    ) -> actix_web::Result<Uuid> {
        let header = request.headers().get("Authorization").and_then(|header| header.to_str().ok());
        let token =
            header.and_then(|header| header.strip_prefix("Bearer ")).ok_or_else(|| ErrorUnauthorized("token"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = claims.map_err(ErrorUnauthorized)?.claims;
        if let Some(allowed) = self.cached(&claims, action) {
            return allowed;
        }
        let rights = store.rights(claims.gid).await.map_err(ErrorInternalServerError)?;
        let rights = rights.ok_or_else(|| ErrorUnauthorized("log-in"))?;
        let allowed = check(&rights, &claims, action);
        self.cache.borrow_mut().insert(claims.gid, (Instant::now(), rights));
        allowed
    }

    fn cached(&self, claims: &Claims, action: &str) -> Option<actix_web::Result<Uuid>> {
        let cache = self.cache.borrow();
        let (since, rights) = cache.get(&claims.gid)?;
        (since.elapsed() < LIFETIME).then(|| check(rights, claims, action))
    }

    pub(crate) fn issue(&self, account: Uuid, grant: Uuid, now: DateTime<Utc>, expires: DateTime<Utc>) -> String {
        let claims = Issued {
            sub: account,
            id: account,
            gid: grant,
            generation: 0,
            iss: "Gazette",
            aud: AUDIENCE,
            iat: now.timestamp(),
            exp: expires.timestamp(),
            jti: Uuid::new_v4().simple().to_string(),
            pwd: 0,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).expect("claims serialize")
    }
}

fn check(rights: &Rights, claims: &Claims, action: &str) -> actix_web::Result<Uuid> {
    if rights.account != claims.sub || !rights.actions.iter().any(|allowed| allowed == action) {
        return Err(ErrorForbidden("permission"));
    }
    Ok(rights.account)
}
