//! Operations on other models, inside the current transaction.

use std::any::Any;

use super::create_one::create_one;
use super::delete_one::delete_one;
use super::find_one::find_one;
use super::update_one::update_one;
use crate::access::{Authority, Scope, decide};
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::{Draft, Resource};
use crate::query::Model;

/// Operations with the application's own rights: every row and field, whoever the caller is. Input from the request
/// must be checked before it is passed on.
pub struct AsSystem<'c, 'r>(&'c mut Context<'r>);

/// Defines four operations, once with the caller's rights and once with the application's.
macro_rules! operations {
    ($authority:expr, |$self:ident| $ctx:expr) => {
        /// Reads one row.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request.
        pub async fn find<R: Resource>(&mut $self, id: R::Id) -> Result<R, ApiError> {
            find($ctx, $authority, id).await
        }

        /// Writes one row. The model's interceptors run, in this transaction.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request.
        pub async fn create<R: Resource>(&mut $self, input: R::Create) -> Result<R, ApiError> {
            create($ctx, $authority, input).await
        }

        /// Changes one row. The model's interceptors run, in this transaction.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request.
        pub async fn update<R: Resource>(&mut $self, id: R::Id, input: R::Update) -> Result<R, ApiError> {
            update($ctx, $authority, id, input).await
        }

        /// Deletes one row and returns it as it was. The model's interceptors run, in this transaction.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request.
        pub async fn delete<R: Resource>(&mut $self, id: R::Id) -> Result<R, ApiError> {
            delete($ctx, $authority, id).await
        }
    };
}

impl<'r> Context<'r> {
    /// Offers `find`, `create`, `update` and `delete` with the application's own rights.
    pub fn as_system(&mut self) -> AsSystem<'_, 'r> {
        AsSystem(self)
    }

    operations!(Authority::Caller, |self| self);
}

impl AsSystem<'_, '_> {
    operations!(Authority::System, |self| self.0);
}

async fn find<R: Resource>(ctx: &mut Context<'_>, authority: Authority, id: R::Id) -> Result<R, ApiError> {
    let (model, scope) = scoped::<R>(ctx, authority, Operation::FindOne)?;
    typed(ctx.aside(async |ctx| find_one(ctx, model, &scope, id.into()).await).await?.record)
}

async fn create<R: Resource>(ctx: &mut Context<'_>, authority: Authority, input: R::Create) -> Result<R, ApiError> {
    let (model, scope) = scoped::<R>(ctx, authority, Operation::CreateOne)?;
    typed(ctx.nested(async |ctx| create_one(ctx, model, &scope, Draft::complete(Box::new(input))).await).await?.record)
}

async fn update<R: Resource>(
    ctx: &mut Context<'_>,
    authority: Authority,
    id: R::Id,
    input: R::Update,
) -> Result<R, ApiError> {
    let (model, scope) = scoped::<R>(ctx, authority, Operation::UpdateOne)?;
    typed(
        ctx.nested(async |ctx| update_one(ctx, model, &scope, id.into(), Draft::complete(Box::new(input))).await)
            .await?
            .record,
    )
}

async fn delete<R: Resource>(ctx: &mut Context<'_>, authority: Authority, id: R::Id) -> Result<R, ApiError> {
    let (model, scope) = scoped::<R>(ctx, authority, Operation::DeleteOne)?;
    typed(ctx.nested(async |ctx| delete_one(ctx, model, &scope, id.into()).await).await?)
}

fn scoped<'r, R: Resource>(
    ctx: &Context<'r>,
    authority: Authority,
    operation: Operation,
) -> Result<(&'r Model, Scope), ApiError> {
    let core = ctx.core;
    let model = core
        .model(R::META.name)
        .ok_or_else(|| ApiError::internal(format!("{} is not a model of this application", R::META.name)))?;
    let scope = match authority {
        Authority::System => Scope::system(),
        Authority::Caller | Authority::Own => {
            decide(model.meta, &model.masks, operation.action(model.meta), &ctx.principal)?
        }
    };
    Ok((model, scope))
}

fn typed<R: Resource>(record: Box<dyn Any>) -> Result<R, ApiError> {
    record
        .downcast()
        .map(|record| *record)
        .map_err(|_| ApiError::internal("an operation answered with another model's row"))
}
