//! What is wrong with a body, as the surfaces tell it.

use serde::Serialize;
use serde_json::Value;

use crate::http::ApiError;

/// `{ field, message }`
#[derive(Serialize)]
pub(super) struct Told<'a> {
    field: &'a Value,
    message: &'a Value,
}

/// Every problem of the body that was refused; none for other refusals.
pub(super) fn told(error: &ApiError) -> Vec<Told<'_>> {
    let problems = error.meta().and_then(|meta| meta["errors"].as_array());
    problems
        .into_iter()
        .flatten()
        .map(|problem| Told { field: &problem["field"], message: &problem["message"] })
        .collect()
}

/// Whether a code is spelt as the surfaces with codes in capitals spell theirs: then it is their own, or an
/// interceptor's, and stays.
pub(super) fn in_capitals(code: &str) -> bool {
    let may_follow = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    code.starts_with(|first: char| first.is_ascii_uppercase()) && code.bytes().all(may_follow)
}
