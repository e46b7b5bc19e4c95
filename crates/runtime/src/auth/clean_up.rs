//! Takes away what is over. Bounded per run, and safe on several nodes: each deletes what it finds, and finding nothing
//! is no error.

use chrono::TimeDelta;

use crate::core::Core;
use crate::db::{DbError, Source, Statement};

/// Rows in one transaction, which must not keep other writers waiting.
const BATCH: u64 = 1_000;
/// Transactions for each kind of row in one run.
const BATCHES: usize = 50;
/// How long the log of events is kept.
const EVENTS: TimeDelta = TimeDelta::days(90);

/// Expired grants and old events.
pub(crate) async fn clean_up(core: &Core) -> Result<(), DbError> {
    let now = core.now();
    for (table, column, before) in [("gable_grants", "expires_at", now), ("gable_events", "at", now - EVENTS)] {
        let mut delete = Statement::new(
            core.db.dialect(),
            format!("DELETE FROM \"{table}\" WHERE \"id\" IN (SELECT \"id\" FROM \"{table}\" WHERE \"{column}\" <= "),
        );
        delete.bind(before).push(" LIMIT ").bind(BATCH as i64).push(")");
        for _ in 0..BATCHES {
            let transaction = core.db.begin().await?;
            let deleted = Source::Transaction(&transaction).execute(delete.clone()).await?;
            transaction.commit().await?;
            if deleted < BATCH {
                break;
            }
        }
    }
    Ok(())
}
