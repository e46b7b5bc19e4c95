//! Grants: one row per log-in, for every surface. A credential is valid only while its row exists.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::access::{AccessChange, GrantState, LoginMethod};
use crate::context::{Context, Core};
use crate::db::{DbError, FixedSql, Source, values};
use crate::error::ApiError;
use crate::meta::AuthMeta;
use crate::model::Id;

/// How long a log-in lasts, in seconds.
#[derive(Clone, Copy, Debug)]
struct Lifetime {
    absolute: u64,
    /// The log-in ends earlier if there is no request for this long; `None` if it does not end by inactivity.
    idle: Option<u64>,
}

impl Lifetime {
    fn of(via: LoginMethod, meta: &AuthMeta) -> Self {
        match via {
            LoginMethod::Jwt | LoginMethod::Console => Self { absolute: meta.jwt.expires_in_seconds, idle: None },
            LoginMethod::Session => {
                Self { absolute: meta.session.absolute_seconds, idle: Some(meta.session.idle_seconds) }
            }
            LoginMethod::TokenPair => Self { absolute: meta.token_pair.refresh_seconds, idle: None },
        }
    }
}

static OPEN: FixedSql<11> = FixedSql::new(
    r#"INSERT INTO "gable_grants" ("id", "account_id", "surface", "generation", "created_at", "last_active_at",
       "expires_at", "secret_hash", "idle_seconds", "ip", "user_agent") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"#,
);

/// Writes a new grant, in the open transaction. `secret_hash` is the SHA-256 of the secret in its credential, if any.
pub(super) async fn open(
    ctx: &Context<'_>,
    meta: &AuthMeta,
    account: Id,
    via: LoginMethod,
    secret_hash: Option<[u8; 32]>,
) -> Result<GrantState, ApiError> {
    let lifetime = Lifetime::of(via, meta);
    let idle_seconds = lifetime.idle.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
    let expires_at = after(ctx.now, lifetime.absolute);
    let grant = GrantState { id: Uuid::now_v7(), via, generation: 0, expires_at, secret_hash, idle_seconds };
    let insert = OPEN.with(values![
        grant.id,
        account,
        via.name(),
        grant.generation,
        ctx.now,
        ctx.now,
        grant.expires_at,
        secret_hash.map(|hash| hash.to_vec()),
        grant.idle_seconds,
        ctx.client_address(),
        ctx.user_agent(),
    ]);
    ctx.source().execute(insert).await?;
    Ok(grant)
}

static RENEW: FixedSql<6> = FixedSql::new(
    r#"UPDATE "gable_grants" SET "generation" = ?, "expires_at" = ?, "last_active_at" = ?, "renewed_at" = ?
       WHERE "id" = ? AND "generation" = ?"#,
);

/// Increments the generation of a grant, which invalidates its current credential. `None` if another request has
/// renewed or ended the grant first.
pub(crate) async fn renew(
    ctx: &mut Context<'_>,
    meta: &AuthMeta,
    account: Id,
    grant: GrantState,
) -> Result<Option<GrantState>, ApiError> {
    let expires_at = after(ctx.now, Lifetime::of(grant.via, meta).absolute);
    let renewed = GrantState { generation: grant.generation + 1, expires_at, ..grant };
    let (generation, now) = (renewed.generation, ctx.now);
    let update = RENEW.with(values![generation, renewed.expires_at, now, now, grant.id, grant.generation]);
    let renewed_one = ctx.source().execute(update).await? == 1;
    ctx.changes.push(AccessChange::Account(account));
    Ok(renewed_one.then_some(renewed))
}

static KEEP_NEWEST: FixedSql<5> = FixedSql::new(
    r#"DELETE FROM "gable_grants" WHERE "account_id" = ? AND "surface" = ? AND "id" NOT IN
       (SELECT "id" FROM "gable_grants" WHERE "account_id" = ? AND "surface" = ?
       ORDER BY "created_at" DESC, "id" DESC LIMIT ?)"#,
);

/// Ends the oldest log-ins of an account on one surface, so that `kept` remain.
pub(super) async fn keep_newest(
    ctx: &mut Context<'_>,
    account: Id,
    via: LoginMethod,
    kept: u32,
) -> Result<(), ApiError> {
    let delete = KEEP_NEWEST.with(values![account, via.name(), account, via.name(), i64::from(kept)]);
    if ctx.source().execute(delete).await? > 0 {
        ctx.changes.push(AccessChange::Account(account));
    }
    Ok(())
}

static NOTE_USE: FixedSql<3> =
    FixedSql::new(r#"UPDATE "gable_grants" SET "last_active_at" = ? WHERE "id" = ? AND "last_active_at" < ?"#);

/// Stores when a log-in was used, unless a later use is stored already.
pub(super) async fn note_use(core: &Core, grant: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let transaction = core.db.begin().await?;
    Source::Transaction(&transaction).execute(NOTE_USE.with(values![now, grant, now])).await?;
    transaction.commit().await
}

static END: FixedSql<2> = FixedSql::new(r#"DELETE FROM "gable_grants" WHERE "id" = ? AND "account_id" = ?"#);

/// Ends one grant. False if the account has no grant with this id.
pub(super) async fn end(ctx: &mut Context<'_>, account: Id, grant: Uuid) -> Result<bool, ApiError> {
    let ended = ctx.source().execute(END.with(values![grant, account])).await? == 1;
    ctx.changes.push(AccessChange::Account(account));
    Ok(ended)
}

/// Ends every grant of an account except `kept`.
pub(super) async fn end_all(ctx: &mut Context<'_>, account: Id, kept: Option<Uuid>) -> Result<(), ApiError> {
    delete_all(ctx, &[account], kept).await?;
    ctx.changes.push(AccessChange::Account(account));
    Ok(())
}

/// Ends every grant of accounts that a write deactivates or deletes. Unlike `end_all`, does not note an `AccessChange`:
/// the write itself does.
pub(super) async fn end_log_ins(ctx: &Context<'_>, accounts: &[Id]) -> Result<(), ApiError> {
    delete_all(ctx, accounts, None).await
}

async fn delete_all(ctx: &Context<'_>, accounts: &[Id], kept: Option<Uuid>) -> Result<(), ApiError> {
    if accounts.is_empty() {
        return Ok(());
    }
    let mut delete = ctx.core.db.statement("DELETE FROM \"gable_grants\" WHERE \"account_id\"");
    delete.among(accounts.iter().copied());
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
