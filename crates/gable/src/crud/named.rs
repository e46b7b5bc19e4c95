//! Updates and deletes rows of other models that a body names, each as a request of its own would. Errors are reported
//! at the place of the row in the body.

use super::delete_one::delete_one;
use super::refusal;
use super::update_one::update_one;
use crate::access::Scope;
use crate::context::Context;
use crate::error::ApiError;
use crate::model::{Draft, Id};
use crate::query::Model;

/// Updates the named row.
///
/// # Errors
/// Those of `update_one`, at the place of the row.
pub(crate) async fn update_named(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    (id, place): (Id, &str),
    draft: Draft,
) -> Result<(), ApiError> {
    // Boxed, because operations call each other recursively, as deep as bodies nest.
    let updated = Box::pin(ctx.aside(async |ctx| update_one(ctx, model, scope, id, draft).await)).await;
    updated.map(drop).map_err(|error| refusal::at(place, error))
}

/// Deletes the named row.
///
/// # Errors
/// Those of `delete_one`, at the place of the row.
pub(crate) async fn delete_named(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    (id, place): (Id, &str),
) -> Result<(), ApiError> {
    let deleted = ctx.aside(async |ctx| delete_one(ctx, model, scope, id).await).await;
    deleted.map(drop).map_err(|error| refusal::at(place, error))
}
