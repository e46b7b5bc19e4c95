//! The bodies of the tokenPair surface: `{ result }` with one sentence, and `{ name, status, message, errors }`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::error_mapping::name;
use crate::error::ApiError;
use crate::http::{RequestId, json_response};
use crate::rest::surfaces::problem_list::{ListedProblem, problem_list};

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
