//! `{ name, status, message }`, and results that are one sentence.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::words::name;
use crate::http::{ApiError, RequestId, json_response};

pub(super) fn answer(body: &Value) -> HttpResponse {
    json_response(StatusCode::OK, body.to_string().into_bytes())
}

pub(super) fn result(text: &str) -> HttpResponse {
    answer(&json!({ "result": text }))
}

/// Whatever refused the request. Problems of a body stand beside the message, which tells the first.
pub(super) fn error(error: &ApiError, _: Option<&RequestId>) -> Vec<u8> {
    let mut body = json!({ "name": name(error), "status": error.status(), "message": error.message() });
    if let Some(problems) = error.meta().and_then(|meta| meta["errors"].as_array()) {
        body["errors"] = problems.iter().map(problem).collect();
    }
    body.to_string().into_bytes()
}

fn problem(problem: &Value) -> Value {
    json!({ "field": problem["field"], "message": problem["message"] })
}
