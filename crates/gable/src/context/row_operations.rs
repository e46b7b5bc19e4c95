//! `RowOperations`: how an operation creates, updates and deletes rows of other models that its body names. The
//! operations call each other only through it.

use async_trait::async_trait;

use super::Context;
use crate::access::Scope;
use crate::error::ApiError;
use crate::model::{Draft, Id};
use crate::query::Model;

/// Runs operations on other rows, inside the transaction of the current one. The interceptors of the other models run.
#[async_trait(?Send)]
pub(crate) trait RowOperations: Send + Sync {
    /// Creates rows in as few statements as possible, and returns their ids.
    ///
    /// # Errors
    /// Those of `createOne` for one of the rows, at its place in the body.
    async fn create_each(
        &self,
        ctx: &mut Context<'_>,
        model: &Model,
        scope: &Scope,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Id>, ApiError>;

    /// Updates the row that the body names at `place`.
    ///
    /// # Errors
    /// Those of `updateOne`, at this place.
    async fn update(
        &self,
        ctx: &mut Context<'_>,
        model: &Model,
        scope: &Scope,
        (id, place): (Id, &str),
        draft: Draft,
    ) -> Result<(), ApiError>;

    /// Deletes the row that the body names at `place`.
    ///
    /// # Errors
    /// Those of `deleteOne`, at this place.
    async fn delete(
        &self,
        ctx: &mut Context<'_>,
        model: &Model,
        scope: &Scope,
        (id, place): (Id, &str),
    ) -> Result<(), ApiError>;
}
