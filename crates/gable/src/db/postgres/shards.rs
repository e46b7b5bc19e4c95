//! The idle connections, divided among the threads that use them: waking another thread costs more than a short
//! statement. A thread whose own connections are all in use for long takes one of another thread.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::Target;
use super::session::Session;
use crate::db::DbError;
use crate::db::options::ACQUIRE_TIMEOUT;
use crate::db::serving_thread::serving_thread;

/// A connection that was idle for longer is checked before use. Checking before every statement would cost 40 % of a
/// read.
const CHECK_IF_IDLE_FOR: Duration = Duration::from_secs(30);
const IDLE_CHECK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a statement waits for another one to return its connection.
const RETURN_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections for the threads that serve no requests: starts, mail and clean-up.
const BACKGROUND_CONNECTIONS: usize = 2;
/// How often a statement that waits for a connection of its own thread looks at those of other threads,
/// and a transaction for a permit.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Opens and checks connections.
pub(super) struct Sessions(Arc<Target>);

impl Manager for Sessions {
    type Type = Session;
    type Error = DbError;

    async fn create(&self) -> Result<Session, DbError> {
        // Boxed: opening is rare, and its large future would otherwise be a part of the future of each request.
        Box::pin(self.0.open()).await
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
        let now = Instant::now();
        session.last_used = now.checked_sub(metrics.last_used()).unwrap_or(now);
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct Shards {
    /// One for each thread that serves requests, and the last one for all other threads.
    shards: Arc<[Pool<Sessions>]>,
    /// Permits for transactions, divided among the threads like the connections. Fewer transactions than connections
    /// run at the same time, so that transactions waiting for locked rows cannot block reads.
    writers: Arc<[Arc<Semaphore>]>,
    /// Whether a connection is being opened that no statement waits for, for each thread.
    opening: Arc<[AtomicBool]>,
}

impl Shards {
    /// Divides `connections` among `threads`; each has at least one.
    pub(super) fn new(target: &Arc<Target>, connections: usize, threads: usize) -> Result<Self, DbError> {
        let writers = (connections - connections.div_ceil(4)).max(1);
        let sizes = divided(connections, threads).chain([BACKGROUND_CONNECTIONS]);
        let shards: Result<Arc<_>, DbError> = sizes.map(|size| shard_of(target, size)).collect();
        let writers = divided(writers, threads).map(|permits| Arc::new(Semaphore::new(permits))).collect();
        let shards: Arc<[Pool<Sessions>]> = shards?;
        let opening = shards.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Self { shards, writers, opening })
    }

    /// Takes a connection: a free one of this thread, or else the first that is returned, by another thread only if
    /// that takes long.
    pub(super) async fn get(&self) -> Result<Object<Sessions>, DbError> {
        let (last, thread) = (self.shards.len() - 1, serving_thread());
        let own = thread.map_or(last, |number| number % last);
        // Waits in the queue of one shard all the time, so that later statements are served later.
        let shard = self.shards[own].clone();
        let mut waiting = Box::pin(async move { take(&shard, RETURN_TIMEOUT).await });
        let taken = loop {
            let of_another = async {
                sleep(LOOK_INTERVAL).await;
                self.of_another(own, |_| true).await
            };
            tokio::select! {
                biased;
                taken = &mut waiting => break taken,
                found = of_another => if let Some(found) = found {
                    self.keep_opening(own, waiting);
                    return Ok(found);
                },
            }
        };
        match taken {
            Ok(taken) => taken.ok_or_else(|| DbError::unavailable("no connection became free in time")),
            // Another thread may have an idle connection although the server takes no new ones.
            Err(refused) => self.of_another(own, |shard| shard.status().available > 0).await.ok_or(refused),
        }
    }

    /// Finishes opening a connection that is no longer waited for, for the next statement of its thread. One at a time.
    fn keep_opening(&self, own: usize, waiting: impl Future<Output: Send> + Send + 'static) {
        let status = self.shards[own].status();
        if status.size == status.max_size || self.opening[own].swap(true, Ordering::Relaxed) {
            return;
        }
        let opening = Opening(self.opening.clone(), own);
        drop(tokio::spawn(async move {
            drop(waiting.await);
            drop(opening);
        }));
    }

    /// Takes a permit for a transaction, of another thread only if it takes long to get one of this thread.
    pub(super) async fn writer(&self) -> Result<OwnedSemaphorePermit, DbError> {
        let own = serving_thread().unwrap_or_default() % self.writers.len();
        let mut waiting = pin!(self.writers[own].clone().acquire_owned());
        loop {
            tokio::select! {
                biased;
                permit = &mut waiting => return permit.map_err(DbError::unavailable),
                () = sleep(LOOK_INTERVAL) => {}
            }
            let others = self.writers.iter().cycle().skip(own + 1).take(self.writers.len());
            if let Some(permit) = others.cloned().find_map(|writers| writers.try_acquire_owned().ok()) {
                return Ok(permit);
            }
        }
    }

    /// A connection of another thread that is not in use; those for background work are the last.
    async fn of_another(&self, own: usize, wanted: impl Fn(&Pool<Sessions>) -> bool) -> Option<Object<Sessions>> {
        let last = self.shards.len() - 1;
        let others = (1..=last).map(|offset| (own + offset) % last).chain([last]);
        for shard in others.filter(|other| *other != own).map(|other| &self.shards[other]) {
            if wanted(shard)
                && let Ok(Some(taken)) = take(shard, Duration::ZERO).await
            {
                return Some(taken);
            }
        }
        None
    }

    /// Removes the idle connections that are closed.
    pub(super) fn remove_closed(&self) {
        self.shards.iter().for_each(|shard| drop(shard.retain(|session, _| !session.client.is_closed())));
    }

    pub(super) fn close(&self) {
        self.shards.iter().for_each(Pool::close);
    }
}

/// The opening of a connection that no statement waits for.
struct Opening(Arc<[AtomicBool]>, usize);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0[self.1].store(false, Ordering::Relaxed);
    }
}

/// Divides a number of connections or permits, at least one, into as many parts as there are threads; into fewer if a
/// part would be zero.
fn divided(total: usize, threads: usize) -> impl Iterator<Item = usize> {
    let count = threads.clamp(1, total.max(1));
    (0..count).map(move |part| total / count + usize::from(part < total % count))
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
