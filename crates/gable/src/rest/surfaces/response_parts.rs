//! The parts of responses that several surfaces use: the account of the caller, and the problems of a body.

use std::any::Any;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::error::ApiError;
use crate::model::{Names, object_named};

/// Serialized JSON.
pub(super) type Written = Box<RawValue>;

/// `{ "user": … }`
#[derive(Serialize)]
pub(super) struct User {
    pub(super) user: Written,
}

/// Serializes the fields that the caller may read. `also` names one more field, which is normally private.
pub(super) fn own_view(
    ctx: &Context<'_>,
    record: &dyn Any,
    names: Names,
    also: Option<&str>,
) -> Result<User, ApiError> {
    let model = ctx.core.account_model()?;
    let mut mask = model.masks.read(model.meta, &ctx.principal);
    if let Some(field) = also.and_then(|name| model.meta.field_index(name)) {
        mask.insert(field);
    }
    let mut body = ctx.answer.row_buffer();
    object_named(model.resource.as_ref(), record, &mask, names, &mut body);
    let body = String::from_utf8(ctx.answer.finish(body)?).map_err(ApiError::internal)?;
    Ok(User { user: RawValue::from_string(body).map_err(ApiError::internal)? })
}

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
