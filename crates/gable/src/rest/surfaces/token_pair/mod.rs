//! The tokenPair surface: a short-lived access token and a refresh token, as documented for Conduit.

mod bodies;
mod operations;
mod responses;

use actix_web::{HttpResponse, web};

use crate::access::LoginMethod;
use crate::auth::Auth;
use crate::auth::error::AuthError;
use crate::context::Context;
use crate::error::ApiError;
use crate::http::{ErrorFormats, route_not_found};
use crate::meta::{AuthOperation, Surface, VerificationMethod};
use crate::rest::AppState;
use crate::rest::surfaces::endpoint::{Incoming, Route, WireFormat, mount};

/// Comes before the prefix of the routes that mailed links lead to.
const HOOK: &str = "/hook";

struct TokenPair;

impl WireFormat for TokenPair {
    const VIA: LoginMethod = LoginMethod::TokenPair;

    async fn run(ctx: &mut Context<'_>, auth: &Auth, incoming: Incoming<'_>) -> Result<HttpResponse, AuthError> {
        operations::run(ctx, auth, incoming).await
    }

    fn map_error(error: AuthError) -> ApiError {
        responses::map_error(error)
    }
}

/// Mounts the surface under its two prefixes, if the application has it.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &AppState) {
    let Some(auth) = state.auth.as_ref().filter(|auth| auth.mounts(Surface::TokenPair)) else { return };
    for (prefix, routes) in [(prefix(auth), routes(auth)), (hook(auth), hooks())] {
        let scope = web::scope(&prefix)
            .configure(|config| mount::<TokenPair>(config, state, auth, routes))
            .default_service(web::route().to(route_not_found));
        config.service(scope);
    }
}

pub(crate) fn error_formats(auth: &Auth, formats: ErrorFormats) -> ErrorFormats {
    match auth.mounts(Surface::TokenPair) {
        true => formats.with(prefix(auth), responses::error).with(hook(auth), responses::error),
        false => formats,
    }
}

fn prefix(auth: &Auth) -> String {
    auth.meta.token_pair.prefix.to_owned()
}

fn hook(auth: &Auth) -> String {
    format!("{HOOK}{}", auth.meta.token_pair.prefix)
}

fn routes(auth: &Auth) -> Vec<Route> {
    use AuthOperation::*;
    let mut routes = vec![
        Route::open("POST", "/local/new", Signup),
        Route::open("POST", "/local", Login),
        Route::open("POST", "/renew", Renew),
        Route::own("POST", "/logout", Logout),
        Route::open("POST", "/forgot-password", ForgotPassword),
        Route::open("POST", "/reset-password", ResetPassword),
        Route::open("POST", "/local/resend-verification", ResendVerification),
        Route::own("POST", "/local/change-email", ChangeEmail),
        Route::own("POST", "/local/change-password", UpdatePassword),
        Route::own("GET", "/user", GetMe),
        Route::own("PATCH", "/user", UpdateMe),
        Route::own("DELETE", "/user", DeleteMe),
    ];
    if auth.meta.email_verification.method == VerificationMethod::Code {
        routes.push(Route::open("POST", "/local/verify-email", VerifyEmail));
    }
    routes
}

fn hooks() -> Vec<Route> {
    vec![Route::open("GET", "/verify-email/{token}", AuthOperation::VerifyEmail)]
}
