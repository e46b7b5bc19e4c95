//! The problems of a body, in the format of the session and tokenPair surfaces.

use serde::Serialize;
use serde_json::Value;

use crate::error::ApiError;

/// One problem: `{ field, message }`.
#[derive(Serialize)]
pub(super) struct ListedProblem {
    field: Value,
    message: Value,
}

/// The problems in a 400 for an invalid body; empty for other errors.
pub(super) fn problem_list(error: &ApiError) -> Vec<ListedProblem> {
    // Interceptors may list problems of their own in `meta`.
    let Some(Value::Array(problems)) = error.meta().and_then(|mut meta| meta.get_mut("errors").map(Value::take)) else {
        return Vec::new();
    };
    let listed = |mut problem: Value| ListedProblem {
        field: member(&mut problem, "field"),
        message: member(&mut problem, "message"),
    };
    problems.into_iter().map(listed).collect()
}

fn member(problem: &mut Value, name: &str) -> Value {
    problem.get_mut(name).map(Value::take).unwrap_or_default()
}

/// Whether a code consists of capitals, digits and underscores. Such a code is a surface's own or an interceptor's, and
/// is not replaced.
pub(super) fn in_capitals(code: &str) -> bool {
    let may_follow = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    code.starts_with(|first: char| first.is_ascii_uppercase()) && code.bytes().all(may_follow)
}
