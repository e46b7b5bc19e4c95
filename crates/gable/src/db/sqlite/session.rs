//! One connection, on the thread that owns it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashlink::LruCache;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params_from_iter};
use sea_orm::Value;

use super::bind::Bound;
use super::decode::{Described, DescribedColumn, SqliteRow, integer};
use super::error::is_of_the_file;
use super::group::Current;
use super::location::{Location, Mode};
use crate::db::DbError;
use crate::db::options::{LOCK_TIMEOUT, Synchronous};
use crate::db::statement::Executed;

/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;
/// Statements that a connection remembers as long ones, and for how long it does.
const MAX_LONG: usize = 64;
const LONG_LIFETIME: Duration = Duration::from_secs(10);
/// Steps of SQLite's virtual machine between two checks of the time limit, which usually take some microseconds.
const STEPS: i32 = 1_000;
/// Checks of the limit in a short statement, which takes about a millisecond then.
const SHORT_CHECKS: u32 = 100;
/// Below this number of rows, a table is read as fast without an index as with one.
const SMALL_TABLE: u32 = 1000;
/// The size in bytes to which the write-ahead log is truncated when SQLite restarts it.
const LOG_SIZE: u32 = 4 * 1024 * 1024;
/// Pages in the log after which a commit itself makes a checkpoint. Reached only if the upkeep thread is too slow.
const LOG_PAGES: u32 = 8_000;

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Initializes the file.
    First,
    Reader,
    Writer,
    Upkeep,
}

pub(super) struct Session {
    connection: Connection,
    location: Arc<Location>,
    role: Role,
    watch: Watch,
    /// Whether the file could not be read or written.
    suspect: bool,
    /// Statements that took too long for the calling thread, and when.
    long: LruCache<String, Instant>,
    pub(super) current: Current,
}

/// The limit of the running statement.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Option<Limit>>>);

#[derive(Clone, Default)]
pub(super) struct Limit {
    pub(super) until: Option<Instant>,
    /// Set when no caller waits for the statement any more.
    pub(super) abandoned: Option<Arc<AtomicBool>>,
    /// How often the limit may still be checked, which limits the work and not the time.
    checks: Option<u32>,
}

impl Limit {
    pub(super) fn new(limit: Option<Duration>, abandoned: Option<Arc<AtomicBool>>) -> Self {
        Self { until: limit.map(|limit| Instant::now() + limit), abandoned, checks: None }
    }

    /// A limit of work and of time, for a thread that must not wait.
    pub(super) fn short(limit: Duration) -> Self {
        Self { checks: Some(SHORT_CHECKS), ..Self::new(Some(limit), None) }
    }

    fn is_over(&mut self) -> bool {
        if let Some(checks) = &mut self.checks {
            let Some(left) = checks.checked_sub(1) else { return true };
            *checks = left;
        }
        self.abandoned.as_ref().is_some_and(|abandoned| abandoned.load(Ordering::Relaxed))
            || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl Watch {
    fn set(&self, limit: Option<Limit>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    fn get(&self) -> Option<Limit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().is_some_and(Limit::is_over)
    }
}

impl Session {
    pub(super) fn open(location: &Arc<Location>, role: Role, synchronous: Synchronous) -> Result<Self, DbError> {
        let access = match (location.mode(), role) {
            (Mode::ReadOnly, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (Mode::Memory, _) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            // SQLite does not create the file, which `Location::make_file` has done: it would make it readable by
            // others, and would replace a deleted file by an empty one.
            _ => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let connection = Connection::open_with_flags(location.path(), access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        for setting in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
            // A name in double quotes that is no column is an error; by default SQLite takes it for a text.
            connection.set_db_config(setting, false)?;
        }
        // Plans do not depend on bound values; otherwise statements would be prepared again for other values.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        match role {
            Role::Reader => connection.pragma_update(None, "query_only", true)?,
            Role::First | Role::Writer | Role::Upkeep if location.mode() != Mode::ReadOnly => {
                write_settings(&connection, synchronous)?
            }
            _ => {}
        }
        let watch = Watch::default();
        let watched = watch.clone();
        connection.progress_handler(STEPS, Some(move || watched.is_over()))?;
        let (location, long) = (location.clone(), LruCache::new(MAX_LONG));
        Ok(Self { connection, location, role, watch, suspect: false, long, current: Current::default() })
    }

    /// Runs work with a limit; SQLite is interrupted when the limit is reached.
    pub(super) fn limited<T>(
        &mut self,
        limit: Limit,
        work: impl FnOnce(&mut Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.watch.set(Some(limit));
        let done = work(self);
        self.watch.set(None);
        done
    }

    /// Runs work with a limit, on a thread that must not wait: without waiting for locks of other processes.
    pub(super) fn limited_here<T>(
        &mut self,
        limit: Limit,
        work: impl FnOnce(&mut Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let done = self.limited(limit, work);
        self.connection.busy_timeout(LOCK_TIMEOUT)?;
        done
    }

    /// Whether the statement has recently taken too long for the calling thread.
    pub(super) fn is_long(&mut self, sql: &str) -> bool {
        self.long.get(sql).is_some_and(|noted| noted.elapsed() < LONG_LIFETIME)
    }

    pub(super) fn note_long(&mut self, sql: &str) {
        self.long.insert(sql.to_owned(), Instant::now());
    }

    pub(super) fn all(&mut self, sql: &str, values: &[Value]) -> Result<Vec<SqliteRow>, DbError> {
        self.all_within(sql, values, None)
    }

    /// # Errors
    /// `TooLarge` if the rows have more bytes than `max_bytes`.
    pub(super) fn all_within(
        &mut self,
        sql: &str,
        values: &[Value],
        max_bytes: Option<usize>,
    ) -> Result<Vec<SqliteRow>, DbError> {
        let rows = read(&self.connection, sql, values, max_bytes.unwrap_or(usize::MAX));
        self.noting(rows)?.ok_or(DbError::TooLarge)
    }

    pub(super) fn described(&mut self, sql: &str, values: &[Value]) -> Result<Described, DbError> {
        let described = describe(&self.connection, sql, values);
        self.noting(described)
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<Executed, DbError> {
        let count = execute(&self.connection, sql, values);
        self.noting(count)
    }

    pub(super) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        let done = self.connection.execute_batch(sql);
        self.noting(done)
    }

    /// Begins or ends a transaction or a savepoint. The limit does not apply: SQLite may report that a statement was
    /// interrupted although it had an effect.
    pub(super) fn command(&mut self, sql: &str) -> Result<(), DbError> {
        let limit = self.watch.get();
        self.watch.set(None);
        let done = self.execute(sql, &[]).map(drop);
        self.watch.set(limit);
        done
    }

    /// Commits, and marks the file as working if the commit succeeds.
    pub(super) fn commit(&mut self) -> Result<(), DbError> {
        self.command("COMMIT")?;
        self.location.set_working();
        Ok(())
    }

    /// Records whether an error concerns the file.
    fn noting<T>(&mut self, done: rusqlite::Result<T>) -> Result<T, DbError> {
        done.map_err(|error| {
            if self.role != Role::Reader && is_of_the_file(&error) {
                self.suspect = true;
                self.location.set_failing();
            }
            error.into()
        })
    }

    /// Whether no transaction is open, as reported by SQLite.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Ends the transaction, if one is open.
    pub(super) fn roll_back(&mut self) -> Result<(), DbError> {
        if self.is_idle() { Ok(()) } else { self.command("ROLLBACK") }
    }

    /// Whether `make_idle` would open a new connection, which takes long.
    pub(super) fn is_suspect(&self) -> bool {
        self.suspect && !self.location.is_in_memory()
    }

    /// Ends any open transaction. If that fails, opens a new connection, because one in an unknown state is never used
    /// again.
    pub(super) fn make_idle(&mut self, open: &dyn Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
        // A new connection to a database in memory would open another database.
        if self.is_suspect() || self.roll_back().is_err() || !self.is_idle() {
            // The new connection takes over the limit of the running work.
            let limit = self.watch.get();
            *self = open()?;
            self.watch.set(limit);
        }
        Ok(())
    }

    /// Copies the write-ahead log into the file. If all of it was copied and `time_to_cut` is given, also truncates the
    /// log: this waits up to that time for readers, and writers wait for it.
    pub(super) fn checkpoint(&mut self, time_to_cut: Option<Duration>) -> Result<(), DbError> {
        let rows = self.all("PRAGMA wal_checkpoint(PASSIVE)", &[])?;
        let number = |position: usize| rows.first().and_then(|row| integer::<i64>(row.cell(position).ok()?));
        let all_copied = number(1).is_some() && number(1) == number(2);
        let Some(patience) = time_to_cut.filter(|_| all_copied) else { return Ok(()) };
        self.connection.busy_timeout(patience)?;
        let cut = self.all("PRAGMA wal_checkpoint(TRUNCATE)", &[]).map(drop);
        self.connection.busy_timeout(LOCK_TIMEOUT)?;
        cut
    }

    /// Rewrites an existing value to check whether the file can be written. `None` if another connection is writing,
    /// which decides nothing.
    pub(super) fn touch(&mut self, patience: Duration) -> Result<Option<()>, DbError> {
        self.connection.busy_timeout(patience)?;
        let touched = touch(&self.connection);
        self.connection.busy_timeout(LOCK_TIMEOUT)?;
        match touched {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(None),
            touched => self.noting(touched).map(Some),
        }
    }

    /// Stores the sizes of tables for SQLite's query planner, which uses them until the next start. Sizes of small
    /// tables are not stored, so that the planner uses their indexes: it would otherwise scan a table that had one row
    /// for each row that is joined to it, even after the table has grown.
    pub(super) fn note_sizes(&mut self) -> Result<(), DbError> {
        self.script("PRAGMA optimize")?;
        let noted = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'";
        if self.all(noted, &[])?.is_empty() {
            return Ok(());
        }
        self.script(&format!("DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < {SMALL_TABLE}"))
    }
}

/// `None` if the rows have more bytes than the limit.
fn read(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    max_bytes: usize,
) -> rusqlite::Result<Option<Vec<SqliteRow>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
    let (mut read, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let row = SqliteRow::read(row, columns)?;
        size += row.size();
        if size > max_bytes {
            return Ok(None);
        }
        read.push(row);
    }
    Ok(Some(read))
}

fn describe(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Described> {
    let columns: Vec<DescribedColumn> =
        connection.prepare_cached(sql)?.columns_with_metadata().iter().map(DescribedColumn::new).collect();
    let rows = read(connection, sql, values, usize::MAX)?;
    Ok(Described { columns, rows: rows.unwrap_or_default() })
}

fn execute(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Executed> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
    while rows.next()?.is_some() {}
    drop(rows);
    // SQLite keeps the count of the previous statement if a statement only reads.
    let rows = if statement.readonly() { 0 } else { connection.changes() };
    Ok(Executed { rows, last_id: connection.last_insert_rowid() })
}

fn touch(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

fn write_settings(connection: &Connection, synchronous: Synchronous) -> Result<(), DbError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !matches!(mode.as_str(), "wal" | "memory") {
        return Err(DbError::other(format!(
            "SQLite keeps the journal mode {mode}; this file system allows no write-ahead log"
        )));
    }
    let synchronous = match synchronous {
        Synchronous::Normal => "NORMAL",
        Synchronous::Full => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_SIZE, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
    Ok(())
}
