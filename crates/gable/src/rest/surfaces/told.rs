//! The problems of a body, in the format of the session and tokenPair surfaces.

use serde::Serialize;
use serde_json::Value;

use crate::error::ApiError;

/// `{ field, message }`
#[derive(Serialize)]
pub(super) struct Told<'a> {
    field: &'a Value,
    message: &'a Value,
}

/// The problems in a 400 for an invalid body; empty for other errors.
pub(super) fn told(error: &ApiError) -> Vec<Told<'_>> {
    let problems = error.meta().and_then(|meta| meta["errors"].as_array());
    problems
        .into_iter()
        .flatten()
        .map(|problem| Told { field: &problem["field"], message: &problem["message"] })
        .collect()
}

/// Whether a code consists of capitals, digits and underscores. Such a code is a surface's own or an interceptor's, and
/// is not replaced.
pub(super) fn in_capitals(code: &str) -> bool {
    let may_follow = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    code.starts_with(|first: char| first.is_ascii_uppercase()) && code.bytes().all(may_follow)
}
