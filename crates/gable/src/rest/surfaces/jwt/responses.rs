//! Responses of the jwt surface: their bodies and cookie, and the codes and messages of errors, exactly as documented.

use std::any::Any;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::auth::Auth;
use crate::auth::error::{AuthError, credential};
use crate::context::Context;
use crate::error::ApiError;
use crate::http::{Client, CredentialCookie, json_response};
use crate::meta::{JwtMeta, SameSite, TokenDelivery};
use crate::model::object;
use crate::settings::Settings;

/// `{ "data": … }`, with the fields that an account may read of itself.
pub(super) fn data(ctx: &Context<'_>, record: &dyn Any) -> Result<Vec<u8>, ApiError> {
    let model = ctx.core.account_model()?;
    let mask = model.masks.read(model.meta, &ctx.principal);
    let mut body = ctx.answer.row_buffer();
    body.push("{\"data\":");
    object(model.resource.as_ref(), record, &mask, &mut body);
    body.push("}");
    ctx.answer.finish(body)
}

/// The response with a token in its body and its cookie, as `sendAccessTokenThrough` selects. `members` are JSON members
/// that come first.
pub(super) fn delivered(
    ctx: &Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    members: &str,
    token: Option<String>,
    data: Vec<u8>,
) -> Result<HttpResponse, ApiError> {
    let delivery = auth.meta.send_access_token_through;
    let mut body = format!("{{{members}").into_bytes();
    if let Some(token) = token.as_ref().filter(|_| delivery != TokenDelivery::CookieOnly) {
        // A JWT consists of letters, digits, dots, dashes and underscores, so it needs no escaping.
        body.extend_from_slice(format!("\"token\":\"{token}\",\"accessToken\":\"{token}\",").as_bytes());
    }
    body.extend_from_slice(&data[1..]);
    let mut response = json_response(StatusCode::OK, body);
    if let Some(token) = token.filter(|_| delivery != TokenDelivery::ResponseOnly) {
        let cookie = token_cookie(auth, &ctx.core.settings, request).holding(token);
        response.add_cookie(&cookie).map_err(ApiError::internal)?;
    }
    Ok(response)
}

/// 204 with a header that removes the token cookie.
pub(super) fn without_cookie(ctx: &Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut response = HttpResponse::NoContent().finish();
    let cookie = token_cookie(auth, &ctx.core.settings, request).removal();
    response.add_cookie(&cookie).map_err(ApiError::internal)?;
    Ok(response)
}

/// The cookie that contains the token. It is `Secure` if the public URL is `https`, whichever proxy terminates it, or if
/// this request used TLS.
fn token_cookie(auth: &Auth, settings: &Settings, request: &HttpRequest) -> CredentialCookie {
    let JwtMeta { expires_in_seconds, cookie_name, same_site } = auth.meta.jwt;
    let by_tls = || request.extensions().get::<Client>().is_some_and(|client| client.tls);
    CredentialCookie {
        name: cookie_name,
        max_age_seconds: expires_in_seconds,
        same_site,
        // Browsers refuse SameSite=None on a cookie that is not Secure.
        secure: settings.is_public_by_tls() || by_tls() || same_site == SameSite::None,
    }
}

/// Maps an error of the core to the status, code and message of this surface.
pub(super) fn map_error(error: AuthError) -> ApiError {
    match error {
        AuthError::MissingCredentials { field } => {
            ApiError::bad_request("MissingCredentialFields", format!("Please provide both {field} and password"))
        }
        AuthError::IdentifierNotAllowed => ApiError::bad_request(
            "InvalidRequestQuery",
            "'usernameField' is not one of the fields that may be logged in with",
        ),
        AuthError::IncorrectCredentials { field } => {
            ApiError::unauthorized("IncorrectCredentials", format!("Incorrect {field} or password"))
        }
        AuthError::Locked => ApiError::new(423, "AccountLocked", "Too many failed attempts. Please try again later."),
        AuthError::EmailNotVerified => {
            ApiError::new(403, "EmailNotVerified", "Please verify your e-mail address before you log in")
        }
        // The misspelt code is the documented one. Clients depend on it.
        AuthError::IncorrectCurrentPassword => {
            ApiError::bad_request("IncorrentCurrentPassword", "Current password is incorrect")
        }
        AuthError::PasswordsRequired { .. } => {
            ApiError::bad_request("SameCurrentAndNewPassword", "currentPassword and newPassword are required")
        }
        AuthError::SamePassword { .. } => {
            ApiError::bad_request("SameCurrentAndNewPassword", "The new password must differ from the current one")
        }
        AuthError::PasswordRefused { problems } => {
            let message = problems.first().map_or("The new password is refused", |problem| problem.message.as_str());
            ApiError::bad_request("PasswordDoesNotMeetRequirements", message.to_owned()).with_problems(problems)
        }
        AuthError::PasswordNotHere => ApiError::bad_request(
            "InvalidFieldPassword",
            "The password cannot be changed here, please use update-password",
        ),
        AuthError::AccountGone => credential::account_gone(),
        AuthError::OneTimeToken | AuthError::RefreshToken => credential::invalid(),
        AuthError::OneTimeTokenExpired => credential::expired(),
        AuthError::NoSuchSession => ApiError::not_found("Session"),
        AuthError::CurrentSession => ApiError::bad_request("CurrentSession", "Please log out to end this session"),
        AuthError::Other(error) => error,
    }
}
