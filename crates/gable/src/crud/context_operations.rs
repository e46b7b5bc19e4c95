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

/// Operations with the application's own rights: every row and field, whoever the caller is. Returned by
/// [`Context::as_system`].
///
/// The interceptors of the models run as usual. Input from the request must be checked before it is passed on.
pub struct AsSystem<'c, 'r>(&'c mut Context<'r>);

/// Defines four operations, once with the caller's rights and once with the application's.
macro_rules! operations {
    ($authority:expr, |$self:ident| $ctx:expr) => {
        /// Reads one row.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request, such as 404 `PostNotFound`.
        pub async fn find<R: Resource>(&mut $self, id: R::Id) -> Result<R, ApiError> {
            find($ctx, $authority, id).await
        }

        /// Creates one row and returns it. The interceptors of the model run, in this transaction.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request; 500 in a read, which has no transaction. An error rolls back the
        /// rows of this call alone, so that the interceptor may continue.
        pub async fn create<R: Resource>(&mut $self, input: R::Create) -> Result<R, ApiError> {
            create($ctx, $authority, input).await
        }

        /// Updates one row and returns it with its new values. The interceptors of the model run, in this transaction.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request; 500 in a read, which has no transaction. An error rolls back the
        /// rows of this call alone, so that the interceptor may continue.
        pub async fn update<R: Resource>(&mut $self, id: R::Id, input: R::Update) -> Result<R, ApiError> {
            update($ctx, $authority, id, input).await
        }

        /// Deletes one row and returns it as it was. The interceptors of the model run, in this transaction.
        ///
        /// # Errors
        /// Those of the corresponding HTTP request; 500 in a read, which has no transaction. An error rolls back the
        /// rows of this call alone, so that the interceptor may continue.
        pub async fn delete<R: Resource>(&mut $self, id: R::Id) -> Result<R, ApiError> {
            delete($ctx, $authority, id).await
        }
    };
}

impl<'r> Context<'r> {
    /// Returns `find`, `create`, `update` and `delete` with the application's own rights.
    ///
    /// ```
    /// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
    /// # use gable::{ApiError, Context};
    /// use api::{Comment, CreateComment, Post};
    ///
    /// /// Greets every new post with a comment, which its author could not create.
    /// async fn greet(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    ///     let comment = CreateComment { content: "Welcome!".to_owned(), post_id: post.id };
    ///     ctx.as_system().create::<Comment>(comment).await?;
    ///     Ok(())
    /// }
    /// ```
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
    typed(ctx.with_other_target(async |ctx| find_one(ctx, model, &scope, id.into()).await).await?.record)
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
            decide(model.meta, &model.masks, model.meta.action_of(operation), &ctx.principal)?
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
