//! Lockout: so many wrong passwords, and the account is closed for a while. An attempt is counted before its password is
//! looked at, in one statement, so that parallel guesses cannot outrun the count.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, MutexGuard};

use crate::app_meta::LockoutMeta;
use crate::context::Context;
use crate::core::Model;
use crate::db::{DbError, Row};
use crate::resource::Id;

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
    pub(super) async fn wait(&self, who: impl Hash) -> MutexGuard<'_, ()> {
        let turn = self.hash.hash_one(who) % TURNS as u64;
        self.turns[turn as usize].lock().await
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

/// Identifiers that no account has, counted like accounts: or a lock would tell which ones exist. Kept in memory, and
/// only as hashes of what was typed.
#[derive(Default)]
pub(super) struct Strangers {
    attempts: std::sync::Mutex<HashMap<u64, Stranger>>,
    hash: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Stranger {
    attempts: u32,
    locked_until: Option<DateTime<Utc>>,
}

/// More strangers than this at once: counting starts over.
const STRANGERS: usize = 100_000;

impl Strangers {
    pub(super) fn count(&self, identifier: &str, lockout: LockoutMeta, now: DateTime<Utc>) -> Count {
        let key = self.hash.hash_one(identifier.trim().to_lowercase());
        let mut strangers = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() >= STRANGERS && !strangers.contains_key(&key) {
            strangers.clear();
        }
        let stranger = strangers.entry(key).or_default();
        match stranger.locked_until {
            Some(until) if until > now => return Count::Locked,
            Some(_) => *stranger = Stranger::default(),
            None => {}
        }
        stranger.attempts += 1;
        if stranger.attempts < lockout.attempts {
            return Count::Counted;
        }
        stranger.locked_until = Some(until(now, lockout.for_seconds));
        Count::Last
    }
}

fn until(now: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let seconds = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    seconds.and_then(|seconds| now.checked_add_signed(seconds)).unwrap_or(now)
}
