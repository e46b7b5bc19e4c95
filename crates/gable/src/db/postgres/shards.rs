//! The idle connections, divided among the threads that use them: waking another thread costs more than a short
//! statement. A thread whose own connections are all in use takes one of another thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use tokio::time::timeout;

use super::Target;
use super::session::Session;
use crate::db::DbError;
use crate::db::options::ACQUIRE_TIMEOUT;
use crate::db::thread_number::thread_number;

/// A connection that was idle for longer is checked before use. Checking before every statement would cost 40 % of a
/// read.
const CHECK_IF_IDLE_FOR: Duration = Duration::from_secs(30);
const IDLE_CHECK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a statement waits for another one to return its connection.
const RETURN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a statement waits for a connection of its own thread before it looks at those of other threads again.
const OWN_RETURN_TIMEOUT: Duration = Duration::from_millis(10);

/// Opens and checks connections.
pub(super) struct Sessions(Arc<Target>);

impl Manager for Sessions {
    type Type = Session;
    type Error = DbError;

    async fn create(&self) -> Result<Session, DbError> {
        self.0.open().await
    }

    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<DbError> {
        if !session.is_fresh() {
            return Err(RecycleError::message("closed"));
        }
        if metrics.last_used() > CHECK_IF_IDLE_FOR
            && !matches!(timeout(IDLE_CHECK_TIMEOUT, session.client.check_connection()).await, Ok(Ok(())))
        {
            return Err(RecycleError::message("no answer"));
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct Shards(Arc<[Pool<Sessions>]>);

impl Shards {
    /// Divides `connections` among `threads`; each shard has at least one.
    pub(super) fn new(target: &Arc<Target>, connections: usize, threads: usize) -> Result<Self, DbError> {
        let count = threads.clamp(1, connections.max(1));
        let size = |shard: usize| connections / count + usize::from(shard < connections % count);
        let shards = (0..count).map(|shard| shard_of(target, size(shard).max(1)));
        Ok(Self(shards.collect::<Result<_, _>>()?))
    }

    /// Takes a connection: a free one of this thread, or else of another one, or else the first that is returned.
    pub(super) async fn get(&self) -> Result<Object<Sessions>, DbError> {
        let (own, since) = (thread_number() % self.0.len(), Instant::now());
        loop {
            let mut refused = None;
            for offset in 0..self.0.len() {
                match take(&self.0[(own + offset) % self.0.len()], Duration::ZERO).await {
                    Ok(Some(taken)) => return Ok(taken),
                    Ok(None) => {}
                    // Another thread may have an idle connection although the server takes no new ones.
                    Err(error) => refused = Some(error),
                }
            }
            if let Some(error) = refused {
                return Err(error);
            }
            // With a single shard there is nowhere else to look.
            let wait = if self.0.len() == 1 { RETURN_TIMEOUT } else { OWN_RETURN_TIMEOUT };
            if let Some(taken) = take(&self.0[own], wait).await? {
                return Ok(taken);
            }
            if since.elapsed() >= RETURN_TIMEOUT {
                return Err(DbError::unavailable("no connection became free in time"));
            }
        }
    }

    /// Removes the idle connections that are closed.
    pub(super) fn remove_closed(&self) {
        self.0.iter().for_each(|shard| drop(shard.retain(|session, _| !session.client.is_closed())));
    }

    pub(super) fn close(&self) {
        self.0.iter().for_each(Pool::close);
    }
}

fn shard_of(target: &Arc<Target>, size: usize) -> Result<Pool<Sessions>, DbError> {
    let pool = Pool::builder(Sessions(target.clone())).max_size(size).runtime(Runtime::Tokio1);
    pool.build().map_err(DbError::other)
}

/// `None` if no connection becomes free in time.
async fn take(shard: &Pool<Sessions>, wait: Duration) -> Result<Option<Object<Sessions>>, DbError> {
    let limits = Timeouts { wait: Some(wait), create: Some(ACQUIRE_TIMEOUT), recycle: Some(IDLE_CHECK_TIMEOUT * 2) };
    match shard.timeout_get(&limits).await {
        Ok(object) => Ok(Some(object)),
        Err(PoolError::Timeout(deadpool::managed::TimeoutType::Wait)) => Ok(None),
        Err(PoolError::Backend(error)) => Err(error),
        Err(error) => Err(DbError::unavailable(error)),
    }
}
