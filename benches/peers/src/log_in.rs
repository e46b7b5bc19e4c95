//! Logging in with a password. Of all cores but one, each verifies one password at a time; other log-ins wait.

use std::thread::available_parallelism;

use actix_web::error::{ErrorBadRequest, ErrorInternalServerError, ErrorUnauthorized};
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpResponse, Result};
use chrono::{SubsecRound, TimeDelta, Utc};
use serde::Deserialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::Worker;
use crate::store::{LogIn, Store};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    username: String,
    password: String,
}

/// How many passwords may be verified at the same time.
pub(crate) fn verifying() -> Semaphore {
    let cores = available_parallelism().map_or(1, usize::from);
    Semaphore::new((cores - 1).max(1))
}

pub(crate) async fn log_in<S: Store>(
    worker: Data<Worker<S>>,
    verifying: Data<Semaphore>,
    bytes: Bytes,
) -> Result<HttpResponse> {
    let Credentials { username, password } = serde_json::from_slice(&bytes).map_err(ErrorBadRequest)?;
    let account = worker.store.account(username).await.map_err(ErrorInternalServerError)?;
    let account = account.ok_or_else(|| ErrorUnauthorized("credentials"))?;
    let permit = verifying.acquire().await.map_err(ErrorInternalServerError)?;
    let verified = web::block(move || bcrypt::verify(password, &account.hash)).await?;
    drop(permit);
    if !verified.map_err(ErrorInternalServerError)? {
        return Err(ErrorUnauthorized("credentials"));
    }
    let now = Utc::now().trunc_subsecs(3);
    let log_in = LogIn { account: account.id, grant: Uuid::now_v7(), now, expires: now + TimeDelta::days(30) };
    let token = worker.callers.issue(log_in.account, log_in.grant, now, log_in.expires);
    let user = worker.store.log_in(log_in).await.map_err(ErrorInternalServerError)?;
    let mut out = Vec::with_capacity(token.len() + user.len() + 32);
    out.extend_from_slice(b"{\"data\":");
    out.extend_from_slice(&user);
    out.extend_from_slice(b",\"token\":\"");
    out.extend_from_slice(token.as_bytes());
    out.extend_from_slice(b"\"}");
    Ok(HttpResponse::Ok().content_type("application/json").body(out))
}
