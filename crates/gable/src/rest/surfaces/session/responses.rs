//! Responses of the session surface: `{ success, message, data }` and `{ success, error: { code, message, details } }`,
//! and the codes and messages of errors.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use crate::auth::error::AuthError;
use crate::error::{ApiError, Problem};
use crate::http::{RequestId, json_response};
use crate::rest::surfaces::response_parts::{ListedProblem, in_capitals, problem_list};

#[derive(Serialize)]
struct Success<'a, D> {
    success: bool,
    message: &'a str,
    data: D,
}

#[derive(Serialize)]
struct Failure<'a> {
    success: bool,
    error: Refusal<'a>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    code: &'a str,
    message: &'a str,
    details: Vec<ListedProblem>,
}

pub(super) fn success(status: StatusCode, message: &str, data: impl Serialize) -> Result<HttpResponse, ApiError> {
    let body = serde_json::to_vec(&Success { success: true, message, data }).map_err(ApiError::internal)?;
    Ok(json_response(status, body))
}

/// The body of an error response. It does not contain the request id, which is in the `X-Request-Id` header.
pub(super) fn error(error: &ApiError, _: Option<&RequestId>) -> Vec<u8> {
    let refusal = Refusal { code: code(error), message: message(error), details: problem_list(error) };
    serde_json::to_vec(&Failure { success: false, error: refusal }).expect("texts and lists of them serialize")
}

/// Maps an error of the core to the status, code and message of this surface.
pub(super) fn map_error(error: AuthError) -> ApiError {
    match error {
        // Not reached in practice: this surface checks the log-in body before it calls the core.
        AuthError::MissingCredentials { .. } | AuthError::IdentifierNotAllowed => {
            ApiError::bad_request("VALIDATION_ERROR", "identifier and password are required")
        }
        AuthError::IncorrectCredentials { .. } => ApiError::unauthorized("INVALID_CREDENTIALS", "Invalid credentials"),
        AuthError::Locked => {
            ApiError::new(423, "ACCOUNT_LOCKED", "Too many failed login attempts. Please try again later.")
        }
        AuthError::EmailNotVerified => {
            ApiError::new(403, "EMAIL_NOT_VERIFIED", "Please verify your email before you log in")
        }
        AuthError::IncorrectCurrentPassword => {
            ApiError::unauthorized("INVALID_CREDENTIALS", "Current password is incorrect")
        }
        AuthError::PasswordsRequired { missing: problems } | AuthError::PasswordRefused { problems } => {
            ApiError::invalid_body(problems)
        }
        AuthError::SamePassword { field } => ApiError::invalid_body(vec![Problem {
            field: field.to_owned(),
            code: "SamePassword".to_owned(),
            message: "New password must differ from the current password".to_owned(),
        }]),
        AuthError::PasswordNotHere => ApiError::invalid_body(vec![Problem {
            field: "password".to_owned(),
            code: "PasswordNotHere".to_owned(),
            message: "The password cannot be changed here, please use change-password".to_owned(),
        }]),
        AuthError::AccountGone => ApiError::unauthorized("UNAUTHORIZED", AUTHENTICATION_REQUIRED),
        AuthError::OneTimeToken | AuthError::RefreshToken => {
            ApiError::bad_request("TOKEN_INVALID", "The token or code is invalid or has been used already")
        }
        AuthError::OneTimeTokenExpired => {
            ApiError::bad_request("TOKEN_EXPIRED", "The token or code has expired. Please request a new one")
        }
        AuthError::NoSuchSession => ApiError::new(404, "NOT_FOUND", "Session not found"),
        AuthError::CurrentSession => {
            ApiError::bad_request("VALIDATION_ERROR", "The current session cannot be revoked. Please log out instead")
        }
        AuthError::Other(error) => error,
    }
}

/// The message of an error on this surface. The errors of stage 3 have the messages of the jwt surface, which mention
/// tokens, so they are replaced.
fn message(error: &ApiError) -> &str {
    match (error.status(), error.code()) {
        (401, "LoginRequired" | "InvalidToken" | "ExpiredToken" | "UserNoLongerExists" | "PasswordChanged") => {
            AUTHENTICATION_REQUIRED
        }
        _ => error.message(),
    }
}

const AUTHENTICATION_REQUIRED: &str = "Authentication required";

/// The code of an error on this surface. An error of another module gets the code of its status. A code in capitals
/// stays, since it is the surface's own or an interceptor's.
fn code(error: &ApiError) -> &str {
    match error.status() {
        _ if in_capitals(error.code()) => error.code(),
        400 => "VALIDATION_ERROR",
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        408 => "REQUEST_TIMEOUT",
        409 => "CONFLICT",
        413 => "PAYLOAD_TOO_LARGE",
        415 => "UNSUPPORTED_MEDIA_TYPE",
        423 => "ACCOUNT_LOCKED",
        429 => "RATE_LIMITED",
        503 => "SERVICE_UNAVAILABLE",
        status if status < 500 => "BAD_REQUEST",
        _ => "INTERNAL_ERROR",
    }
}
