//! The operations that other operations call, for rows of other models that a body names: the only place where
//! operations call each other.

use async_trait::async_trait;

use super::create_one::create_each;
use super::delete_one::delete_one;
use super::refusal;
use super::update_one::update_one;
use crate::access::Scope;
use crate::context::{Context, RowOperations};
use crate::error::ApiError;
use crate::model::{Draft, Id};
use crate::query::Model;

/// Runs each operation like a request of its own, but in the open transaction.
pub(crate) struct NestedOperations;

#[async_trait(?Send)]
impl RowOperations for NestedOperations {
    async fn create_each(
        &self,
        ctx: &mut Context<'_>,
        model: &Model,
        scope: &Scope,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Id>, ApiError> {
        create_each(ctx, model, scope, drafts).await
    }

    async fn update(
        &self,
        ctx: &mut Context<'_>,
        model: &Model,
        scope: &Scope,
        (id, place): (Id, &str),
        draft: Draft,
    ) -> Result<(), ApiError> {
        let updated = ctx.with_other_target(async |ctx| update_one(ctx, model, scope, id, draft).await).await;
        updated.map(drop).map_err(|error| refusal::at(place, error))
    }

    async fn delete(
        &self,
        ctx: &mut Context<'_>,
        model: &Model,
        scope: &Scope,
        (id, place): (Id, &str),
    ) -> Result<(), ApiError> {
        let deleted = ctx.with_other_target(async |ctx| delete_one(ctx, model, scope, id).await).await;
        deleted.map(drop).map_err(|error| refusal::at(place, error))
    }
}
