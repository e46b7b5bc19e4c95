//! Applies migrations at start: in order, each in a transaction of its own, never twice, one node at a time.

use std::time::{Duration, Instant};

use super::options::WAITING;
use super::{AdvisoryLock, Database, DbError, FixedSql, Migration, Row, Source, Transaction, values};

#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    #[error("there is no migration for the schema: run `gable migrate`, read what it wrote, and start again")]
    Missing,
    #[error("the schema has changed since migration {0}: run `gable migrate`, read what it wrote, and start again")]
    Outdated(&'static str),
    #[error(
        "the database has migration {0}, which this application does not know: it is newer, or of another application"
    )]
    Unknown(String),
    #[error("migration {name}: {cause}")]
    Failed { name: &'static str, cause: DbError },
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Prefix of the runtime's own migrations in the history.
const RUNTIME_PREFIX: &str = "gable_";
/// How long a start waits for another process that writes to the same SQLite file.
const OTHER_PROCESS_TIMEOUT: Duration = Duration::from_secs(120);

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS \"gable_migrations\" (\"name\" varchar(255) PRIMARY KEY, \"applied_at\" varchar(40) NOT NULL)";

impl Database {
    /// Applies the missing migrations and returns their names.
    pub(crate) async fn migrate(
        &self,
        migrations: &'static [Migration],
        tables: &str,
    ) -> Result<Vec<&'static str>, MigrateError> {
        let newest = migrations.last().ok_or(MigrateError::Missing)?;
        if newest.tables != tables {
            return Err(MigrateError::Outdated(newest.name));
        }
        self.refuse_unknown(migrations).await?;
        let mut applied = Vec::new();
        for migration in migrations {
            if self.apply(migration.name, self.dialect().script(migration)).await? {
                applied.push(migration.name);
            }
        }
        Ok(applied)
    }

    /// Refuses a database with migrations that this application does not know: a newer version may rely on its tables.
    async fn refuse_unknown(&self, migrations: &'static [Migration]) -> Result<(), MigrateError> {
        let transaction = self.begin_migration().await?;
        self.lock_history(&transaction).await?;
        let applied = applied(&transaction).await?;
        transaction.commit().await?;
        let known = |name: &String| {
            name.starts_with(RUNTIME_PREFIX) || migrations.iter().any(|migration| migration.name == name)
        };
        match applied.into_iter().find(|name| !known(name)) {
            Some(name) => Err(MigrateError::Unknown(name)),
            None => Ok(()),
        }
    }

    /// Applies a migration; false if it was applied before.
    pub(super) async fn apply(&self, name: &'static str, script: &str) -> Result<bool, MigrateError> {
        let transaction = self.begin_migration().await?;
        self.lock_history(&transaction).await?;
        if applied(&transaction).await?.iter().any(|applied| applied == name) {
            transaction.commit().await?;
            return Ok(false);
        }
        transaction.script(script).await.map_err(|cause| MigrateError::Failed { name, cause })?;
        record(&transaction, name).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Begins a transaction, and waits for other processes longer than a request would.
    async fn begin_migration(&self) -> Result<Transaction, DbError> {
        let until = Instant::now() + OTHER_PROCESS_TIMEOUT;
        let mut warned = false;
        loop {
            match self.begin().await {
                Err(DbError::LockTimeout) if Instant::now() < until => {
                    if !std::mem::replace(&mut warned, true) {
                        tracing::warn!(WAITING);
                    }
                }
                begun => return begun,
            }
        }
    }

    /// Waits until no other node migrates, and creates the history table if it is missing.
    async fn lock_history(&self, transaction: &Transaction) -> Result<(), MigrateError> {
        if !self.try_lock(Source::Transaction(transaction), AdvisoryLock::Migrations).await? {
            tracing::warn!(WAITING);
            transaction.script(&AdvisoryLock::Migrations.sql()).await?;
        }
        Ok(transaction.script(HISTORY).await?)
    }
}

static APPLIED: FixedSql<0> = FixedSql::new(r#"SELECT "name" FROM "gable_migrations" ORDER BY "name""#);

async fn applied(transaction: &Transaction) -> Result<Vec<String>, MigrateError> {
    let rows = Source::Transaction(transaction).all(APPLIED.with([])).await?;
    Ok(rows.iter().map(|row| Row::new(row).next()).collect::<Result<_, _>>()?)
}

static RECORD: FixedSql<2> = FixedSql::new(r#"INSERT INTO "gable_migrations" ("name", "applied_at") VALUES (?, ?)"#);

async fn record(transaction: &Transaction, name: &str) -> Result<(), DbError> {
    let insert = RECORD.with(values![name, chrono::Utc::now().to_rfc3339()]);
    Source::Transaction(transaction).execute(insert).await?;
    Ok(())
}
