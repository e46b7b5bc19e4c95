//! Deletes expired rows. The work per run is limited, and several nodes may run it at once: each deletes the rows
//! that it finds, and finding none is not an error.

use chrono::{DateTime, TimeDelta, Utc};

use super::stored_passwords::note_stored_hashes;
use crate::access::LoginMethod;
use crate::auth::{ATTEMPTS, KEPT, OWN_ACTIONS};
use crate::context::Core;
use crate::db::{BoundSql, Database, DbError, FixedSql, IntoStatement, Row, Source, Statement, values};
use crate::meta::AuthMeta;
use crate::model::{Id, id_from};
use crate::rest::crud::REPEATABLE_FOR;

/// Rows deleted in one transaction, which must not block other writers for long.
const BATCH: i64 = 1_000;
/// Maximum number of transactions per kind of row in one run.
const BATCHES: usize = 50;
/// How long events are kept, and the counts of failed log-ins with unknown identifiers.
const EVENTS_KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// How long an expired token is kept, during which it is reported as expired and not as unknown.
const EXPIRED_TOKENS_KEPT_FOR: TimeDelta = TimeDelta::days(7);
/// Maximum number of events without an account: attempts with unknown identifiers must not fill the disk.
const WITHOUT_ACCOUNT: i64 = 100_000;

static IDLE: FixedSql<3> = FixedSql::new(
    r#"DELETE FROM "gable_grants" WHERE "id" IN
       (SELECT "id" FROM "gable_grants" WHERE "surface" = ? AND "last_active_at" <= ? LIMIT ?)"#,
);
static BEYOND_WITHOUT_ACCOUNT: FixedSql<3> = FixedSql::new(
    r#"DELETE FROM "gable_events" WHERE "id" IN (SELECT "id" FROM "gable_events" WHERE "id" IN
       (SELECT "id" FROM "gable_events" WHERE "account_id" IS NULL
       ORDER BY "at" DESC, "id" DESC LIMIT ? OFFSET ?) LIMIT ?)"#,
);

/// Deletes idempotency records that are too old to be replayed; with accounts also log-ins that expired or are idle,
/// expired one-time tokens, old events and old counts of failed attempts.
pub(crate) async fn clean_up(core: &Core) -> Result<(), DbError> {
    let now = core.now();
    delete_until(core, "gable_idempotency", "created_at", now - REPEATABLE_FOR).await?;
    let Some(auth) = &core.app.auth else { return Ok(()) };
    for (table, column, until) in [
        ("gable_grants", "expires_at", now),
        ("gable_tokens", "expires_at", now - EXPIRED_TOKENS_KEPT_FOR),
        ("gable_events", "at", now - EVENTS_KEPT_FOR),
        ("gable_strangers", "last_at", now - EVENTS_KEPT_FOR),
    ] {
        delete_until(core, table, column, until).await?;
    }
    delete(core, IDLE.with(values![LoginMethod::Session.name(), idle_since(core, auth), BATCH])).await
}

/// Deletes all but the newest events of each account, and of those without an account. To be run rarely, because it
/// scans the index of all events.
pub(crate) async fn trim_histories(core: &Core) -> Result<(), DbError> {
    let Some(access) = &core.access else { return Ok(()) };
    delete(core, BEYOND_WITHOUT_ACCOUNT.with(values![BATCH, WITHOUT_ACCOUNT, BATCH])).await?;
    for kinds in [ATTEMPTS.as_slice(), OWN_ACTIONS.as_slice()] {
        for result in core.db.reader().all(long(&core.db, kinds)).await? {
            let account = id_from(&mut Row::new(&result), access.models.account.id)?;
            delete(core, beyond(&core.db, account, kinds)).await?;
        }
    }
    Ok(())
}

/// Finds accounts that have more events of these kinds than are kept.
fn long(db: &Database, kinds: &[&str]) -> Statement {
    let sql = "SELECT \"account_id\" FROM \"gable_events\" WHERE \"account_id\" IS NOT NULL AND \"kind\" IN (";
    let mut long = db.statement(sql);
    long.join(", ", kinds, |long, kind| long.bind(*kind));
    long.push(") GROUP BY \"account_id\" HAVING COUNT(*) > ").bind(i64::from(KEPT));
    long.push(" LIMIT ").bind(BATCH);
    long
}

/// Deletes the events of these kinds that are not among the newest of an account.
fn beyond(db: &Database, account: Id, kinds: &[&str]) -> Statement {
    let sql = "DELETE FROM \"gable_events\" WHERE \"id\" IN (SELECT \"id\" FROM \"gable_events\" WHERE \"id\" IN \
               (SELECT \"id\" FROM \"gable_events\" WHERE \"account_id\" = ";
    let mut beyond = db.statement(sql);
    beyond.bind(account).push(" AND \"kind\" IN (");
    beyond.join(", ", kinds, |beyond, kind| beyond.bind(*kind));
    beyond.push(") ORDER BY \"at\" DESC, \"id\" DESC LIMIT ").bind(BATCH);
    beyond.push(" OFFSET ").bind(i64::from(KEPT)).push(") LIMIT ").bind(BATCH).push(")");
    beyond
}

async fn delete_until(core: &Core, table: &str, column: &str, until: DateTime<Utc>) -> Result<(), DbError> {
    let text =
        format!(r#"DELETE FROM "{table}" WHERE "id" IN (SELECT "id" FROM "{table}" WHERE "{column}" <= ? LIMIT ?)"#);
    delete(core, BoundSql::named(text, values![until, BATCH])).await
}

/// The last use of a session that is idle by now.
fn idle_since(core: &Core, auth: &AuthMeta) -> DateTime<Utc> {
    let seconds = i64::try_from(auth.session.idle_seconds).ok().and_then(TimeDelta::try_seconds);
    core.now().checked_sub_signed(seconds.unwrap_or(TimeDelta::MAX)).unwrap_or_default()
}

/// Runs a statement that deletes a batch of rows, until it finds no full batch.
async fn delete(core: &Core, batch: impl IntoStatement) -> Result<(), DbError> {
    let batch = core.db.statement_of(batch);
    for _ in 0..BATCHES {
        let transaction = core.db.begin().await?;
        let deleted = Source::Transaction(&transaction).execute(batch.clone()).await?;
        transaction.commit().await?;
        if deleted < BATCH as u64 {
            break;
        }
    }
    Ok(())
}

/// Determines the kinds of stored password hashes; a failure is only logged.
pub(super) async fn note_hashes(core: &Core) {
    if let Err(error) = note_stored_hashes(core).await {
        tracing::warn!(%error, "failed to look for password hashes of other kinds");
    }
}
