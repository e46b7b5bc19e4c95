//! Takes away what is over. Bounded per run, and safe on several nodes: each deletes what it finds, and finding nothing
//! is no error.

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::Via;
use crate::auth::Auth;
use crate::core::Core;
use crate::crud::REPEATABLE_FOR;
use crate::db::{DbError, Source, Statement};

/// Rows in one transaction, which must not keep other writers waiting.
const BATCH: u64 = 1_000;
/// Transactions for each kind of row in one run.
const BATCHES: usize = 50;
/// How long the log of events is kept, and the count of passwords that were tried for nobody.
const EVENTS: TimeDelta = TimeDelta::days(90);

/// Answers that can no longer be asked for again; where there are accounts, log-ins that expired or lay idle, one-time
/// tokens that nobody used in time, old events and old attempts.
pub(crate) async fn clean_up(core: &Core) -> Result<(), DbError> {
    let now = core.now();
    delete_until(core, "gable_idempotency", "created_at", now - REPEATABLE_FOR).await?;
    let Some(auth) = &core.auth else { return Ok(()) };
    for (table, column, until) in [
        ("gable_grants", "expires_at", now),
        ("gable_tokens", "expires_at", now),
        ("gable_events", "at", now - EVENTS),
        ("gable_strangers", "last_at", now - EVENTS),
    ] {
        delete_until(core, table, column, until).await?;
    }
    delete(core, "gable_grants", idle(core, auth)).await
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
