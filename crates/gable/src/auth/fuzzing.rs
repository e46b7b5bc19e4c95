//! Credentials for `crate::server::fuzzing`: issues valid ones and parses arbitrary ones.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderValue};
use actix_web::test::TestRequest;

use super::Auth;
use super::issued_credential::{self, IssuedCredential, RefreshToken};
use crate::access::{Identity, LoginMethod, Principal};
use crate::context::{Context, Core};
use crate::error::ApiError;

/// The credentials of an account that is logged in through every surface.
pub struct LogIn {
    /// Token of the jwt surface.
    pub token: String,
    /// Session id of the session surface.
    pub session: String,
    /// Access token of the tokenPair surface.
    pub access: String,
    /// Refresh token of the tokenPair surface.
    pub refresh: String,
}

pub(crate) async fn log_in(core: &Arc<Core>, auth: &Auth, identity: &Identity) -> LogIn {
    let mut held =
        LogIn { token: String::new(), session: String::new(), access: String::new(), refresh: String::new() };
    for via in [LoginMethod::Jwt, LoginMethod::Session, LoginMethod::TokenPair] {
        let mut ctx = Context::new(core, Principal::Anonymous, None);
        ctx.begin().await.expect("a database that can be written to");
        let opened = issued_credential::open(&mut ctx, auth, identity.account, identity.password_changed_at, via).await;
        let Ok(credential) = opened else { panic!("logging in failed") };
        ctx.commit().await.expect("a log-in that is kept");
        match credential {
            IssuedCredential::Token(token) => held.token = token,
            IssuedCredential::Session(session) => held.session = session,
            IssuedCredential::Pair(pair) => (held.access, held.refresh) = (pair.access, pair.refresh),
        }
    }
    held
}

/// Authenticates a request with these headers and returns the id of the account; `None` if the bytes are not valid in a
/// header.
pub(crate) async fn authenticate(
    core: &Arc<Core>,
    auth: &Auth,
    authorization: &[u8],
    cookie: &[u8],
) -> Option<Result<Option<String>, ApiError>> {
    let mut request = TestRequest::get();
    for (name, bytes) in [(AUTHORIZATION, authorization), (COOKIE, cookie)] {
        if !bytes.is_empty() {
            request = request.insert_header((name, HeaderValue::from_bytes(bytes).ok()?));
        }
    }
    let request = request.to_http_request();
    let mut ctx = Context::new(core, Principal::Anonymous, Some(&request));
    let known = super::authenticate(&mut ctx, Some(auth), &request).await;
    Some(known.map(|()| ctx.principal.account().map(|account| account.to_string())))
}

pub(crate) fn is_refresh_token(core: &Core, text: &str) -> bool {
    RefreshToken::read(&core.secrets, text).is_some()
}

pub(crate) fn is_one_time_token(core: &Core, text: &str) -> bool {
    core.secrets.row_of(text).is_some()
}
