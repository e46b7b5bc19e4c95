//! Lockout: so many wrong passwords, and the account is closed for a while. An attempt is counted before its password is
//! looked at, in one statement, so that parallel guesses cannot outrun the count.

use std::hash::{BuildHasher, Hash, RandomState};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, MutexGuard};

use super::secrets::{Secrets, Use};
use crate::app_meta::LockoutMeta;
use crate::context::Context;
use crate::core::Model;
use crate::db::{DbError, Row, Statement};
use crate::http::ApiError;
use crate::resource::Id;

/// How long a log-in waits for others to the same account.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause that a client is told to make when that was not enough, in seconds.
const RETRY_AFTER: u64 = 2;
/// Two accounts may share a turn and then wait for each other; nothing worse.
const TURNS: usize = 256;

/// One password at a time is looked at for an account, or many honest log-ins at once would count as guesses.
pub(super) struct Turns {
    turns: [Mutex<()>; TURNS],
    hash: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { turns: std::array::from_fn(|_| Mutex::default()), hash: RandomState::new() }
    }
}

impl Turns {
    /// `who` is an account, or an identifier that no account has: both wait alike.
    ///
    /// # Errors
    /// 503 when others take too long. No password was looked at then, and no attempt is counted.
    pub(super) async fn wait(&self, who: impl Hash) -> Result<MutexGuard<'_, ()>, ApiError> {
        let turn = self.hash.hash_one(who) % TURNS as u64;
        let turn = tokio::time::timeout(PATIENCE, self.turns[turn as usize].lock()).await;
        turn.map_err(|_| ApiError::unavailable(RETRY_AFTER))
    }
}

/// What became of an attempt before its password was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// It may be looked at; wrong, it is the one that closes the account.
    Last,
    Counted,
    /// Closed until then.
    Locked,
}

/// Counts an attempt, in the open transaction. The last one closes the account before its password is looked at, so
/// that a crash in between opens nothing.
pub(super) async fn count(
    ctx: &Context<'_>,
    model: &Model,
    lockout: LockoutMeta,
    account: Id,
) -> Result<Count, DbError> {
    let until = until(ctx.now, lockout.for_seconds);
    let counted = "CASE WHEN \"locked_until\" IS NULL THEN \"failed_login_attempts\" + 1 ELSE 1 END";
    let mut update =
        model.sql.statement(format!("UPDATE \"{}\" SET \"failed_login_attempts\" = {counted}", model.meta.table));
    update.push(&format!(", \"locked_until\" = CASE WHEN {counted} >= ")).bind(i64::from(lockout.attempts));
    update.push(" THEN ").bind(until).push(" ELSE NULL END WHERE \"id\" = ").bind(account);
    update.push(" AND (\"locked_until\" IS NULL OR \"locked_until\" <= ").bind(ctx.now);
    update.push(") RETURNING \"failed_login_attempts\"");
    let Some(result) = ctx.source().one(update).await? else { return Ok(Count::Locked) };
    let attempts: i32 = Row::new(&result).next()?;
    let last = i64::from(attempts) >= i64::from(lockout.attempts);
    Ok(if last { Count::Last } else { Count::Counted })
}

/// A right password makes up for the wrong ones before it.
pub(super) async fn forgive(ctx: &Context<'_>, model: &Model, account: Id) -> Result<(), DbError> {
    let mut update = model.sql.statement(format!(
        "UPDATE \"{}\" SET \"failed_login_attempts\" = 0, \"locked_until\" = NULL WHERE \"id\" = ",
        model.meta.table
    ));
    update.bind(account);
    ctx.source().execute(update).await?;
    Ok(())
}

/// Uncounts an attempt whose password nobody looked at.
pub(super) async fn take_back(ctx: &Context<'_>, model: &Model, account: Id) -> Result<(), DbError> {
    let mut update = model.sql.statement(format!(
        "UPDATE \"{}\" SET \"failed_login_attempts\" = \"failed_login_attempts\" - 1, \"locked_until\" = NULL \
         WHERE \"failed_login_attempts\" > 0 AND \"id\" = ",
        model.meta.table
    ));
    update.bind(account);
    ctx.source().execute(update).await?;
    Ok(())
}

/// Who an identifier would be that no account has. Whoever reads the table learns no name of it: of what was typed, only
/// a keyed hash is kept.
pub(super) struct Stranger {
    id: Vec<u8>,
}

impl Stranger {
    /// Two spellings are one stranger exactly when they would be one account: e-mail addresses are stored in lower case,
    /// other names as they were typed.
    pub(super) fn called(secrets: &Secrets, typed: &str) -> Self {
        let address = typed.contains('@').then(|| typed.trim().to_lowercase());
        let name = address.as_deref().unwrap_or(typed);
        Self { id: secrets.tag(Use::Stranger, name.as_bytes()).to_vec() }
    }

    /// Counts an attempt like one at an account, in the open transaction: or a lock would tell which ones exist.
    pub(super) async fn count(&self, ctx: &Context<'_>, lockout: LockoutMeta) -> Result<Count, DbError> {
        let (until, attempts) = (until(ctx.now, lockout.for_seconds), i64::from(lockout.attempts));
        let mut insert = Statement::new(
            ctx.core.db.dialect(),
            "INSERT INTO \"gable_strangers\" AS s (\"id\", \"attempts\", \"locked_until\", \"last_at\") VALUES (",
        );
        insert.bind(self.id.clone()).push(", 1, ").bind((attempts <= 1).then_some(until)).push(", ").bind(ctx.now);
        let counted = "CASE WHEN s.\"locked_until\" IS NULL THEN s.\"attempts\" + 1 ELSE 1 END";
        insert.push(&format!(") ON CONFLICT (\"id\") DO UPDATE SET \"attempts\" = {counted}, \"locked_until\" = "));
        insert.push(&format!("CASE WHEN {counted} >= ")).bind(attempts).push(" THEN ").bind(until);
        insert.push(" ELSE NULL END, \"last_at\" = ").bind(ctx.now);
        insert.push(" WHERE s.\"locked_until\" IS NULL OR s.\"locked_until\" <= ").bind(ctx.now);
        insert.push(" RETURNING \"attempts\"");
        let Some(result) = ctx.source().one(insert).await? else { return Ok(Count::Locked) };
        let counted: i32 = Row::new(&result).next()?;
        Ok(if i64::from(counted) >= attempts { Count::Last } else { Count::Counted })
    }

    /// Uncounts an attempt whose password nobody looked at.
    pub(super) async fn take_back(&self, ctx: &Context<'_>) -> Result<(), DbError> {
        let mut update = Statement::new(
            ctx.core.db.dialect(),
            "UPDATE \"gable_strangers\" SET \"attempts\" = \"attempts\" - 1, \"locked_until\" = NULL \
             WHERE \"attempts\" > 0 AND \"id\" = ",
        );
        update.bind(self.id.clone());
        ctx.source().execute(update).await?;
        Ok(())
    }
}

fn until(now: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let seconds = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    seconds.and_then(|seconds| now.checked_add_signed(seconds)).unwrap_or(now)
}
