//! A write from the beginning of its transaction to the commit, tried again where another transaction was in its way.

use crate::context::Context;
use crate::db::{DbError, Dialect};
use crate::http::ApiError;

/// How often a write is tried that deadlocks, or that cannot be put in an order with others.
const ATTEMPTS: usize = 4;

/// Begins, writes and commits. After a deadlock or a serialization failure nothing was written, and the write is made again
/// from its input, unless an interceptor has run: nobody knows what it did outside of the transaction.
///
/// # Errors
/// Those of the write, and of the last attempt. The caller rolls back.
pub(super) async fn transact<I: Clone, T>(
    ctx: &mut Context<'_>,
    input: I,
    write: impl AsyncFn(&mut Context<'_>, I) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let (known, nestable) = (ctx.known.clone(), ctx.nestable);
    // SQLite has one writer, which nobody is in the way of.
    let mut left = if ctx.core.db.dialect() == Dialect::Postgres { ATTEMPTS } else { 1 };
    let mut input = Some(input);
    loop {
        left -= 1;
        let given = if left == 0 { input.take() } else { input.clone() };
        let given = given.ok_or_else(|| ApiError::internal("a write has no input left"))?;
        match attempt(ctx, given, &write).await {
            Err(error) if left > 0 && is_conflict(&error) && !ctx.ran_interceptors => {
                tracing::debug!(%error, "a write is tried again");
                ctx.roll_back().await;
                ctx.known.clone_from(&known);
                ctx.nestable = nestable;
                ctx.answer.start_again();
            }
            done => return done,
        }
    }
}

async fn attempt<I, T>(
    ctx: &mut Context<'_>,
    input: I,
    write: &impl AsyncFn(&mut Context<'_>, I) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    // Those around authentication and authorization ran before, and are not run again.
    ctx.ran_interceptors = false;
    ctx.begin().await?;
    let written = write(ctx, input).await?;
    ctx.commit().await?;
    Ok(written)
}

fn is_conflict(error: &ApiError) -> bool {
    error.cause().is_some_and(|cause| matches!(cause.downcast_ref(), Some(DbError::Conflict)))
}
