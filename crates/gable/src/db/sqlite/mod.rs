//! SQLite through rusqlite: connections that read, one that writes, and one for upkeep, each with a thread. A short
//! statement runs on the thread that calls it, because handing it to another one and back takes longer than the
//! statement.

mod bind;
pub(super) mod decode;
mod error;
mod group;
mod lease;
mod location;
mod session;
mod turn;
mod upkeep;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::options::{ACQUIRE_TIMEOUT, LOCK_TIMEOUT, Options, Sharing, WAITING};
use super::statement::Executed;
use super::{DbError, Statement};
pub(super) use decode::SqliteRow;
pub(super) use lease::Lease;
use lease::Writer;
use location::Location;
use session::{Role, Session};
use turn::{Turn, Turns};
use upkeep::Upkeep;
use worker::Workers;

/// How long a start waits for other processes that open the same file for the first time.
const FIRST_OPEN_TIMEOUT: Duration = Duration::from_secs(120);
/// How long such a wait lasts before a warning is logged.
const WARN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Sqlite {
    /// `None` for a database in memory, where every connection would open another database.
    readers: Option<Arc<Workers>>,
    writer: Arc<Writer>,
    upkeep: Option<Arc<Upkeep>>,
    statement_timeout: Duration,
}

impl Sqlite {
    /// # Errors
    /// The URL cannot be read, or the file cannot be opened.
    pub(super) async fn open(url: &str, options: &Options) -> Result<Self, DbError> {
        let location = Arc::new(Location::parse(url)?);
        location.make_file()?;
        let open = |role: Role| {
            let (location, synchronous) = (location.clone(), options.synchronous);
            move || Session::open(&location, role, synchronous)
        };
        initialize(open(Role::First)).await?;
        let workers = Workers::start("sqlite-write", 1, open(Role::Writer))?;
        let (readers, upkeep) = if location.is_in_memory() {
            (None, None)
        } else {
            let readers = Workers::start("sqlite-read", options.connections.max(1) as usize, open(Role::Reader))?;
            (Some(Arc::new(readers)), Some(Arc::new(Upkeep::start(&location, open(Role::Upkeep))?)))
        };
        let (turns, limit, synchronous) = (Turns::new(options.threads), options.statement_timeout, options.synchronous);
        let writer = Arc::new(Writer { workers, turns, limit, synchronous });
        Ok(Self { readers, writer, upkeep, statement_timeout: limit })
    }

    pub(super) async fn begin(&self, sharing: Sharing) -> Result<Lease, DbError> {
        // In memory, reads use the same connection and would see what is not yet committed.
        let sharing = if self.readers.is_some() { sharing } else { Sharing::Alone };
        Lease::begin(self.writer.clone(), self.turn().await?, sharing).await
    }

    async fn turn(&self) -> Result<Turn, DbError> {
        let taken = timeout(ACQUIRE_TIMEOUT, self.writer.turns.take()).await;
        taken.map_err(|_| DbError::unavailable("another transaction did not end in time"))
    }

    pub(super) async fn all(&self, statement: &Statement) -> Result<Vec<SqliteRow>, DbError> {
        statement.trace();
        if let Some(rows) = self.read_here(statement) {
            return rows;
        }
        let (sql, values, max_bytes) = (statement.sql.clone(), statement.values.clone(), statement.max_bytes);
        self.read(move |session| session.all_within(&sql, &values, max_bytes)).await
    }

    pub(super) async fn execute(&self, statement: &Statement) -> Result<Executed, DbError> {
        statement.trace();
        let (sql, values) = (statement.sql.clone(), statement.values.clone());
        self.read(move |session| session.execute(&sql, &values)).await
    }

    /// Rows with the names and origins of their columns.
    pub(super) async fn described(&self, statement: &Statement) -> Result<decode::Described, DbError> {
        statement.trace();
        let (sql, values) = (statement.sql.clone(), statement.values.clone());
        self.read(move |session| session.described(&sql, &values)).await
    }

    /// Reads on the calling thread. `None` if the statement must run on another thread.
    fn read_here(&self, statement: &Statement) -> Option<Result<Vec<SqliteRow>, DbError>> {
        let readers = self.readers.as_ref()?;
        readers.read_here(&statement.sql, |session| {
            session.all_within(&statement.sql, &statement.values, statement.max_bytes)
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let limit = Some(self.statement_timeout);
        match &self.readers {
            Some(readers) => readers.call(limit, work).await,
            None => {
                let _turn = self.turn().await?;
                self.writer.workers.call(limit, work).await
            }
        }
    }

    /// # Errors
    /// The reason why the database is not ready, which may be shown to anyone.
    pub(super) async fn probe(&self) -> Result<(), &'static str> {
        match &self.upkeep {
            Some(upkeep) => upkeep.probe().await,
            None => Ok(()),
        }
    }

    /// Ends every connection; the last one folds the write-ahead log into the file.
    pub(super) async fn close(&self) {
        if let Err(error) = self.writer.workers.call(Some(LOCK_TIMEOUT), |session| session.note_sizes()).await {
            tracing::warn!(%error, "failed to note the sizes of tables for the query planner");
        }
        if let Some(upkeep) = &self.upkeep {
            upkeep.stop().await;
        }
        if let Some(readers) = &self.readers {
            readers.stop().await;
        }
        self.writer.workers.stop().await;
    }
}

/// Initializes the file and switches it to a write-ahead log. Processes that do so at the same time lock each other
/// out, and SQLite does not wait for these locks by itself, so it is tried again.
async fn initialize(open: impl Fn() -> Result<Session, DbError>) -> Result<(), DbError> {
    let (started, mut warned) = (Instant::now(), false);
    loop {
        match open() {
            Err(DbError::LockTimeout) if started.elapsed() < FIRST_OPEN_TIMEOUT => {
                if started.elapsed() > WARN_AFTER && !std::mem::replace(&mut warned, true) {
                    tracing::warn!(WAITING);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            opened => return opened.map(drop),
        }
    }
}
