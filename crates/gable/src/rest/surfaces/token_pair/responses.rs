//! Responses of the tokenPair surface: `{ result }` with one sentence and `{ name, status, message, errors }`, and the
//! names and messages of errors.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use crate::auth::error::AuthError;
use crate::error::{ApiError, Problem};
use crate::http::{RequestId, json_response};
use crate::rest::surfaces::response_parts::{ListedProblem, in_capitals, problem_list};

#[derive(Serialize)]
struct ResultBody<'a> {
    result: &'a str,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    name: &'a str,
    status: u16,
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ListedProblem>,
}

pub(super) fn answer(body: &impl Serialize) -> Result<HttpResponse, ApiError> {
    Ok(json_response(StatusCode::OK, serde_json::to_vec(body).map_err(ApiError::internal)?))
}

pub(super) fn result(text: &str) -> Result<HttpResponse, ApiError> {
    answer(&ResultBody { result: text })
}

/// The body of an error response. `errors` lists the problems of an invalid body, and `message` is the first of them.
pub(super) fn error(error: &ApiError, _: Option<&RequestId>) -> Vec<u8> {
    let failure =
        ErrorBody { name: name(error), status: error.status(), message: error.message(), errors: problem_list(error) };
    serde_json::to_vec(&failure).expect("texts and lists of them serialize")
}

/// Maps an error of the core to the status, name and message of this surface.
pub(super) fn map_error(error: AuthError) -> ApiError {
    match error {
        AuthError::MissingCredentials { .. } | AuthError::IdentifierNotAllowed => {
            ApiError::bad_request("INVALID_ARGUMENTS", "Email and password required")
        }
        AuthError::IncorrectCredentials { .. } => ApiError::unauthorized("UNAUTHORIZED", "Invalid login credentials"),
        AuthError::Locked => ApiError::new(403, "FORBIDDEN", "Too many failed attempts. Please try again later."),
        AuthError::EmailNotVerified => {
            ApiError::new(403, "FORBIDDEN", "You must verify your email to be able to login")
        }
        AuthError::IncorrectCurrentPassword => ApiError::unauthorized("UNAUTHORIZED", "Invalid password"),
        AuthError::PasswordsRequired { missing: problems } | AuthError::PasswordRefused { problems } => {
            ApiError::invalid_body(problems)
        }
        AuthError::SamePassword { field } => ApiError::invalid_body(vec![Problem {
            field: field.to_owned(),
            code: "SamePassword".to_owned(),
            message: "The new password can not be the same as the old one".to_owned(),
        }]),
        AuthError::PasswordNotHere => ApiError::bad_request("INVALID_ARGUMENTS", "Please use change-password"),
        AuthError::AccountGone => ApiError::unauthorized("UNAUTHORIZED", "User not found"),
        AuthError::OneTimeToken | AuthError::OneTimeTokenExpired => {
            ApiError::new(404, "NOT_FOUND", "The token is invalid or has expired")
        }
        AuthError::RefreshToken => ApiError::bad_request("INVALID_ARGUMENTS", "Invalid refresh token"),
        AuthError::NoSuchSession => ApiError::new(404, "NOT_FOUND", "Session not found"),
        AuthError::CurrentSession => ApiError::bad_request("INVALID_ARGUMENTS", "Please use logout to end this pair"),
        AuthError::Other(error) => error,
    }
}

/// Maps an invalid token or code in a body to 400. An invalid link, in contrast, is answered with 404.
pub(super) fn map_proof_error(error: AuthError) -> AuthError {
    match error {
        AuthError::OneTimeToken | AuthError::OneTimeTokenExpired => {
            ApiError::bad_request("INVALID_ARGUMENTS", "The token or code is invalid or has expired").into()
        }
        error => error,
    }
}

/// The name of an error on this surface. An error of another module gets the name of its status. A name in capitals
/// stays, since it is the surface's own or an interceptor's.
fn name(error: &ApiError) -> &str {
    match error.status() {
        _ if in_capitals(error.code()) => error.code(),
        401 => "UNAUTHORIZED",
        403 | 423 => "FORBIDDEN",
        404 => "NOT_FOUND",
        409 => "CONFLICT",
        405 => "METHOD_NOT_ALLOWED",
        429 => "RATE_LIMITED",
        503 => "UNAVAILABLE",
        status if status < 500 => "INVALID_ARGUMENTS",
        _ => "INTERNAL",
    }
}
