//! Renewing a pair of tokens: the old ones die with the new ones' birth. A refresh token that comes back after that was
//! copied, by somebody or from somebody, so the log-in ends for both.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Auth;
use super::carrier::{self, Pair, RefreshToken};
use super::error::AuthError;
use super::event::{Event, record};
use super::grant;
use crate::access::{GrantState, Principal, Via};
use crate::app_meta::AuthOperation;
use crate::context::Context;
use crate::db::{DbError, Row, Statement};
use crate::hooks::Moment;
use crate::resource::Id;

/// Two tabs of a browser renew the same pair at once, or an answer is lost on its way: for so long, the token that was
/// just spent gives the pair that it was spent for.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// A pair, and whose.
pub(crate) struct Renewed {
    pub(crate) account: Id,
    pub(crate) pair: Pair,
}

/// # Errors
/// `RefreshToken` for a token that was never issued, is over, or was spent; in the last case the log-in ends.
pub(crate) async fn renew(ctx: &mut Context<'_>, auth: &Auth, refresh: &str) -> Result<Renewed, AuthError> {
    let token = RefreshToken::read(&auth.secrets, refresh).ok_or(AuthError::RefreshToken)?;
    let identity = auth.access.by_grant(&ctx.core.db, token.grant, ctx.now).await?;
    let identity = identity.ok_or(AuthError::RefreshToken)?;
    let grant = identity.grant.filter(|grant| grant.via == Via::TokenPair && carrier::knows(grant, &token.secret));
    let grant = GrantState { generation: token.generation, ..grant.ok_or(AuthError::RefreshToken)? };
    let (account, password_changed_at) = (identity.account, identity.password_changed_at);
    ctx.begin().await?;
    ctx.principal = Principal::Account(identity);
    // First: what interceptors are told of holds, and none of them can shield a token that was copied.
    let renewed = match grant::renew(ctx, auth.meta, account, grant).await? {
        Some(renewed) => renewed,
        None => spent(ctx, account, grant).await?,
    };
    auth.hooks.run(AuthOperation::Renew, Moment::Before, ctx, &mut ()).await?;
    auth.hooks.run(AuthOperation::Renew, Moment::After, ctx, &mut ()).await?;
    let pair = carrier::pair(ctx, auth, account, renewed, password_changed_at, token.secret)?;
    ctx.commit().await?;
    Ok(Renewed { account, pair })
}

/// What a spent token still gives: the pair that it was spent for, or nothing, and then to nobody.
async fn spent(ctx: &mut Context<'_>, account: Id, grant: GrantState) -> Result<GrantState, AuthError> {
    let Some((generation, renewed_at)) = current(ctx, grant.id).await? else { return Err(AuthError::RefreshToken) };
    let just_now = renewed_at.is_some_and(|renewed_at| ctx.now - renewed_at <= GRACE);
    if just_now && generation == grant.generation + 1 {
        return Ok(GrantState { generation, ..grant });
    }
    // Of two replays at once, one ends the log-in and is told of.
    if grant::end(ctx, account, grant.id).await? {
        record(ctx, Event::RefreshReplayed, Some(account), Via::TokenPair).await?;
    }
    ctx.commit().await?;
    Err(AuthError::RefreshToken)
}

async fn current(ctx: &Context<'_>, grant: Uuid) -> Result<Option<(i32, Option<DateTime<Utc>>)>, DbError> {
    let sql = "SELECT \"generation\", \"renewed_at\" FROM \"gable_grants\" WHERE \"id\" = ";
    let mut select = Statement::new(ctx.core.db.dialect(), sql);
    select.bind(grant);
    let Some(result) = ctx.source().one(select).await? else { return Ok(None) };
    let mut row = Row::new(&result);
    Ok(Some((row.next()?, row.next()?)))
}
