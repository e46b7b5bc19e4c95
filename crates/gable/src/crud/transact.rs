//! Runs a write from BEGIN to COMMIT, and repeats it after a conflict with another transaction.

use crate::context::Context;
use crate::db::{DbError, Sharing};
use crate::error::ApiError;

/// The most attempts at a write that deadlocks or fails to serialize.
const ATTEMPTS: usize = 4;

/// Begins, writes and commits. After a deadlock, a serialization failure, or the loss of a transaction that others shared,
/// nothing was written, and the write is repeated with its input, unless an interceptor has run: it may have had effects
/// outside the transaction.
///
/// # Errors
/// Those of the write, from the last attempt. The caller rolls back.
pub(crate) async fn transact<I: Clone, T>(
    ctx: &mut Context<'_>,
    sharing: Sharing,
    input: I,
    write: impl AsyncFn(&mut Context<'_>, I) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let start = ctx.write.start();
    let mut left = if sharing == Sharing::Alone && ctx.core.db.has_single_writer() { 1 } else { ATTEMPTS };
    let mut input = Some(input);
    loop {
        left -= 1;
        let given = if left == 0 { input.take() } else { input.clone() };
        // The last attempt is not lost to others.
        let sharing = if left == 0 { Sharing::Alone } else { sharing };
        let given = given.ok_or_else(|| ApiError::internal("a write has no input left"))?;
        match attempt(ctx, sharing, given, &write).await {
            Err(error) if left > 0 && is_conflict(&error) && !ctx.ran_interceptors => {
                tracing::debug!(%error, "a write is tried again");
                ctx.roll_back().await;
                ctx.write.restart(&start);
                ctx.answer.reset_rows_read();
            }
            done => return done,
        }
    }
}

async fn attempt<I, T>(
    ctx: &mut Context<'_>,
    sharing: Sharing,
    input: I,
    write: &impl AsyncFn(&mut Context<'_>, I) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    // Interceptors of authentication and authorization ran earlier, and are not run again.
    ctx.ran_interceptors = false;
    ctx.begin_unconfirmed(sharing).await?;
    let written = write(ctx, input).await;
    // A caller whose rights were revoked learns of that, and not of the outcome of the write. If the write has failed,
    // its transaction may be unable to tell.
    let written = match (written, ctx.confirm_principal().await) {
        (Err(error), Err(refusal)) if refusal.is_failure() => return Err(error),
        (_, Err(refusal)) => return Err(refusal),
        (written, Ok(())) => written?,
    };
    ctx.commit().await?;
    Ok(written)
}

fn is_conflict(error: &ApiError) -> bool {
    error.cause().is_some_and(|cause| matches!(cause.downcast_ref(), Some(DbError::Conflict)))
}
