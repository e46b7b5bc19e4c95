//! The bodies of the session surface: `{ success, message, data }` and `{ success, error: { code, message, details }
//! }`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::error_mapping::{code, message};
use crate::error::ApiError;
use crate::http::{RequestId, json_response};
use crate::rest::surfaces::problem_list::{ListedProblem, problem_list};

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
