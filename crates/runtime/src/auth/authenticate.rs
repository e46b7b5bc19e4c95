//! Stage 3: from a credential to a `Principal`. No SQL on a warm path.

use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

use super::Auth;
use super::surfaces::jwt::errors;
use super::tokens::Claims;
use crate::access::{Identity, Principal};
use crate::app_meta::{AuthMeta, TokenDelivery};
use crate::context::Context;
use crate::core::Core;
use crate::hooks::{Authentication, AuthenticationFailure, Moment, Pipeline};
use crate::http::{ApiError, LoggedAccount};
use crate::resource::{Id, IdKind};

enum Credential {
    Bearer(String),
    Cookie(String),
}

/// Finds out who asks and notes it in the context.
///
/// # Errors
/// 401 for a bearer token that does not hold. A cookie that does not hold keeps nobody from public pages: it is noted,
/// and explains the refusal where a log-in is needed. 503 when the database cannot be asked.
pub(crate) async fn authenticate(ctx: &mut Context<'_>, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(auth) = &ctx.core.auth else { return Ok(()) };
    let mut supplied = Authentication::default();
    auth.hooks.run(Pipeline::Authenticate, Moment::Before, ctx, &mut supplied).await?;
    ctx.principal = match supplied.principal {
        Some(principal) => principal,
        None => by_credential(ctx, auth, request).await?,
    };
    let mut principal = ctx.principal.clone();
    auth.hooks.run(Pipeline::Authenticate, Moment::After, ctx, &mut principal).await?;
    ctx.principal = principal;
    if let Some(account) = ctx.principal.account() {
        request.extensions_mut().insert(LoggedAccount(account.to_string()));
    }
    Ok(())
}

async fn by_credential(ctx: &mut Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<Principal, ApiError> {
    let Some(credential) = credential(auth.meta, request) else { return Ok(Principal::Anonymous) };
    let (Credential::Bearer(token) | Credential::Cookie(token)) = &credential;
    match holder(ctx.core, auth, token).await {
        Ok(identity) => Ok(Principal::Account(identity)),
        Err(error) if error.status() == 401 => refused(ctx, auth, credential, error).await,
        Err(error) => Err(error),
    }
}

/// An interceptor may let the request go on as somebody.
async fn refused(
    ctx: &mut Context<'_>,
    auth: &Auth,
    credential: Credential,
    error: ApiError,
) -> Result<Principal, ApiError> {
    let mut failure = AuthenticationFailure { error, principal: None };
    auth.hooks.run(Pipeline::Authenticate, Moment::Error, ctx, &mut failure).await?;
    match (failure.principal, credential) {
        (Some(principal), _) => Ok(principal),
        (None, Credential::Bearer(_)) => Err(failure.error),
        (None, Credential::Cookie(_)) => {
            ctx.stale = Some(failure.error);
            Ok(Principal::Anonymous)
        }
    }
}

/// Who holds the token.
async fn holder(core: &Core, auth: &Auth, token: &str) -> Result<Arc<Identity>, ApiError> {
    let claims = auth.tokens.verify(token, core.now())?;
    let grant = Uuid::try_parse(&claims.gid).map_err(|_| errors::invalid_token())?;
    let Some(identity) = auth.access.by_grant(&core.db, grant, core.now()).await? else {
        return Err(why_over(core, auth, &claims).await?);
    };
    if identity.account.to_string() != claims.sub {
        return Err(errors::invalid_token());
    }
    if identity.password_changed_at != claims.pwd {
        return Err(errors::password_changed());
    }
    if identity.grant.is_none_or(|grant| grant.generation != claims.generation) {
        return Err(errors::invalid_token());
    }
    Ok(identity)
}

/// A genuine token whose log-in is over: its account is gone, its password was changed, or somebody logged out.
async fn why_over(core: &Core, auth: &Auth, claims: &Claims) -> Result<ApiError, ApiError> {
    let Some(account) = account_id(auth, &claims.sub) else { return Ok(errors::invalid_token()) };
    let identity = auth.access.by_account(&core.db, account, core.now()).await?;
    Ok(match identity {
        None => errors::user_no_longer_exists(),
        Some(identity) if identity.password_changed_at != claims.pwd => errors::password_changed(),
        Some(_) => errors::invalid_token(),
    })
}

/// The principal of an account, for interceptors that know by other means who asks.
///
/// # Errors
/// 401 `UserNoLongerExists` when the account is gone or may not act.
pub(crate) async fn identify(core: &Core, account: Id) -> Result<Principal, ApiError> {
    let auth = core.auth.as_ref().ok_or_else(|| ApiError::internal("there are no accounts"))?;
    let identity = auth.access.by_account(&core.db, account, core.now()).await?;
    identity.map(Principal::Account).ok_or_else(errors::user_no_longer_exists)
}

/// The header wins over the cookie: it was put there on purpose.
fn credential(meta: &AuthMeta, request: &HttpRequest) -> Option<Credential> {
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        // A header that is no text, or of another scheme, is a credential that does not hold.
        let token = header.to_str().ok().and_then(bearer).unwrap_or_default();
        return Some(Credential::Bearer(token.to_owned()));
    }
    if meta.send_access_token_through == TokenDelivery::ResponseOnly {
        return None;
    }
    request.cookie(meta.jwt.cookie_name).map(|cookie| Credential::Cookie(cookie.value().to_owned()))
}

/// RFC 7235: the scheme's case does not matter.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn account_id(auth: &Auth, text: &str) -> Option<Id> {
    match auth.access.models.account.id {
        IdKind::Uuid => text.parse().map(Id::Uuid).ok(),
        IdKind::Integer => text.parse().map(Id::Integer).ok(),
    }
}
