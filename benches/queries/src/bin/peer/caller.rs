//! Authentication by an HS256 token. The account of a log-in is cached for five seconds, as in Gable.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::error::{ErrorForbidden, ErrorInternalServerError, ErrorUnauthorized};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

use crate::store::Store;

const LIFETIME: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    gid: Uuid,
}

#[derive(Clone, Copy)]
struct Caller {
    account: Uuid,
    is_super_user: bool,
    since: Instant,
}

pub(crate) struct Callers {
    key: DecodingKey,
    validation: Validation,
    cache: RwLock<HashMap<Uuid, Caller>>,
}

impl Callers {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["access"]);
        Self { key: DecodingKey::from_secret(secret), validation, cache: RwLock::default() }
    }

    /// Returns the account of the caller, who must be a super user.
    pub(crate) async fn super_user(&self, request: &HttpRequest, store: &Store) -> actix_web::Result<Uuid> {
        let header = request.headers().get("Authorization").and_then(|header| header.to_str().ok());
        let token =
            header.and_then(|header| header.strip_prefix("Bearer ")).ok_or_else(|| ErrorUnauthorized("token"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        let claims = claims.map_err(ErrorUnauthorized)?.claims;
        let caller = match self.cached(claims.gid) {
            Some(caller) => caller,
            None => self.load(claims.gid, store).await?,
        };
        if caller.account != claims.sub || !caller.is_super_user {
            return Err(ErrorForbidden("permission"));
        }
        Ok(caller.account)
    }

    fn cached(&self, grant: Uuid) -> Option<Caller> {
        let cache = self.cache.read().expect("no code panics while it holds the lock");
        cache.get(&grant).filter(|caller| caller.since.elapsed() < LIFETIME).copied()
    }

    async fn load(&self, grant: Uuid, store: &Store) -> actix_web::Result<Caller> {
        let found = store.grant(grant).await.map_err(ErrorInternalServerError)?;
        let (account, is_super_user) = found.ok_or_else(|| ErrorUnauthorized("log-in"))?;
        let caller = Caller { account, is_super_user, since: Instant::now() };
        self.cache.write().expect("no code panics while it holds the lock").insert(grant, caller);
        Ok(caller)
    }
}
