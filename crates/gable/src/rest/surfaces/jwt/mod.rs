//! The jwt surface: a bearer token and a cookie, as documented for Arkos.

mod operations;
mod responses;

use actix_web::{HttpResponse, web};

use crate::access::LoginMethod;
use crate::auth::Auth;
use crate::auth::error::AuthError;
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::{AuthOperation, Surface};
use crate::rest::AppState;
use crate::rest::surfaces::endpoint::{Incoming, Route, WireFormat, mount};

struct Jwt;

impl WireFormat for Jwt {
    const VIA: LoginMethod = LoginMethod::Jwt;

    async fn run(ctx: &mut Context<'_>, auth: &Auth, incoming: Incoming<'_>) -> Result<HttpResponse, AuthError> {
        operations::run(ctx, auth, incoming).await
    }

    fn map_error(error: AuthError) -> ApiError {
        responses::map_error(error)
    }
}

/// Mounts `/auth/…` and `/users/me` inside the API's prefix, if the application has this surface.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &AppState) {
    let Some(auth) = state.auth.as_ref().filter(|auth| auth.mounts(Surface::Jwt)) else { return };
    mount::<Jwt>(config, state, auth, routes(auth.access.models.account.path));
}

fn routes(account: &str) -> Vec<Route> {
    use AuthOperation::{DeleteMe, GetMe, Login, Logout, Signup, UpdateMe, UpdatePassword};
    let mut routes = vec![
        Route::open("POST", "/auth/signup", Signup),
        Route::open("POST", "/auth/login", Login),
        Route::own("DELETE", "/auth/logout", Logout),
        Route::own("POST", "/auth/update-password", UpdatePassword),
    ];
    let mut pages = vec!["/users/me".to_owned()];
    if account != "users" {
        pages.push(format!("/{account}/me"));
    }
    for page in pages {
        routes.push(Route::own("GET", page.clone(), GetMe));
        routes.push(Route::own("PATCH", page.clone(), UpdateMe));
        routes.push(Route::own("DELETE", page, DeleteMe));
    }
    routes
}
