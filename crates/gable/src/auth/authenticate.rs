//! Stage 3: authentication, from a credential to a `Principal`. Needs no SQL when the identity is cached.

use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

use super::error::credential;
use super::tokens::Claims;
use super::{Auth, grant, issued_credential};
use crate::access::{Identity, LoginMethod, Principal};
use crate::context::hooks::{Authentication, AuthenticationFailure, HookPhase, Pipeline};
use crate::context::{Context, Core};
use crate::error::{ApiError, ErrorKind};
use crate::http::{CredentialCookie, LoggedAccount, is_cross_site};
use crate::meta::{IdKind, SameSite, SessionMeta, Surface, TokenDelivery};
use crate::model::{Id, RowId};
use crate::settings::{Settings, Switch};

#[derive(Debug)]
enum Credential {
    Bearer(String),
    Cookie(String),
    Session(String),
}

/// Identifies the caller by any credential that the application issues, and stores the principal in the context.
///
/// # Errors
/// 401 for an invalid bearer token. An invalid cookie is no error here, so that public routes stay reachable; its error
/// is kept and returned by routes that need a log-in. 403 for a write with a cookie that another site has triggered.
/// 500 or 503 for a database error.
pub(crate) async fn authenticate(
    ctx: &mut Context<'_>,
    auth: Option<&Auth>,
    request: &HttpRequest,
) -> Result<(), ApiError> {
    let Some(auth) = auth else { return Ok(()) };
    let credentials = credentials(auth, request);
    authenticate_with(ctx, auth, request, credentials).await
}

/// Like `authenticate`, for the routes of one surface. The session and tokenPair surfaces accept only their own
/// log-ins.
pub(crate) async fn authenticate_via(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    via: LoginMethod,
) -> Result<(), ApiError> {
    let credentials = match via {
        LoginMethod::Session => [session(auth, request), None],
        LoginMethod::TokenPair => [authorization(request), None],
        LoginMethod::Jwt | LoginMethod::Console => credentials(auth, request),
    };
    authenticate_with(ctx, auth, request, credentials).await?;
    let foreign = |via_of: LoginMethod| via != LoginMethod::Jwt && via_of != via;
    match ctx.principal.grant() {
        Some(grant) if foreign(grant.via) => Err(credential::invalid()),
        _ => Ok(()),
    }
}

async fn authenticate_with(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    credentials: [Option<Credential>; 2],
) -> Result<(), ApiError> {
    let mut supplied = Authentication::default();
    ctx.core.auth_hooks.run(Pipeline::Authenticate, HookPhase::Before, ctx, &mut supplied).await?;
    ctx.principal = match supplied.principal {
        Some(principal) => principal,
        None => by_credential(ctx, auth, request, credentials).await?,
    };
    let mut principal = ctx.principal.clone();
    ctx.core.auth_hooks.run(Pipeline::Authenticate, HookPhase::After, ctx, &mut principal).await?;
    ctx.principal = principal;
    if let Some(account) = ctx.principal.account() {
        request.extensions_mut().insert(LoggedAccount(account.to_string()));
    }
    Ok(())
}

/// The principal of the first valid credential.
async fn by_credential(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    credentials: [Option<Credential>; 2],
) -> Result<Principal, ApiError> {
    let (mut failed, mut dead) = (None, false);
    for credential in credentials.into_iter().flatten() {
        match identity_of(ctx.core, auth, &credential).await {
            Ok(identity) => {
                if !matches!(credential, Credential::Bearer(_)) {
                    refuse_cross_site(ctx.core, request)?;
                }
                note_use(ctx, &identity);
                return Ok(Principal::Account(identity));
            }
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                dead |= matches!(credential, Credential::Session(_));
                failed = failed.or(Some((credential, error)));
            }
            Err(error) => return Err(error),
        }
    }
    let Some((credential, error)) = failed else { return Ok(Principal::Anonymous) };
    let refused = refused(ctx, credential, error).await;
    ctx.session_error = ctx
        .session_error
        .take()
        .map(|error| if dead { clear_session_cookie(ctx.core, auth, request, error) } else { error });
    refused
}

/// Adds a header to an error that removes the session cookie of the request, if it has one, because it is not valid.
pub(crate) fn clear_session_cookie(core: &Core, auth: &Auth, request: &HttpRequest, refusal: ApiError) -> ApiError {
    if session(auth, request).is_none() {
        return refusal;
    }
    refusal.with_header("Set-Cookie", session_cookie(auth, &core.settings).removal().to_string())
}

/// The cookie that contains the id of a session. It is `Secure`, unless the setting for insecure cookies is on and the
/// public URL is not `https`.
pub(crate) fn session_cookie(auth: &Auth, settings: &Settings) -> CredentialCookie {
    let SessionMeta { cookie, absolute_seconds, .. } = auth.meta.session;
    CredentialCookie {
        name: cookie,
        max_age_seconds: absolute_seconds,
        same_site: SameSite::Lax,
        secure: settings.insecure_cookies == Switch::Off || settings.is_public_by_tls(),
    }
}

/// Refuses cross-site request forgery: a browser adds its cookies also to requests that a page of another site makes.
///
/// # Errors
/// 403 `CrossSiteRequest` for a write that a page of another site has triggered.
pub(crate) fn refuse_cross_site(core: &Core, request: &HttpRequest) -> Result<(), ApiError> {
    let (public, trusted) = (core.settings.public_origin(), core.app.cors.iter().copied());
    if request.method().is_safe() || !is_cross_site(request, public, trusted) {
        return Ok(());
    }
    Err(ApiError::of(ErrorKind::Forbidden, "CrossSiteRequest", "Requests from other sites are not allowed here"))
}

/// Stores in the background that a log-in was used, if it ends by inactivity and the use is due to be stored.
fn note_use(ctx: &Context<'_>, identity: &Identity) {
    let Some(grant) = identity.used(ctx.now) else { return };
    let (core, now) = (ctx.shared(), ctx.now);
    actix_web::rt::spawn(async move {
        if let Err(error) = grant::note_use(&core, grant, now).await {
            tracing::warn!(%error, "failed to record the use of a session");
        }
    });
}

/// Runs the error interceptors for an invalid credential; they may supply a principal. Otherwise a bearer token is
/// refused, and the request with a cookie continues as anonymous.
async fn refused(ctx: &mut Context<'_>, credential: Credential, error: ApiError) -> Result<Principal, ApiError> {
    let mut failure = AuthenticationFailure { error, principal: None };
    ctx.core.auth_hooks.run(Pipeline::Authenticate, HookPhase::Error, ctx, &mut failure).await?;
    match (failure.principal, credential) {
        (Some(principal), _) => Ok(principal),
        (None, Credential::Bearer(_)) => Err(failure.error),
        (None, Credential::Cookie(_) | Credential::Session(_)) => {
            ctx.session_error = Some(failure.error);
            Ok(Principal::Anonymous)
        }
    }
}

/// The identity that a credential belongs to.
async fn identity_of(core: &Core, auth: &Auth, credential: &Credential) -> Result<Arc<Identity>, ApiError> {
    match credential {
        Credential::Bearer(token) => of_token(core, auth, token, &[LoginMethod::Jwt, LoginMethod::TokenPair]).await,
        Credential::Cookie(token) => of_token(core, auth, token, &[LoginMethod::Jwt]).await,
        Credential::Session(id) => of_session(core, auth, id).await?.ok_or_else(credential::invalid),
    }
}

async fn of_token(core: &Core, auth: &Auth, token: &str, accepted: &[LoginMethod]) -> Result<Arc<Identity>, ApiError> {
    let claims = auth.tokens.verify(token, core.now())?;
    let grant = Uuid::try_parse(&claims.gid).map_err(|_| credential::invalid())?;
    let Some(identity) = auth.access.by_grant(&core.db, grant, core.now()).await? else {
        return Err(ended_log_in(core, auth, &claims).await?);
    };
    if check_current(&identity, &claims, accepted).is_ok() {
        return Ok(identity);
    }
    // Another node may have replaced the token or the password since the identity was cached here.
    match auth.access.by_grant_anew(&core.db, &identity, core.now()).await? {
        Some(identity) => check_current(&identity, &claims, accepted).map(|()| identity),
        None => Err(ended_log_in(core, auth, &claims).await?),
    }
}

/// Checks that a token with a valid signature is the current one of its log-in.
fn check_current(identity: &Identity, claims: &Claims, accepted: &[LoginMethod]) -> Result<(), ApiError> {
    let Some(grant) = identity.grant.filter(|grant| accepted.contains(&grant.via)) else {
        return Err(credential::invalid());
    };
    if identity.account.to_string() != claims.sub {
        return Err(credential::invalid());
    }
    // A token pair stays valid when it is used to change the password: that has ended every other log-in.
    if grant.via == LoginMethod::Jwt && identity.password_changed_at != claims.pwd {
        return Err(credential::password_changed());
    }
    if grant.generation != claims.generation {
        return Err(credential::invalid());
    }
    Ok(())
}

/// The identity that a session belongs to; `None` if the session does not exist or has ended.
pub(crate) async fn of_session(core: &Core, auth: &Auth, id: &str) -> Result<Option<Arc<Identity>>, ApiError> {
    let Some((grant, secret)) = issued_credential::read_session_id(id) else { return Ok(None) };
    let known = |identity: &Arc<Identity>| {
        identity
            .grant
            .as_ref()
            .is_some_and(|grant| grant.via == LoginMethod::Session && issued_credential::matches_secret(grant, &secret))
    };
    let Some(identity) = auth.access.by_grant(&core.db, grant, core.now()).await? else { return Ok(None) };
    if known(&identity) {
        return Ok(Some(identity));
    }
    Ok(auth.access.by_grant_anew(&core.db, &identity, core.now()).await?.filter(known))
}

/// The error for a token with a valid signature whose log-in has ended: the account is deleted or inactive, the
/// password was changed, or the log-in was ended otherwise.
async fn ended_log_in(core: &Core, auth: &Auth, claims: &Claims) -> Result<ApiError, ApiError> {
    let Some(account) = account_id(auth, &claims.sub) else { return Ok(credential::invalid()) };
    let identity = auth.access.by_account(core.db.reader(), account, core.now()).await?;
    Ok(match identity {
        None => credential::account_gone(),
        Some(identity) if identity.password_changed_at != claims.pwd => credential::password_changed(),
        Some(_) => credential::invalid(),
    })
}

impl Context<'_> {
    /// Loads the principal of an account, for interceptors that authenticate callers by other means, such as an API key
    /// or another identity provider. [`AuthHooks`](crate::AuthHooks) has an example.
    ///
    /// # Errors
    /// 401 `UserNoLongerExists` if the account is deleted or inactive.
    pub async fn identify(&self, account: impl RowId) -> Result<Principal, ApiError> {
        let core = self.core;
        let access = core.access.as_ref().ok_or_else(|| ApiError::internal("there are no accounts"))?;
        let identity = access.by_account(core.db.reader(), account.into(), core.now()).await?;
        identity.map(Principal::Account).ok_or_else(credential::account_gone)
    }
}

/// The credentials of the request, in the order in which they are tried. With an `Authorization` header, cookies are
/// ignored: a client sets the header on purpose, a browser adds cookies by itself.
fn credentials(auth: &Auth, request: &HttpRequest) -> [Option<Credential>; 2] {
    match authorization(request) {
        Some(header) => [Some(header), None],
        None => [cookie(auth, request), session(auth, request)],
    }
}

fn authorization(request: &HttpRequest) -> Option<Credential> {
    let header = request.headers().get(AUTHORIZATION)?;
    // A header that is not text, or has another scheme, becomes an invalid credential.
    let token = header.to_str().ok().and_then(bearer).unwrap_or_default();
    Some(Credential::Bearer(token.to_owned()))
}

/// The cookie of the jwt surface, if the application delivers tokens in cookies.
fn cookie(auth: &Auth, request: &HttpRequest) -> Option<Credential> {
    let given_out = auth.mounts(Surface::Jwt) && auth.meta.send_access_token_through != TokenDelivery::ResponseOnly;
    let cookie = request.cookie(auth.meta.jwt.cookie_name).filter(|_| given_out)?;
    Some(Credential::Cookie(cookie.value().to_owned()))
}

fn session(auth: &Auth, request: &HttpRequest) -> Option<Credential> {
    let cookie = request.cookie(auth.meta.session.cookie).filter(|_| auth.mounts(Surface::Session))?;
    Some(Credential::Session(cookie.value().to_owned()))
}

/// The token of an `Authorization: Bearer` header. The scheme is case-insensitive (RFC 7235).
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn account_id(auth: &Auth, text: &str) -> Option<Id> {
    match auth.access.models.account.id {
        IdKind::Uuid => text.parse().map(Id::Uuid).ok(),
        IdKind::Integer => text.parse().map(Id::Integer).ok(),
    }
}
