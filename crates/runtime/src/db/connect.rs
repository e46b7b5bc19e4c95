//! Pools and transactions. SQLite: one writer that begins with `BEGIN IMMEDIATE`, and a pool of readers.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Connector, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use super::{DbError, Dialect, Source};

/// How long a request waits for a connection before it is told that the service is busy.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long SQLite waits for another process's write.
const BUSY: Duration = Duration::from_secs(5);
/// A connection that slept longer is pinged before use; pinging before every query costs 40 % of a read.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);
/// Rows of a table that is read as fast with an index as without.
const SMALL_TABLE: u32 = 1000;

#[derive(Clone, Debug)]
pub(crate) struct Database {
    dialect: Dialect,
    readers: DatabaseConnection,
    writers: DatabaseConnection,
}

/// An open transaction. Dropping it rolls it back.
pub(crate) type Transaction = DatabaseTransaction;

impl Database {
    /// Opens the pools that a URL names; `connections` bounds them together, give or take SQLite's writer.
    ///
    /// # Errors
    /// The scheme is not one that is built in, or the database does not answer.
    pub(crate) async fn connect(url: &str, connections: u32) -> Result<Self, DbErr> {
        match url.split(':').next() {
            Some("sqlite") => Self::sqlite(url, connections).await,
            Some("postgres" | "postgresql") => Self::postgres(url, connections).await,
            _ => Err(DbErr::Custom("DATABASE_URL must begin with sqlite: or postgres:".to_owned())),
        }
    }

    async fn sqlite(url: &str, connections: u32) -> Result<Self, DbErr> {
        make_directory(url)?;
        let writers = Connector::connect(sqlite_options(url, 1, false)).await?;
        // In memory, every connection would be a database of its own.
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Ok(Self { dialect: Dialect::Sqlite, readers: writers.clone(), writers });
        }
        let readers = Connector::connect(sqlite_options(url, connections, true)).await?;
        Ok(Self { dialect: Dialect::Sqlite, readers, writers })
    }

    async fn postgres(url: &str, connections: u32) -> Result<Self, DbErr> {
        let pool = Connector::connect(options(url, connections)).await?;
        Ok(Self { dialect: Dialect::Postgres, readers: pool.clone(), writers: pool })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// For statements that only read.
    pub(crate) fn reader(&self) -> Source<'_> {
        Source::Pool(&self.readers)
    }

    pub(crate) fn read_connection(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Begins a transaction that may write. SQLite takes its write lock at once, so that no transaction fails half-way.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbError> {
        let sqlite = (self.dialect == Dialect::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: sqlite, ..Default::default() };
        Ok(self.writers.begin_with_options(options).await?)
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), DbError> {
        self.readers.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Ends every connection; SQLite then folds its write-ahead log into the file.
    pub(crate) async fn close(&self) {
        if self.dialect == Dialect::Sqlite
            && let Err(error) = note_sizes(&self.writers).await
        {
            tracing::warn!(%error, "noting how large the tables are");
        }
        for pool in [&self.readers, &self.writers] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "closing the database");
            }
        }
    }
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .connect_timeout(ACQUIRE)
        .test_before_acquire_if_idle_for(PING_AFTER_IDLE)
        .record_stmt_in_spans(false)
        .sqlx_logging(false);
    options
}

fn sqlite_options(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut options = options(url, connections);
    options.min_connections(1).map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
        let sqlite = sqlite.foreign_keys(true).busy_timeout(BUSY).create_if_missing(!read_only);
        if read_only {
            return sqlite.pragma("query_only", "ON");
        }
        // WAL with NORMAL loses nothing when the process dies; a power cut may lose the last transactions, never the file.
        sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal)
    });
    options
}

/// For SQLite's planner, which believes what is noted until the next start: a table of one row it would read from end to end
/// for each row that is joined to it, however large it has become. Of small tables nothing is noted, so that it uses their
/// indexes.
async fn note_sizes(writers: &DatabaseConnection) -> Result<(), DbErr> {
    writers.execute_unprepared("PRAGMA optimize").await?;
    let noted = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'";
    if writers.query_one_raw(Statement::from_string(DbBackend::Sqlite, noted)).await?.is_some() {
        let small = format!("DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < {SMALL_TABLE}");
        writers.execute_unprepared(&small).await?;
    }
    Ok(())
}

/// SQLite makes the file, but not the directory that it lies in.
fn make_directory(url: &str) -> Result<(), DbErr> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//").split('?').next().unwrap_or_default();
    match Path::new(path).parent() {
        Some(directory) if !directory.as_os_str().is_empty() && !path.starts_with(':') => {
            std::fs::create_dir_all(directory)
                .map_err(|error| DbErr::Custom(format!("{}: {error}", directory.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is noted of a file's tables, by an earlier start.
    async fn noted(url: &str) -> Vec<String> {
        let db = Database::connect(url, 1).await.expect("a database");
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT DISTINCT tbl FROM sqlite_stat1 ORDER BY tbl");
        let rows = db.writers.query_all_raw(query).await.expect("notes");
        rows.iter().map(|row| row.try_get_by_index(0).expect("a table")).collect()
    }

    #[tokio::test]
    async fn only_of_large_tables_it_is_noted_how_large_they_are() {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let db = Database::connect(&url, 1).await.expect("a database");
        for (table, rows) in [("few", 1), ("many", 2000)] {
            let sql = format!(
                "CREATE TABLE {table} (id integer PRIMARY KEY, key integer); CREATE INDEX by_{table} ON {table} (key); \
                 WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT {rows}) \
                 INSERT INTO {table} (key) SELECT n FROM n; SELECT * FROM {table} WHERE key = 1"
            );
            db.writers.execute_unprepared(&sql).await.expect("SQL of a test");
        }
        db.close().await;
        assert_eq!(noted(&url).await, ["many"]);
    }
}
