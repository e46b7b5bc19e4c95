//! `{ success, message, data }` and `{ success, error: { code, message, details } }`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::words::code;
use crate::http::{ApiError, RequestId, json_response};

pub(super) fn success(status: StatusCode, message: &str, data: Value) -> HttpResponse {
    let body = json!({ "success": true, "message": message, "data": data });
    json_response(status, body.to_string().into_bytes())
}

/// Whatever refused the request. The id of a request that failed stands in its `X-Request-Id`.
pub(super) fn error(error: &ApiError, _: Option<&RequestId>) -> Vec<u8> {
    let body = json!({
        "success": false,
        "error": { "code": code(error), "message": error.message(), "details": details(error) },
    });
    body.to_string().into_bytes()
}

/// `[{ field, message }]`, of a body with problems.
fn details(error: &ApiError) -> Vec<Value> {
    let problems = error.meta().and_then(|meta| meta["errors"].as_array());
    let detail = |problem: &Value| json!({ "field": problem["field"], "message": problem["message"] });
    problems.map(|problems| problems.iter().map(detail).collect()).unwrap_or_default()
}
