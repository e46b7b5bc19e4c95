//! The idle connections, divided among the threads that use them: waking another thread costs more than a short
//! statement. A thread whose own connections are all in use takes one of another thread.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use tokio::time::{sleep, timeout};

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
/// How often a statement that waits for a connection of its own thread looks at those of other threads.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

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
        if let Some(taken) = self.free().await? {
            return Ok(taken);
        }
        // Waits in the queue of one shard all the time, so that later statements are served later.
        let mut own = pin!(take(&self.0[thread_number() % self.0.len()], RETURN_TIMEOUT));
        loop {
            // With a single shard there is nowhere else to look.
            let look_again = async {
                match self.0.len() {
                    1 => pending().await,
                    _ => sleep(LOOK_INTERVAL).await,
                }
            };
            tokio::select! {
                biased;
                taken = &mut own => {
                    return taken?.ok_or_else(|| DbError::unavailable("no connection became free in time"));
                }
                () = look_again => {}
            }
            if let Ok(Some(taken)) = self.free().await {
                return Ok(taken);
            }
        }
    }

    /// A connection that is not in use; the thread's own ones first.
    async fn free(&self) -> Result<Option<Object<Sessions>>, DbError> {
        let (own, mut refused) = (thread_number() % self.0.len(), None);
        for offset in 0..self.0.len() {
            match take(&self.0[(own + offset) % self.0.len()], Duration::ZERO).await {
                Ok(Some(taken)) => return Ok(Some(taken)),
                Ok(None) => {}
                // Another thread may have an idle connection although the server takes no new ones.
                Err(error) => refused = Some(error),
            }
        }
        refused.map_or(Ok(None), Err)
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
