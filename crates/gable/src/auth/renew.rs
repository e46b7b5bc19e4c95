//! Renewing a token pair, which invalidates the previous pair. A refresh token that is presented again afterwards must
//! have been copied, so its log-in ends for everybody.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::AuthError;
use super::event::{Event, record};
use super::issued_credential::{self, Pair, RefreshToken};
use super::{Auth, grant};
use crate::access::{GrantState, LoginMethod, Principal};
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::{DbError, FixedSql, Row, values};
use crate::meta::AuthOperation;
use crate::model::Id;

/// How long a used refresh token still yields the pair that it was renewed to. Two browser tabs may renew the same pair
/// concurrently, and an answer may be lost.
const REUSE_GRACE: TimeDelta = TimeDelta::seconds(10);

/// A renewed pair and its account.
pub(crate) struct Renewed {
    pub(crate) account: Id,
    pub(crate) pair: Pair,
}

/// Renews the token pair of a refresh token.
///
/// # Errors
/// `RefreshToken` for a token that was never issued, has expired, or was used; in the last case the log-in ends.
pub(crate) async fn renew(ctx: &mut Context<'_>, auth: &Auth, refresh: &str) -> Result<Renewed, AuthError> {
    let token = RefreshToken::read(&ctx.core.secrets, refresh).ok_or(AuthError::RefreshToken)?;
    let identity = auth.access.by_grant(&ctx.core.db, token.grant, ctx.now).await?;
    let identity = identity.ok_or(AuthError::RefreshToken)?;
    let grant = identity
        .grant
        .filter(|grant| grant.via == LoginMethod::TokenPair && issued_credential::matches_secret(grant, &token.secret));
    let grant = GrantState { generation: token.generation, ..grant.ok_or(AuthError::RefreshToken)? };
    let (account, password_changed_at) = (identity.account, identity.password_changed_at);
    ctx.begin().await?;
    ctx.principal = Principal::Account(identity);
    // Renewed before the interceptors run, so that none of them can keep a copied token from being detected.
    let renewed = match grant::renew(ctx, auth.meta, account, grant).await? {
        Some(renewed) => renewed,
        None => spent(ctx, account, grant).await?,
    };
    ctx.core.auth_hooks.run(AuthOperation::Renew, HookPhase::Before, ctx, &mut ()).await?;
    ctx.core.auth_hooks.run(AuthOperation::Renew, HookPhase::After, ctx, &mut ()).await?;
    let pair = issued_credential::pair(ctx, auth, account, renewed, password_changed_at, token.secret)?;
    ctx.commit().await?;
    Ok(Renewed { account, pair })
}

/// The grant for a used refresh token: within `REUSE_GRACE` after the renewal that used it, the renewed grant. Otherwise
/// the token was copied, and its log-in ends.
async fn spent(ctx: &mut Context<'_>, account: Id, grant: GrantState) -> Result<GrantState, AuthError> {
    let Some((generation, renewed_at)) = current(ctx, grant.id).await? else { return Err(AuthError::RefreshToken) };
    let just_now = renewed_at.is_some_and(|renewed_at| ctx.now - renewed_at <= REUSE_GRACE);
    if just_now && generation == grant.generation + 1 {
        return Ok(GrantState { generation, ..grant });
    }
    // Of two concurrent replays, only the one that ends the log-in is recorded.
    if grant::end(ctx, account, grant.id).await? {
        record(ctx, Event::RefreshReplayed, Some(account), LoginMethod::TokenPair).await?;
    }
    ctx.commit().await?;
    Err(AuthError::RefreshToken)
}

static CURRENT: FixedSql<1> = FixedSql::new(r#"SELECT "generation", "renewed_at" FROM "gable_grants" WHERE "id" = ?"#);

async fn current(ctx: &Context<'_>, grant: Uuid) -> Result<Option<(i32, Option<DateTime<Utc>>)>, DbError> {
    let Some(result) = ctx.source().one(CURRENT.with(values![grant])).await? else { return Ok(None) };
    let mut row = Row::new(&result);
    Ok(Some((row.next()?, row.next()?)))
}
