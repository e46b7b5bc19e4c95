//! An account as it may see itself, under the names of a surface.

use std::any::Any;

use serde_json::{Map, Value};

use crate::context::Context;
use crate::http::{ApiError, object};

/// The account's own name for a field, and the surface's.
pub(super) type Renamed = &'static [(&'static str, &'static str)];

pub(super) fn own_view(ctx: &Context<'_>, record: &dyn Any, names: Renamed) -> Result<Map<String, Value>, ApiError> {
    let model = ctx.core.account_model()?;
    let mask = model.masks.read(model.meta, &ctx.principal);
    let mut body = Vec::new();
    object(model.resource.as_ref(), record, &mask, &mut body);
    let view: Map<String, Value> = serde_json::from_slice(&body).map_err(ApiError::internal)?;
    let called = |name: String| names.iter().find(|(own, _)| *own == name).map_or(name, |(_, new)| (*new).to_owned());
    Ok(view.into_iter().map(|(name, value)| (called(name), value)).collect())
}
