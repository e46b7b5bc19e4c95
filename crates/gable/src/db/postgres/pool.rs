//! The connection pool. Fewer transactions than connections run at the same time, so that transactions waiting for
//! locked rows cannot block reads.

use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Manager, Metrics, PoolError, RecycleError, RecycleResult};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;
use tokio_postgres::{Row, SimpleQueryMessage};

use super::Target;
use super::connection::{Connection, Lost, Session, is_plain_read};
use crate::db::options::ACQUIRE;
use crate::db::{DbError, Statement};

/// A connection that was idle for longer is checked before use. Checking before every statement would cost 40 % of a
/// read.
const CHECK_AFTER: Duration = Duration::from_secs(30);
const CHECK: Duration = Duration::from_secs(1);
/// How long a statement waits for another one to return its connection.
const WAIT: Duration = Duration::from_secs(3);
/// How long it waits for a connection in total, including checks of idle connections that do not answer. Together with
/// the statement timeout this is less than ten seconds.
const TOTAL_WAIT: Duration = Duration::from_secs(4);
/// How long a probe waits for its answer.
const PROBE: Duration = Duration::from_millis(1500);
/// Maximum age of a connection, so that a new primary server or a new certificate takes effect without a restart.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How often a read or the begin of a transaction is tried, if the connections turn out to be closed.
const ATTEMPTS: usize = 3;

enum ReadOnly {
    Yes,
    No,
}

impl Manager for Target {
    type Type = Session;
    type Error = DbError;

    async fn create(&self) -> Result<Session, DbError> {
        self.open().await
    }

    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<DbError> {
        if session.client.is_closed() || metrics.age() > LIFETIME {
            return Err(RecycleError::message("closed"));
        }
        if metrics.last_used() > CHECK_AFTER
            && !matches!(timeout(CHECK, session.client.check_connection()).await, Ok(Ok(())))
        {
            return Err(RecycleError::message("no answer"));
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(in crate::db) struct Pool {
    pool: managed::Pool<Target>,
    writers: Arc<Semaphore>,
    /// The connection for probes.
    probe: Arc<Mutex<Option<Session>>>,
}

impl Pool {
    pub(in crate::db) fn new(target: Target) -> Result<Self, DbError> {
        let connections = target.options.connections.max(1) as usize;
        let writers = (connections - connections.div_ceil(4)).max(1);
        let pool = managed::Pool::builder(target)
            .max_size(connections)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(ACQUIRE))
            .recycle_timeout(Some(CHECK * 2))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(DbError::other)?;
        Ok(Self { pool, writers: Arc::new(Semaphore::new(writers)), probe: Arc::default() })
    }

    /// Opens the first connection, and waits for a server that is starting.
    pub(in crate::db) async fn connect(&self) -> Result<(), DbError> {
        let trying = async {
            let mut pause = Duration::from_millis(20);
            loop {
                match self.get().await {
                    Err(DbError::Unavailable(cause)) => tracing::debug!(cause, "waiting for the database"),
                    other => return other.map(drop),
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        };
        match timeout(ACQUIRE, trying).await {
            Ok(connected) => connected,
            Err(_) => self.get().await.map(drop),
        }
    }

    async fn get(&self) -> Result<Connection, DbError> {
        match timeout(TOTAL_WAIT, self.pool.get()).await {
            Ok(Ok(object)) => Ok(Connection::new(object, self.pool.manager())),
            Ok(Err(PoolError::Backend(error))) => Err(error),
            Ok(Err(error)) => Err(DbError::unavailable(error)),
            Err(_) => Err(DbError::unavailable("no connection answered in time")),
        }
    }

    /// Runs a statement that only reads. If the connection turns out to be closed, the statement is sent again on
    /// another one.
    pub(in crate::db) async fn all(&self, statement: &Statement) -> Result<Vec<Row>, DbError> {
        let mut attempt = 1;
        loop {
            let mut connection = self.get().await?;
            let rows = connection.all(statement).await;
            if attempt == ATTEMPTS || !self.prune_if_closed(&connection) || !is_plain_read(&statement.sql) {
                return rows;
            }
            attempt += 1;
        }
    }

    /// Runs a single statement outside of a transaction. It is sent only once, because it may write.
    pub(in crate::db) async fn execute(&self, statement: &Statement) -> Result<u64, DbError> {
        self.get().await?.execute(statement).await
    }

    /// Begins a transaction.
    pub(in crate::db) async fn begin(&self) -> Result<Connection, DbError> {
        let begun = timeout(ACQUIRE, self.begin_with_retries()).await;
        begun.unwrap_or_else(|_| Err(DbError::unavailable("no transaction could be begun in time")))
    }

    async fn begin_with_retries(&self) -> Result<Connection, DbError> {
        let mut permit = Some(self.writers.clone().acquire_owned().await);
        let mut attempt = 1;
        loop {
            let mut connection = self.get().await?;
            match connection.begin().await {
                Ok(()) => {
                    connection.hold(permit.take().and_then(Result::ok));
                    return Ok(connection);
                }
                Err(error) if attempt == ATTEMPTS || !self.prune_if_closed(&connection) => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// If the connection is closed, removes all closed connections from the pool. Returns whether to retry on another
    /// one.
    fn prune_if_closed(&self, connection: &Connection) -> bool {
        if connection.lost() == Lost::Disconnected {
            self.pool.retain(|session, _| !session.client.is_closed());
        }
        connection.lost() == Lost::Disconnected
    }

    /// Checks on a separate connection that the server answers and accepts writes.
    ///
    /// # Errors
    /// The reason, which may be shown to anyone: it names no host and no user.
    pub(in crate::db) async fn probe(&self) -> Result<(), &'static str> {
        match timeout(PROBE, self.ask()).await {
            Ok(Ok(ReadOnly::No)) => Ok(()),
            Ok(Ok(ReadOnly::Yes)) => Err("the database takes no writes"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database cannot be reached");
                Err("the database cannot be reached")
            }
            Err(_) => Err("the database does not answer"),
        }
    }

    async fn ask(&self) -> Result<ReadOnly, DbError> {
        let mut kept = self.probe.lock().await;
        let session = match kept.take().filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => self.pool.manager().open().await?,
        };
        let answer = session.client.simple_query("SHOW transaction_read_only").await?;
        let read_only = answer.iter().any(|line| match line {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
            _ => false,
        });
        if read_only {
            // The next probe looks for another host.
            return Ok(ReadOnly::Yes);
        }
        *kept = Some(session);
        Ok(ReadOnly::No)
    }

    pub(in crate::db) fn close(&self) {
        self.pool.close();
    }
}
