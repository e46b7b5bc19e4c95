//! Grants: one row per log-in, whatever carries it. Without its row, a credential opens nothing.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::access::{Change, GrantState};
use crate::context::Context;
use crate::db::Statement;
use crate::http::ApiError;
use crate::resource::Id;

/// Which wire format a log-in came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Jwt,
    /// Not over HTTP: the command line.
    Console,
}

impl Via {
    pub(super) fn name(self) -> &'static str {
        match self {
            Via::Jwt => "jwt",
            Via::Console => "console",
        }
    }
}

/// Writes a new grant, in the open transaction.
pub(super) async fn open(ctx: &Context<'_>, account: Id, via: Via, lifetime: u64) -> Result<GrantState, ApiError> {
    let grant = GrantState { id: Uuid::now_v7(), generation: 0, expires_at: after(ctx.now, lifetime) };
    let mut insert = Statement::new(
        ctx.core.db.dialect(),
        "INSERT INTO \"gable_grants\" (\"id\", \"account_id\", \"surface\", \"generation\", \"created_at\", \
         \"last_active_at\", \"expires_at\", \"ip\", \"user_agent\") VALUES (",
    );
    insert.bind(grant.id).push(", ").bind(account).push(", ").bind(via.name()).push(", ").bind(grant.generation);
    insert.push(", ").bind(ctx.now).push(", ").bind(ctx.now).push(", ").bind(grant.expires_at);
    insert.push(", ").bind(ctx.client_address()).push(", ").bind(ctx.user_agent()).push(")");
    ctx.source().execute(insert).await?;
    Ok(grant)
}

/// Makes every credential of the grant but the next one worthless.
pub(super) async fn renew(
    ctx: &mut Context<'_>,
    account: Id,
    grant: GrantState,
    lifetime: u64,
) -> Result<GrantState, ApiError> {
    let renewed = GrantState { generation: grant.generation + 1, expires_at: after(ctx.now, lifetime), ..grant };
    let mut update = Statement::new(ctx.core.db.dialect(), "UPDATE \"gable_grants\" SET \"generation\" = ");
    update.bind(renewed.generation).push(", \"expires_at\" = ").bind(renewed.expires_at);
    update.push(", \"last_active_at\" = ").bind(ctx.now);
    update.push(" WHERE \"id\" = ").bind(grant.id).push(" AND \"generation\" = ").bind(grant.generation);
    let renewed_one = ctx.source().execute(update).await? == 1;
    ctx.changes.push(Change::Account(account));
    // Another request renewed or ended it first.
    if renewed_one {
        Ok(renewed)
    } else {
        Err(ApiError::conflict("ConcurrentUpdate", "The session was changed meanwhile"))
    }
}

/// Ends one grant.
pub(super) async fn end(ctx: &mut Context<'_>, account: Id, grant: Uuid) -> Result<(), ApiError> {
    let mut delete = Statement::new(ctx.core.db.dialect(), "DELETE FROM \"gable_grants\" WHERE \"id\" = ");
    delete.bind(grant);
    ctx.source().execute(delete).await?;
    ctx.changes.push(Change::Account(account));
    Ok(())
}

/// Ends every grant of an account, but for the one that is kept.
pub(super) async fn end_all(ctx: &mut Context<'_>, account: Id, kept: Option<Uuid>) -> Result<(), ApiError> {
    delete_all(ctx, account, kept).await?;
    ctx.changes.push(Change::Account(account));
    Ok(())
}

/// The same for somebody whom a write of their row shuts out. That write notes what changed.
pub(crate) async fn end_log_ins(ctx: &Context<'_>, account: Id) -> Result<(), ApiError> {
    delete_all(ctx, account, None).await
}

async fn delete_all(ctx: &Context<'_>, account: Id, kept: Option<Uuid>) -> Result<(), ApiError> {
    let mut delete = Statement::new(ctx.core.db.dialect(), "DELETE FROM \"gable_grants\" WHERE \"account_id\" = ");
    delete.bind(account);
    if let Some(kept) = kept {
        delete.push(" AND \"id\" <> ").bind(kept);
    }
    ctx.source().execute(delete).await?;
    Ok(())
}

fn after(now: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let lifetime = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    lifetime.and_then(|lifetime| now.checked_add_signed(lifetime)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
