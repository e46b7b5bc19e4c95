//! Operations on rows of other models that a body names, each as its own request would do it; what it refuses stands at the
//! place of the row.

use super::delete_one::delete_one;
use super::refusal;
use super::update_one::update_one;
use crate::access::Scope;
use crate::context::Context;
use crate::core::Model;
use crate::http::ApiError;
use crate::resource::{Draft, Id};

/// # Errors
/// What the model refuses with.
pub(super) async fn update_named(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    (id, place): (Id, &str),
    draft: Draft,
) -> Result<(), ApiError> {
    // Operations call each other here, as deep as bodies nest.
    let updated = Box::pin(ctx.aside(async |ctx| update_one(ctx, model, scope, id, draft).await)).await;
    updated.map(drop).map_err(|error| refusal::at(place, error))
}

/// # Errors
/// What the model refuses with.
pub(super) async fn delete_named(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    (id, place): (Id, &str),
) -> Result<(), ApiError> {
    let deleted = ctx.aside(async |ctx| delete_one(ctx, model, scope, id).await).await;
    deleted.map(drop).map_err(|error| refusal::at(place, error))
}
