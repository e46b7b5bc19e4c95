//! The session surface: an opaque cookie, as documented for ModularAuth-Kit.

mod operations;
mod reports;
mod responses;

use actix_web::{HttpResponse, web};

use crate::access::LoginMethod;
use crate::auth::Auth;
use crate::auth::error::AuthError;
use crate::context::Context;
use crate::error::ApiError;
use crate::http::{ErrorFormats, route_not_found};
use crate::meta::{AuthOperation, RateLimit, Surface};
use crate::rest::AppState;
use crate::rest::surfaces::endpoint::{Incoming, Route, WireFormat, mount};

/// The documented rate limit of changing a password: five requests in 15 minutes.
pub(crate) const CHANGE_PASSWORD: RateLimit = RateLimit { window_ms: 900_000, max: 5 };

struct Session;

impl WireFormat for Session {
    const VIA: LoginMethod = LoginMethod::Session;

    async fn run(ctx: &mut Context<'_>, auth: &Auth, incoming: Incoming<'_>) -> Result<HttpResponse, AuthError> {
        operations::run(ctx, auth, incoming).await
    }

    fn map_error(error: AuthError) -> ApiError {
        responses::map_error(error)
    }
}

/// Mounts the surface under its prefix, if the application has it.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &AppState) {
    let Some(auth) = state.auth.as_ref().filter(|auth| auth.mounts(Surface::Session)) else { return };
    let scope = web::scope(auth.meta.session.prefix)
        .configure(|config| mount::<Session>(config, state, auth, routes()))
        .default_service(web::route().to(route_not_found));
    config.service(scope);
}

pub(crate) fn error_formats(auth: &Auth, formats: ErrorFormats) -> ErrorFormats {
    match auth.mounts(Surface::Session) {
        true => formats.with(auth.meta.session.prefix, responses::error),
        false => formats,
    }
}

fn routes() -> [Route; 15] {
    use AuthOperation::*;
    [
        Route::open("POST", "/register", Signup),
        Route::open("POST", "/login", Login),
        Route::own("POST", "/logout", Logout),
        Route::own("POST", "/logout-all", LogoutAll),
        Route::own("GET", "/me", GetMe),
        Route::own("PATCH", "/me", UpdateMe),
        Route::own("POST", "/change-password", UpdatePassword),
        Route::open("POST", "/forgot-password", ForgotPassword),
        Route::open("POST", "/reset-password", ResetPassword),
        Route::open("POST", "/verify-email", VerifyEmail),
        // For the link in a mail.
        Route::open("GET", "/verify-email", VerifyEmail),
        Route::open("POST", "/resend-verification", ResendVerification),
        Route::own("GET", "/sessions", ListSessions),
        Route::own("DELETE", "/sessions/{id}", RevokeSession),
        Route::own("GET", "/login-history", LoginHistory),
    ]
}
