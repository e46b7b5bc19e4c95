//! Lists and ends the log-ins of one's own account, and reads its log-in history.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::device::Device;
use super::error::AuthError;
use super::event::{ATTEMPTS, Event, OWN_ACTIONS, record};
use super::grant;
use crate::access::LoginMethod;
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::{FixedSql, Row, Statement, values};
use crate::meta::AuthOperation;
use crate::model::Id;

/// A log-in of the caller's account, on any surface.
pub(crate) struct OwnSession {
    pub(crate) id: Uuid,
    pub(crate) surface: String,
    pub(crate) device: Device,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// When the log-in was last used, to the minute, for a session. For a token, when it was issued or renewed.
    pub(crate) last_active_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    /// Whether it is the log-in of this request.
    pub(crate) is_current: bool,
}

/// Maximum number of log-ins in one answer, since an account may have any number of them.
const LISTED: i64 = 1000;

static LIST: FixedSql<3> = FixedSql::new(
    r#"SELECT "id", "surface", "ip", "user_agent", "created_at", "last_active_at", "expires_at", "idle_seconds"
       FROM "gable_grants" WHERE "account_id" = ? AND "expires_at" > ?
       ORDER BY "created_at" DESC, "id" DESC LIMIT ?"#,
);

/// The caller's log-ins, the newest first, at most `LISTED`.
///
/// # Errors
/// 401 for an anonymous caller.
pub(crate) async fn list_sessions(ctx: &mut Context<'_>) -> Result<Vec<OwnSession>, AuthError> {
    let account = ctx.principal.require()?.account;
    ctx.core.auth_hooks.run(AuthOperation::ListSessions, HookPhase::Before, ctx, &mut ()).await?;
    let current = ctx.principal.grant().map(|grant| grant.id);
    let mut sessions = Vec::new();
    for result in ctx.source().all(LIST.with(values![account, ctx.now, LISTED])).await? {
        let mut row = Row::new(&result);
        let (id, surface, ip): (Uuid, String, Option<String>) = (row.next()?, row.next()?, row.next()?);
        let user_agent: Option<String> = row.next()?;
        let device = Device::of(user_agent.as_deref());
        let (created_at, last_active_at, expires_at) = (row.next()?, row.next()?, row.next()?);
        let is_current = current == Some(id);
        let own =
            OwnSession { id, surface, device, ip, user_agent, created_at, last_active_at, expires_at, is_current };
        let idle: Option<i64> = row.next()?;
        if is_current || !is_idle(&own, idle, ctx.now) {
            sessions.push(own);
        }
    }
    ctx.core.auth_hooks.run(AuthOperation::ListSessions, HookPhase::After, ctx, &mut ()).await?;
    Ok(sessions)
}

fn is_idle(session: &OwnSession, idle_seconds: Option<i64>, now: DateTime<Utc>) -> bool {
    idle_seconds.is_some_and(|idle| (now - session.last_active_at).num_seconds() >= idle)
}

/// Ends one of the caller's other log-ins.
///
/// # Errors
/// 401 for an anonymous caller, `CurrentSession` for the log-in of the request, `NoSuchSession` for an id that does not
/// exist or belongs to another account.
pub(crate) async fn revoke_session(ctx: &mut Context<'_>, session: &str, via: LoginMethod) -> Result<(), AuthError> {
    let account = ctx.principal.require()?.account;
    let session = Uuid::try_parse(session).map_err(|_| AuthError::NoSuchSession)?;
    if ctx.principal.grant().is_some_and(|current| current.id == session) {
        return Err(AuthError::CurrentSession);
    }
    ctx.begin().await?;
    ctx.core.auth_hooks.run(AuthOperation::RevokeSession, HookPhase::Before, ctx, &mut ()).await?;
    if !grant::end(ctx, account, session).await? {
        return Err(AuthError::NoSuchSession);
    }
    record(ctx, Event::SessionRevoked, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::RevokeSession, HookPhase::After, ctx, &mut ()).await?;
    Ok(ctx.commit().await?)
}

/// An event of the caller's account.
pub(crate) struct OwnEvent {
    pub(crate) id: Uuid,
    /// one of `ATTEMPTS` or `OWN_ACTIONS`
    pub(crate) kind: String,
    pub(crate) reason: Option<String>,
    pub(crate) surface: String,
    pub(crate) device: Device,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// A page of an account's history, and the total number of events.
pub(crate) struct History {
    pub(crate) account: Id,
    pub(crate) events: Vec<OwnEvent>,
    pub(crate) total: i64,
}

/// The stored events of the caller's account, the newest first: log-ins, failed attempts, log-outs and password
/// changes.
///
/// # Errors
/// 401 for an anonymous caller.
pub(crate) async fn login_history(ctx: &mut Context<'_>, offset: u64, limit: u32) -> Result<History, AuthError> {
    let account = ctx.principal.require()?.account;
    ctx.core.auth_hooks.run(AuthOperation::LoginHistory, HookPhase::Before, ctx, &mut ()).await?;
    let mut count = ctx.core.db.statement("SELECT COUNT(*)");
    history_of(&mut count, account);
    let counted = ctx.source().one(count).await?;
    let total = counted.map(|result| Row::new(&result).next()).transpose()?.unwrap_or(0);
    let sql = "SELECT \"id\", \"kind\", \"reason\", \"surface\", \"ip\", \"user_agent\", \"at\"";
    let mut select = ctx.core.db.statement(sql);
    history_of(&mut select, account);
    select.push(" ORDER BY \"at\" DESC, \"id\" DESC LIMIT ").bind(i64::from(limit));
    select.push(" OFFSET ").bind(i64::try_from(offset).unwrap_or(i64::MAX));
    let mut events = Vec::new();
    for result in ctx.source().all(select).await? {
        let mut row = Row::new(&result);
        let (id, kind, reason, surface) = (row.next()?, row.next()?, row.next()?, row.next()?);
        let (ip, user_agent): (Option<String>, Option<String>) = (row.next()?, row.next()?);
        let device = Device::of(user_agent.as_deref());
        events.push(OwnEvent { id, kind, reason, surface, device, ip, user_agent, at: row.next()? });
    }
    ctx.core.auth_hooks.run(AuthOperation::LoginHistory, HookPhase::After, ctx, &mut ()).await?;
    Ok(History { account, events, total })
}

fn history_of(statement: &mut Statement, account: Id) {
    statement.push(" FROM \"gable_events\" WHERE \"account_id\" = ").bind(account).push(" AND \"kind\" IN (");
    let kinds = || ATTEMPTS.iter().chain(&OWN_ACTIONS);
    statement.join(", ", kinds(), |statement, kind| statement.bind(*kind)).push(")");
}
