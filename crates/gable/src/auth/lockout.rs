//! Lockout: after a number of wrong passwords, the account is locked for a while. An attempt is counted before its
//! password is verified, in one statement, so that concurrent guesses cannot exceed the limit.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Auth;
use super::account_lookup::{AccountLookup, attempt_keys};
use crate::context::Context;
use crate::db::{BoundSql, DbError, FixedSql, Row, values};
use crate::error::ApiError;
use crate::keyed_mutex::{KeyedGuard, KeyedMutex};
use crate::meta::LockoutMeta;
use crate::model::Id;
use crate::model::input::normal_address;
use crate::query::Model;
use crate::secrets::{Secrets, Use};

/// How long a log-in waits for other log-ins to the same account.
const OTHER_LOG_INS_TIMEOUT: Duration = Duration::from_secs(5);
/// `Retry-After` of the 503 after that, in seconds.
const RETRY_AFTER: u64 = 2;

/// Waits until no other password is verified for this account. Without it, many concurrent log-ins with the right
/// password would reach the limit, because each is counted before it is verified.
///
/// # Errors
/// 503 after `OTHER_LOG_INS_TIMEOUT`. The password was then not verified and the attempt not counted.
pub(super) async fn lock_account(locks: &KeyedMutex, account: Id) -> Result<KeyedGuard<'_>, ApiError> {
    lock(locks, format!("account {account}").as_bytes()).await
}

/// Waits until no other password is verified for this text, whether or not an account has it. Must be called before
/// `lock_account`, since another order could deadlock.
///
/// # Errors
/// Like `lock_account`.
pub(super) async fn lock_typed<'l>(locks: &'l KeyedMutex, typed: &Typed) -> Result<KeyedGuard<'l>, ApiError> {
    lock(locks, &[b"typed ", typed.id.as_slice()].concat()).await
}

async fn lock<'l>(locks: &'l KeyedMutex, key: &[u8]) -> Result<KeyedGuard<'l>, ApiError> {
    locks.lock(key, OTHER_LOG_INS_TIMEOUT).await.ok_or_else(|| ApiError::unavailable(RETRY_AFTER))
}

/// The result of counting an attempt, before its password is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The password may be verified.
    Counted(Counted),
    /// The account or the typed text is locked; the password must not be verified.
    Locked,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    accounts: Vec<Id>,
    /// The accounts that this attempt locks, unless the password is right.
    pub(super) closes: Vec<Id>,
}

impl Counted {
    /// The accounts that the attempt was counted against, except this one.
    pub(super) fn others(&self, account: Id) -> Vec<Id> {
        self.accounts.iter().copied().filter(|other| *other != account).collect()
    }
}

/// A text that was typed as an identifier, as a key for counting. Only a keyed hash is stored, so that the table of
/// counts reveals no names. E-mail addresses are normalized as they are for storage, so that all spellings share one
/// count.
pub(super) struct Typed {
    id: Vec<u8>,
}

impl Typed {
    pub(crate) fn new(secrets: &Secrets, text: &str) -> Self {
        let address = text.contains('@').then(|| normal_address(text));
        let name = address.as_deref().unwrap_or(text);
        Self { id: secrets.tag(Use::UnknownIdentifier, name.as_bytes()).to_vec() }
    }
}

/// The counts that an attempt increments: that of the typed text, whether or not an account has it, and that of every
/// account that has the text as any identifier. So known and unknown identifiers are locked alike, and guesses at one
/// account under several identifiers are counted together.
pub(super) struct Guess {
    typed: Option<Typed>,
    /// Sorted by id, so that two attempts cannot deadlock on each other's rows.
    accounts: Vec<Id>,
    /// The account whose password is verified; `None` if no account has the text as the requested identifier.
    wanted_account: Option<Id>,
}

impl Guess {
    /// An attempt at the password of a known account.
    pub(crate) fn at(account: Id) -> Self {
        Self { typed: None, accounts: vec![account], wanted_account: Some(account) }
    }

    /// An attempt at the account that a typed text identifies.
    pub(super) fn with(typed: Typed, named: &AccountLookup) -> Self {
        let wanted_account = named.found.as_ref().map(|found| found.account);
        Self { typed: Some(typed), accounts: named.holders.clone(), wanted_account }
    }

    pub(super) fn wanted_account(&self) -> Option<Id> {
        self.wanted_account
    }

    /// Counts the attempt, in the open transaction. The attempt that reaches the limit locks the account before its
    /// password is verified, so that a crash in between cannot allow further attempts.
    pub(super) async fn count(&self, ctx: &Context<'_>, model: &Model, lockout: LockoutMeta) -> Result<Count, DbError> {
        if let Some(typed) = &self.typed
            && count_typed(ctx, lockout, typed).await?.is_none()
        {
            return Ok(Count::Locked);
        }
        let mut counted = Counted::default();
        for account in &self.accounts {
            match count_account(ctx, model, lockout, *account).await? {
                Some(attempts) => {
                    counted.accounts.push(*account);
                    counted.closes.extend((attempts >= i64::from(lockout.attempts)).then_some(*account));
                }
                None if self.wanted_account.is_none_or(|wanted| wanted == *account) => {
                    return Ok(Count::Locked);
                }
                None => {}
            }
        }
        Ok(Count::Counted(counted))
    }

    /// Takes back the counts of an attempt whose password was not verified.
    pub(super) async fn take_back(&self, ctx: &Context<'_>, model: &Model, counted: &Counted) -> Result<(), DbError> {
        if let Some(typed) = &self.typed {
            let update = UNCOUNT_TYPED.with(values![typed.id.clone()]);
            ctx.source().execute(update).await?;
        }
        uncount(ctx, model, &counted.accounts).await
    }
}

static UNCOUNT_TYPED: FixedSql<1> = FixedSql::new(
    r#"UPDATE "gable_strangers" SET "attempts" = "attempts" - 1, "locked_until" = NULL
       WHERE "attempts" > 0 AND "id" = ?"#,
);

/// Decrements the counts of accounts, in the order of their ids, and unlocks them.
pub(super) async fn uncount(ctx: &Context<'_>, model: &Model, accounts: &[Id]) -> Result<(), DbError> {
    for account in accounts {
        let text = format!(
            r#"UPDATE "{}" SET "failed_login_attempts" = "failed_login_attempts" - 1, "locked_until" = NULL
               WHERE "failed_login_attempts" > 0 AND "id" = ?"#,
            model.meta.table
        );
        let update = BoundSql::named(text, values![*account]);
        ctx.source().execute(update).await?;
    }
    Ok(())
}

/// Counts an attempt at an account and returns the new count; `None` if the account is locked.
async fn count_account(
    ctx: &Context<'_>,
    model: &Model,
    lockout: LockoutMeta,
    account: Id,
) -> Result<Option<i64>, DbError> {
    let until = until(ctx.now, lockout.for_seconds);
    let counted = r#"CASE WHEN "locked_until" IS NULL THEN "failed_login_attempts" + 1 ELSE 1 END"#;
    let text = format!(
        r#"UPDATE "{}" SET "failed_login_attempts" = {counted},
           "locked_until" = CASE WHEN {counted} >= ? THEN ? ELSE NULL END
           WHERE "id" = ? AND ("locked_until" IS NULL OR "locked_until" <= ?) RETURNING "failed_login_attempts""#,
        model.meta.table
    );
    let update = BoundSql::named(text, values![i64::from(lockout.attempts), until, account, ctx.now]);
    let Some(result) = ctx.source().one(update).await? else { return Ok(None) };
    Ok(Some(Row::new(&result).next::<i32>()?.into()))
}

static COUNT_TYPED: FixedSql<7> = FixedSql::new(
    r#"INSERT INTO "gable_strangers" AS s ("id", "attempts", "locked_until", "last_at") VALUES (?, 1, ?, ?)
       ON CONFLICT ("id") DO UPDATE SET
       "attempts" = CASE WHEN s."locked_until" IS NULL THEN s."attempts" + 1 ELSE 1 END,
       "locked_until" = CASE WHEN CASE WHEN s."locked_until" IS NULL THEN s."attempts" + 1 ELSE 1 END >= ?
       THEN ? ELSE NULL END,
       "last_at" = ?
       WHERE s."locked_until" IS NULL OR s."locked_until" <= ? RETURNING "attempts""#,
);

/// Counts an attempt with a typed text and returns the new count; `None` if the text is locked.
async fn count_typed(ctx: &Context<'_>, lockout: LockoutMeta, typed: &Typed) -> Result<Option<i64>, DbError> {
    let (until, attempts) = (until(ctx.now, lockout.for_seconds), i64::from(lockout.attempts));
    let first = (attempts <= 1).then_some(until);
    let insert = COUNT_TYPED.with(values![typed.id.clone(), first, ctx.now, attempts, until, ctx.now, ctx.now]);
    let Some(result) = ctx.source().one(insert).await? else { return Ok(None) };
    Ok(Some(Row::new(&result).next::<i32>()?.into()))
}

/// Resets the counts of an account and of all its identifiers, after a right password. The identifiers come first, in
/// the order in which an attempt counts them, so that the two cannot deadlock.
pub(super) async fn forgive(ctx: &Context<'_>, auth: &Auth, model: &Model, account: Id) -> Result<(), ApiError> {
    let keys = attempt_keys(ctx, auth, account).await?;
    if !keys.is_empty() {
        let mut delete = ctx.core.db.statement("DELETE FROM \"gable_strangers\" WHERE \"id\" IN (");
        delete.join(", ", &keys, |delete, key| delete.bind(Typed::new(&ctx.core.secrets, key).id)).push(")");
        ctx.source().execute(delete).await?;
    }
    let text = format!(
        r#"UPDATE "{}" SET "failed_login_attempts" = 0, "locked_until" = NULL WHERE "id" = ?"#,
        model.meta.table
    );
    let update = BoundSql::named(text, values![account]);
    ctx.source().execute(update).await?;
    Ok(())
}

fn until(now: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let seconds = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    seconds.and_then(|seconds| now.checked_add_signed(seconds)).unwrap_or(now)
}
