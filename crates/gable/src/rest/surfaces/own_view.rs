//! Serializes an account for its owner, with the field names of a surface.

use std::any::Any;

use serde::Serialize;
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
    let mut body = ctx.answer.account_buffer();
    object_named(model.resource.as_ref(), record, &mask, names, &mut body);
    let body = String::from_utf8(ctx.answer.finish(body)?).map_err(ApiError::internal)?;
    Ok(User { user: RawValue::from_string(body).map_err(ApiError::internal)? })
}
