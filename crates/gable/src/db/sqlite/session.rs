//! One connection, on the thread that owns it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params_from_iter};
use sea_orm::Value;

use super::bind::Bound;
use super::decode::{Described, DescribedColumn, SqliteRow, integer};
use super::error::is_of_the_file;
use super::location::{Location, Mode};
use crate::db::DbError;
use crate::db::entities::Executed;
use crate::db::options::{LOCK, Synchronous};

/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;
/// Steps of SQLite's virtual machine between two looks at the time limit; some tens of microseconds.
const STEPS: i32 = 10_000;
/// Rows of a table that is read as fast with an index as without.
const SMALL_TABLE: u32 = 1000;
/// The write-ahead log is cut to this size, in bytes, when it begins anew.
const LOG_SIZE: u32 = 4 * 1024 * 1024;
/// Pages after which a commit itself makes a checkpoint: only where the upkeep has fallen behind.
const LOG_PAGES: u32 = 8_000;

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Makes the file.
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
    /// The file could not be read or written.
    suspect: bool,
}

/// When the running statement has to end.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Option<Limit>>>);

#[derive(Clone)]
pub(super) struct Limit {
    pub(super) until: Option<Instant>,
    /// Whoever waited for the statement has gone.
    pub(super) abandoned: Arc<AtomicBool>,
}

impl Limit {
    fn is_over(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Limit::is_over)
    }
}

impl Session {
    pub(super) fn open(location: &Arc<Location>, role: Role, synchronous: Synchronous) -> Result<Self, DbError> {
        let access = match (location.mode(), role) {
            (Mode::ReadOnly, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (Mode::Memory, _) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            // `Location::make_file` has made the file: SQLite would make it readable by others, and would make one that is
            // gone anew, without its rows.
            _ => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let connection = Connection::open_with_flags(location.path(), access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(LOCK)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        for setting in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
            // A column that is not there is an error, not a text.
            connection.set_db_config(setting, false)?;
        }
        // A plan does not depend on the values, so that no statement is prepared again for each.
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
        Ok(Self { connection, location: location.clone(), role, watch, suspect: false })
    }

    /// Runs work that has to end in time.
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

    pub(super) fn all(&mut self, sql: &str, values: &[Value]) -> Result<Vec<SqliteRow>, DbError> {
        self.all_within(sql, values, None)
    }

    /// # Errors
    /// `TooLarge` once the rows have more bytes.
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

    /// Commits; a commit that succeeds shows that the file can be written.
    pub(super) fn commit(&mut self) -> Result<(), DbError> {
        self.script("COMMIT")?;
        self.location.set_working();
        Ok(())
    }

    /// Notes an error of the file.
    fn noting<T>(&mut self, done: rusqlite::Result<T>) -> Result<T, DbError> {
        done.map_err(|error| {
            if self.role != Role::Reader && is_of_the_file(&error) {
                self.suspect = true;
                self.location.set_failing();
            }
            error.into()
        })
    }

    /// Whether SQLite itself says that no transaction is open.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Ends the transaction, if one is open.
    pub(super) fn roll_back(&mut self) -> Result<(), DbError> {
        if self.is_idle() { Ok(()) } else { self.script("ROLLBACK") }
    }

    /// Leaves no transaction open, if need be on a new connection: one whose state is not known is never used again.
    pub(super) fn make_idle(&mut self, open: &dyn Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
        // In memory, another connection would be another database.
        let suspect = self.suspect && !self.location.is_in_memory();
        if suspect || self.roll_back().is_err() || !self.is_idle() {
            // The limit of the running work moves along.
            let limit = self.watch.get();
            *self = open()?;
            self.watch.set(limit);
        }
        Ok(())
    }

    /// Copies the write-ahead log into the file. Where all of it was copied and a time to cut it is given, cuts it, too: that
    /// waits for readers as long, and writers wait for it.
    pub(super) fn checkpoint(&mut self, time_to_cut: Option<Duration>) -> Result<(), DbError> {
        let rows = self.all("PRAGMA wal_checkpoint(PASSIVE)", &[])?;
        let number = |position: usize| rows.first().and_then(|row| integer::<i64>(row.cell(position).ok()?));
        let all_copied = number(1).is_some() && number(1) == number(2);
        let Some(patience) = time_to_cut.filter(|_| all_copied) else { return Ok(()) };
        self.connection.busy_timeout(patience)?;
        let cut = self.all("PRAGMA wal_checkpoint(TRUNCATE)", &[]).map(drop);
        self.connection.busy_timeout(LOCK)?;
        cut
    }

    /// Writes what is written already, to see whether that can be done. None where another writer is at work: that is no
    /// answer.
    pub(super) fn touch(&mut self, patience: Duration) -> Result<Option<()>, DbError> {
        self.connection.busy_timeout(patience)?;
        let touched = touch(&self.connection);
        self.connection.busy_timeout(LOCK)?;
        match touched {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(None),
            touched => self.noting(touched).map(Some),
        }
    }

    /// Notes the sizes of tables for SQLite's planner, which believes them until the next start. Of small tables nothing
    /// is noted, so that it uses their indexes: a table of one row it would otherwise read from end to end for each row
    /// that is joined to it, however large it has become.
    pub(super) fn note_sizes(&mut self) -> Result<(), DbError> {
        self.script("PRAGMA optimize")?;
        let noted = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'";
        if self.all(noted, &[])?.is_empty() {
            return Ok(());
        }
        self.script(&format!("DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < {SMALL_TABLE}"))
    }
}

/// None where the rows have more bytes than asked for.
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
    // A statement that only reads leaves the count of the one before it.
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
