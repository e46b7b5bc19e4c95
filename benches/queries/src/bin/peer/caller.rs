//! Who asks: an HS256 token, and what its log-in may do, remembered for as long as Gable does.

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
    may_do_everything: bool,
    since: Instant,
}

pub(crate) struct Callers {
    key: DecodingKey,
    validation: Validation,
    known: RwLock<HashMap<Uuid, Caller>>,
}

impl Callers {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["access"]);
        Self { key: DecodingKey::from_secret(secret), validation, known: RwLock::default() }
    }

    /// The account of somebody who may do everything.
    pub(crate) async fn permitted(&self, request: &HttpRequest, store: &Store) -> actix_web::Result<Uuid> {
        let header = request.headers().get("Authorization").and_then(|header| header.to_str().ok());
        let token =
            header.and_then(|header| header.strip_prefix("Bearer ")).ok_or_else(|| ErrorUnauthorized("token"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        let claims = claims.map_err(ErrorUnauthorized)?.claims;
        let caller = match self.remembered(claims.gid) {
            Some(caller) => caller,
            None => self.asked(claims.gid, store).await?,
        };
        if caller.account != claims.sub || !caller.may_do_everything {
            return Err(ErrorForbidden("permission"));
        }
        Ok(caller.account)
    }

    fn remembered(&self, grant: Uuid) -> Option<Caller> {
        let known = self.known.read().expect("nothing panics with the lock");
        known.get(&grant).filter(|caller| caller.since.elapsed() < LIFETIME).copied()
    }

    async fn asked(&self, grant: Uuid, store: &Store) -> actix_web::Result<Caller> {
        let found = store.grant(grant).await.map_err(ErrorInternalServerError)?;
        let (account, may_do_everything) = found.ok_or_else(|| ErrorUnauthorized("log-in"))?;
        let caller = Caller { account, may_do_everything, since: Instant::now() };
        self.known.write().expect("nothing panics with the lock").insert(grant, caller);
        Ok(caller)
    }
}
