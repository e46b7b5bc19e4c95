//! Takes away what is over. Bounded per run, and safe on several nodes: each deletes what it finds, and finding nothing
//! is no error.

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::{Via, id_from};
use crate::auth::{ATTEMPTS, Auth, KEPT, OWN_DEEDS};
use crate::core::Core;
use crate::crud::REPEATABLE_FOR;
use crate::db::{DbError, Dialect, Row, Source, Statement};
use crate::resource::Id;

/// Rows in one transaction, which must not keep other writers waiting.
const BATCH: u64 = 1_000;
/// Transactions for each kind of row in one run.
const BATCHES: usize = 50;
/// How long the log of events is kept, and the count of passwords that were tried for nobody.
const EVENTS: TimeDelta = TimeDelta::days(90);

/// How long a token that was not used in time is told from one that never was.
const EXPIRED_TOKENS: TimeDelta = TimeDelta::days(7);
/// Events of nobody's account that are kept: whoever types names that nobody has must not fill the disk.
const OF_NOBODY: i64 = 100_000;

/// Answers that can no longer be asked for again; where there are accounts, log-ins that expired or lay idle, one-time
/// tokens that nobody used in time, old events and old attempts.
pub(crate) async fn clean_up(core: &Core) -> Result<(), DbError> {
    let now = core.now();
    delete_until(core, "gable_idempotency", "created_at", now - REPEATABLE_FOR).await?;
    let Some(auth) = &core.auth else { return Ok(()) };
    for (table, column, until) in [
        ("gable_grants", "expires_at", now),
        ("gable_tokens", "expires_at", now - EXPIRED_TOKENS),
        ("gable_events", "at", now - EVENTS),
        ("gable_strangers", "last_at", now - EVENTS),
    ] {
        delete_until(core, table, column, until).await?;
    }
    delete(core, "gable_grants", idle(core, auth)).await
}

/// Takes away what an account's history has beyond its newest events, and likewise what happened to no account. To be
/// run now and then: it looks through the index of all events.
pub(crate) async fn trim_histories(core: &Core) -> Result<(), DbError> {
    let Some(auth) = &core.auth else { return Ok(()) };
    let dialect = core.db.dialect();
    let mut nobody =
        Statement::new(dialect, "\"id\" IN (SELECT \"id\" FROM \"gable_events\" WHERE \"account_id\" IS NULL");
    newest_but(&mut nobody, OF_NOBODY);
    delete(core, "gable_events", nobody).await?;
    for kinds in [ATTEMPTS.as_slice(), OWN_DEEDS.as_slice()] {
        for result in core.db.reader().all(long(dialect, kinds)).await? {
            let account = id_from(&mut Row::new(&result), auth.access.models.account.id)?;
            delete(core, "gable_events", beyond(dialect, account, kinds)).await?;
        }
    }
    Ok(())
}

/// Accounts that have more events of these kinds than are kept. One that was trimmed is none of them.
fn long(dialect: Dialect, kinds: &[&str]) -> Statement {
    let sql = "SELECT \"account_id\" FROM \"gable_events\" WHERE \"account_id\" IS NOT NULL AND \"kind\" IN (";
    let mut long = Statement::new(dialect, sql);
    long.join(", ", kinds, |long, kind| long.bind(*kind));
    long.push(") GROUP BY \"account_id\" HAVING COUNT(*) > ").bind(i64::from(KEPT));
    long.push(" LIMIT ").bind(BATCH as i64);
    long
}

/// The events of these kinds that are not among an account's newest.
fn beyond(dialect: Dialect, account: Id, kinds: &[&str]) -> Statement {
    let sql = "\"id\" IN (SELECT \"id\" FROM \"gable_events\" WHERE \"account_id\" = ";
    let mut beyond = Statement::new(dialect, sql);
    beyond.bind(account).push(" AND \"kind\" IN (");
    beyond.join(", ", kinds, |beyond, kind| beyond.bind(*kind)).push(")");
    newest_but(&mut beyond, i64::from(KEPT));
    beyond
}

fn newest_but(statement: &mut Statement, kept: i64) {
    statement
        .push(" ORDER BY \"at\" DESC, \"id\" DESC LIMIT ")
        .bind(BATCH as i64)
        .push(" OFFSET ")
        .bind(kept)
        .push(")");
}

async fn delete_until(core: &Core, table: &str, column: &str, until: DateTime<Utc>) -> Result<(), DbError> {
    let mut over = Statement::new(core.db.dialect(), format!("\"{column}\" <= "));
    over.bind(until);
    delete(core, table, over).await
}

fn idle(core: &Core, auth: &Auth) -> Statement {
    let seconds = i64::try_from(auth.meta.session.idle_seconds).ok().and_then(TimeDelta::try_seconds);
    let before = core.now().checked_sub_signed(seconds.unwrap_or(TimeDelta::MAX)).unwrap_or_default();
    let mut idle = Statement::new(core.db.dialect(), "\"surface\" = ");
    idle.bind(Via::Session.name()).push(" AND \"last_active_at\" <= ").bind(before);
    idle
}

/// Deletes the rows for which a condition holds, so many at a time.
async fn delete(core: &Core, table: &str, over: Statement) -> Result<(), DbError> {
    let mut delete = over;
    delete.sql =
        format!("DELETE FROM \"{table}\" WHERE \"id\" IN (SELECT \"id\" FROM \"{table}\" WHERE {}", delete.sql);
    delete.push(" LIMIT ").bind(BATCH as i64).push(")");
    for _ in 0..BATCHES {
        let transaction = core.db.begin().await?;
        let deleted = Source::Transaction(&transaction).execute(delete.clone()).await?;
        transaction.commit().await?;
        if deleted < BATCH {
            break;
        }
    }
    Ok(())
}
