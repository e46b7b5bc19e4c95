//! A session of the server, with its prepared statements.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_core::Stream;
use hashlink::LruCache;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, RowStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::bind::{Bound, type_of};
use crate::db::options::PreparedStatements;
use crate::db::{DbError, Statement};

/// Prepared statements per connection; the least recently used one is removed for a new one.
const PREPARED: usize = 128;
/// Maximum age of a connection, so that a new primary server or a new certificate takes effect without a restart.
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
/// Time beyond the statement timeout, at which the server ends the statement, after which a silent connection is given
/// up.
pub(super) const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

/// A session of the server.
pub(in crate::db) struct Session {
    pub(super) client: Client,
    task: JoinHandle<()>,
    pub(super) tls: MakeRustlsConnect,
    prepared: Mutex<Prepared>,
    generations: Generations,
    opened: Instant,
    /// The generation of connections that it belongs to.
    generation: usize,
    /// When it was taken from the pool before its present use, or opened.
    pub(super) last_used: Instant,
}

struct Prepared {
    by_text: LruCache<String, tokio_postgres::Statement>,
    generation: usize,
}

/// Generations that all connections to one target count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Generations {
    /// Of prepared statements: when one connection finds a stale plan, all prepare again.
    plans: Arc<AtomicUsize>,
    /// Of connections: when the server of one takes no more writes or does not answer, those of its generation are not
    /// used again.
    connections: Arc<AtomicUsize>,
}

impl Generations {
    /// With the present generation of connections.
    pub(super) fn at_present(&self) -> (Self, usize) {
        (self.clone(), self.of_connections())
    }

    fn of_plans(&self) -> usize {
        self.plans.load(Ordering::Relaxed)
    }

    fn of_connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Session {
    /// `generations` are those of before its host was chosen.
    pub(super) fn new(
        client: Client,
        task: JoinHandle<()>,
        tls: MakeRustlsConnect,
        (generations, generation): (Generations, usize),
    ) -> Self {
        let prepared = Prepared { by_text: LruCache::new(PREPARED), generation: generations.of_plans() };
        let opened = Instant::now();
        let prepared = Mutex::new(prepared);
        Self { client, task, tls, prepared, generations, opened, generation, last_used: opened }
    }

    async fn prepare(&self, sql: &str, types: &[Type]) -> Result<tokio_postgres::Statement, Error> {
        if let Some(known) = self.known(sql, types) {
            return Ok(known);
        }
        let prepared = self.client.prepare_typed(sql, types).await?;
        self.prepared().by_text.insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// Whether the statement can be sent without waiting for its preparation.
    pub(super) fn is_prepared(&self, statement: &Statement) -> bool {
        let types: Vec<Type> = statement.values.iter().map(type_of).collect();
        self.known(&statement.sql, &types).is_some()
    }

    fn known(&self, sql: &str, types: &[Type]) -> Option<tokio_postgres::Statement> {
        let (mut prepared, generation) = (self.prepared(), self.generations.of_plans());
        if prepared.generation != generation {
            prepared.by_text.clear();
            prepared.generation = generation;
        }
        prepared.by_text.get(sql).filter(|known| known.params() == types).cloned()
    }

    fn prepared(&self) -> std::sync::MutexGuard<'_, Prepared> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection is open and not too old.
    pub(super) fn is_fresh(&self) -> bool {
        !self.client.is_closed()
            && self.opened.elapsed() < MAX_CONNECTION_AGE
            && self.generation == self.generations.of_connections()
    }

    /// Ends the use of the connections of this one's generation, which lead to the same server. Those that were opened
    /// since another one did this remain in use.
    pub(super) fn expire_generation(&self) {
        let (now, next) = (self.generation, self.generation.wrapping_add(1));
        let _ = self.generations.connections.compare_exchange(now, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Makes all connections prepare their statements again.
    pub(super) fn expire_plans(&self) {
        self.generations.plans.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes the connection without notifying the server, which may be unreachable.
    pub(super) fn abort(self) {
        self.task.abort();
    }
}

/// The kind of result that is read from a statement.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Rows,
    Count,
}

pub(super) enum Outcome {
    Rows(Vec<Row>),
    Count(u64),
    /// The rows have more bytes than the statement reads, and the rest is still arriving.
    TooLarge,
}

impl Outcome {
    pub(super) fn rows(self) -> Result<Vec<Row>, DbError> {
        match self {
            Outcome::Rows(rows) => Ok(rows),
            Outcome::Count(_) => Ok(Vec::new()),
            Outcome::TooLarge => Err(DbError::TooLarge),
        }
    }

    pub(super) fn count(&self) -> u64 {
        match self {
            Outcome::Count(count) => *count,
            Outcome::Rows(_) | Outcome::TooLarge => 0,
        }
    }
}

/// Sends a statement and reads its answer. Several may be under way on one session; they are answered in their order.
pub(super) async fn send(
    session: &Session,
    prepared: PreparedStatements,
    statement: &Statement,
    wanted: Wanted,
) -> Result<Outcome, Error> {
    let bound: Vec<Bound<'_>> = statement.values.iter().map(Bound).collect();
    let types = statement.values.iter().map(type_of);
    match prepared {
        PreparedStatements::Kept => {
            let prepared = session.prepare(&statement.sql, &types.collect::<Vec<_>>()).await?;
            let values: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
            match wanted {
                Wanted::Rows => read(session.client.query_raw(&prepared, values).await?, statement.max_bytes).await,
                Wanted::Count => session.client.execute(&prepared, &values).await.map(Outcome::Count),
            }
        }
        PreparedStatements::Off => {
            let values: Vec<(&(dyn ToSql + Sync), Type)> = bound.iter().map(|value| value as _).zip(types).collect();
            match wanted {
                Wanted::Rows => {
                    let rows = session.client.query_typed_raw(&statement.sql, values).await?;
                    read(rows, statement.max_bytes).await
                }
                Wanted::Count => session.client.execute_typed(&statement.sql, &values).await.map(Outcome::Count),
            }
        }
    }
}

/// Reads rows up to a number of bytes.
async fn read(rows: RowStream, max_bytes: Option<usize>) -> Result<Outcome, Error> {
    let mut rows = pin!(rows);
    let (mut read, mut size) = (Vec::new(), 0);
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
        let row = row?;
        size += row.raw_size_bytes();
        if max_bytes.is_some_and(|max| size > max) {
            return Ok(Outcome::TooLarge);
        }
        read.push(row);
    }
    Ok(Outcome::Rows(read))
}
