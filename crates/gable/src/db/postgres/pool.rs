//! The connection pool.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Row, SimpleQueryMessage};

use super::Target;
use super::connection::{Connection, Lost};
use super::pipeline::Pipeline;
use super::session::Session;
use super::shards::Shards;
use crate::db::options::{ACQUIRE_TIMEOUT, PreparedStatements};
use crate::db::statement::is_plain_read;
use crate::db::{DbError, Statement};

/// How long a statement waits for a connection in total, including checks of idle connections that do not answer. Together with
/// the statement timeout this is less than ten seconds.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a probe waits for its answer.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);
/// How often a read or the begin of a transaction is tried, if the connections turn out to be closed. After a restart of
/// the server, several idle ones may be closed without this being known.
pub(super) const MAX_ATTEMPTS: usize = 8;

enum ReadOnly {
    Yes,
    No,
}

#[derive(Clone)]
pub(in crate::db) struct Pool {
    target: Arc<Target>,
    pub(super) shards: Shards,
    pipeline: Pipeline,
    /// The connection for probes.
    probe: Arc<Mutex<Option<Session>>>,
}

impl Pool {
    pub(in crate::db) fn new(target: Target) -> Result<Self, DbError> {
        let (connections, threads) = (target.options.connections.max(1) as usize, target.options.threads);
        // Without prepared statements, a session of the server may be shared with others.
        let kept = target.options.prepared_statements == PreparedStatements::Kept;
        let pipeline = Pipeline::new(if kept { threads.min(connections / 2) } else { 0 });
        let target = Arc::new(target);
        let shards = Shards::new(&target, connections, threads)?;
        Ok(Self { target, shards, pipeline, probe: Arc::default() })
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
        match timeout(ACQUIRE_TIMEOUT, trying).await {
            Ok(connected) => connected,
            Err(_) => self.get().await.map(drop),
        }
    }

    pub(super) async fn get(&self) -> Result<Connection, DbError> {
        match timeout(CONNECTION_TIMEOUT, self.shards.get()).await {
            Ok(taken) => taken.map(|object| Connection::new(object, &self.target)),
            Err(_) => Err(DbError::unavailable("no connection answered in time")),
        }
    }

    /// Runs a statement that only reads. If the connection turns out to be closed, the statement is sent again on
    /// another one.
    pub(in crate::db) async fn all(&self, statement: &Statement) -> Result<Vec<Row>, DbError> {
        if statement.short
            && let Some(rows) = self.pipeline.read(&self.target, statement).await
        {
            return rows;
        }
        let mut attempt = 1;
        loop {
            let mut connection = self.get().await?;
            let rows = connection.all(statement).await;
            if attempt == MAX_ATTEMPTS || !self.prune_if_closed(&connection) || !is_plain_read(&statement.sql) {
                return rows;
            }
            attempt += 1;
        }
    }

    /// Runs a single statement outside of a transaction. It is sent only once, because it may write.
    pub(in crate::db) async fn execute(&self, statement: &Statement) -> Result<u64, DbError> {
        self.get().await?.execute(statement).await
    }

    /// If the connection is closed, removes all closed connections from the pool. Returns whether to retry on another
    /// one.
    pub(super) fn prune_if_closed(&self, connection: &Connection) -> bool {
        if connection.lost() == Lost::Disconnected {
            self.shards.remove_closed();
        }
        connection.lost() == Lost::Disconnected
    }

    /// Checks on a separate connection that the server answers and accepts writes.
    ///
    /// # Errors
    /// The reason, which may be shown to anyone: it names no host and no user.
    pub(in crate::db) async fn probe(&self) -> Result<(), &'static str> {
        match timeout(PROBE_TIMEOUT, self.ask()).await {
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
            None => self.target.open().await?,
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
        self.shards.close();
        self.pipeline.close();
    }
}
