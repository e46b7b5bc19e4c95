//! Passwords are hashed and looked at on threads of their own: a log-in costs a quarter of a second of CPU and must never
//! stall a read. New hashes are bcrypt's.
//!
//! This is the one quota for everything that hashes a password: log-ins, sign-ups, changed and reset passwords, accounts
//! that are made in bulk. What waits is served client address by client address in turn, so a client that asks for
//! much delays itself: somebody else waits for the job that runs, and for one of each address that has work waiting.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::decoys::Decoys;
use super::fair_queue::{Bounds, FairQueue};
use super::stored_hash::{BCRYPT_BYTES, StoredHash, UnusableHash};
use crate::http::ApiError;
use crate::input::PlainPassword;
use crate::limit::LimitKey;

/// Jobs of one client are at cost 12 some 4 seconds of work for one thread, less than `PATIENCE`.
const WAITING: Bounds = Bounds { of_one_client: 16, in_total: 32 };
/// How long a job may take with the jobs before it; longer, and its client is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a client is told to wait when the queue is full, in seconds.
const RETRY_AFTER: u64 = 2;

/// Who causes the work: a client address, or none for the server's own.
pub(crate) type Origin = Option<LimitKey>;

enum Job {
    Hash(PlainPassword, oneshot::Sender<Result<String, bcrypt::BcryptError>>),
    /// Without a hash, the same work is done for nothing.
    Verify(PlainPassword, Option<String>, oneshot::Sender<bool>),
}

pub(crate) struct Hasher {
    cost: u32,
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    decoys: Decoys,
}

struct Waiting {
    queue: FairQueue<Origin, Job>,
    /// The threads end once nobody can add a job.
    closed: bool,
}

impl Hasher {
    /// At most one thread fewer than there are cores, and at least one.
    pub(crate) fn start(cost: u32) -> Self {
        let waiting = Mutex::new(Waiting { queue: FairQueue::new(WAITING), closed: false });
        let shared = Arc::new(Shared { waiting, arrived: Condvar::new(), decoys: Decoys::new(cost) });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let shared = shared.clone();
            thread::Builder::new()
                .name("bcrypt".to_owned())
                .spawn(move || work(&shared, cost))
                .expect("the system gives a starting server one more thread");
        }
        Self { cost, shared }
    }

    /// # Errors
    /// 503 when too many wait already, or the work takes too long.
    pub(crate) async fn hash(&self, origin: Origin, password: PlainPassword) -> Result<String, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.submit(origin, Job::Hash(password, reply))?;
        in_time(answer).await?.map_err(ApiError::internal)
    }

    /// Whether a hash is another than would be made of its password today: by another function or at another cost. A
    /// password that bcrypt would not read to its end keeps the hash that it has.
    pub(super) fn is_outdated(&self, hash: &str, password: &PlainPassword) -> bool {
        let outdated = StoredHash::read(hash, self.cost).is_ok_and(|stored| stored.is_outdated(self.cost));
        outdated && password.expose().len() <= BCRYPT_BYTES
    }

    /// What the hashes that are made today begin with.
    pub(crate) fn own_prefix(&self) -> String {
        format!("$2b${:02}$", self.cost)
    }

    /// Notes of which kinds the stored hashes are, by one of each.
    pub(crate) fn note_stored(&self, hashes: &[String]) {
        let kinds = hashes.iter().filter_map(|hash| StoredHash::read(hash, self.cost).ok());
        self.shared.decoys.set(kinds.map(|stored| stored.kind));
    }

    /// Whether a password can be verified against a hash.
    ///
    /// # Errors
    /// `UnusableHash`, with which nobody could log in.
    pub(crate) fn check(&self, hash: &str) -> Result<(), UnusableHash> {
        StoredHash::read(hash, self.cost).map(drop)
    }

    /// Whether the password is the one behind the hash. Without a hash, the same work is done for nothing.
    ///
    /// # Errors
    /// 503 when too many wait already, or the work takes too long.
    pub(crate) async fn verify(
        &self,
        origin: Origin,
        password: PlainPassword,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.submit(origin, Job::Verify(password, hash, reply))?;
        in_time(answer).await
    }

    fn submit(&self, origin: Origin, job: Job) -> Result<(), ApiError> {
        let mut waiting = self.shared.lock();
        waiting.queue.retain(|job| !job.is_over());
        waiting.queue.push(origin, job).map_err(|_| ApiError::unavailable(RETRY_AFTER))?;
        self.shared.arrived.notify_one();
        Ok(())
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a job; none when there will be no more.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.queue.pop() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    /// Looks at a password. What cannot be verified against is like no hash.
    fn verify(&self, password: &str, hash: Option<&str>, cost: u32) -> bool {
        let stored = hash.and_then(|hash| StoredHash::read(hash, cost).ok());
        self.decoys.verify(password, stored.as_ref())
    }
}

/// A job that nobody waits for any more is skipped when its turn comes. One that is dropped made room for another client.
async fn in_time<T>(answer: oneshot::Receiver<T>) -> Result<T, ApiError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(ApiError::unavailable(RETRY_AFTER)),
    }
}

fn work(shared: &Shared, cost: u32) {
    while let Some(job) = shared.next() {
        run(job, cost, shared);
    }
}

impl Job {
    fn is_over(&self) -> bool {
        match self {
            Job::Hash(_, reply) => reply.is_closed(),
            Job::Verify(_, _, reply) => reply.is_closed(),
        }
    }
}

/// Who no longer waits for the answer costs nothing.
fn run(job: Job, cost: u32, shared: &Shared) {
    if job.is_over() {
        return;
    }
    match job {
        Job::Hash(password, reply) => {
            let _ = reply.send(hash(password.expose(), cost));
        }
        Job::Verify(password, hash, reply) => {
            let _ = reply.send(shared.verify(password.expose(), hash.as_deref(), cost));
        }
    }
}

fn hash(password: &str, cost: u32) -> Result<String, bcrypt::BcryptError> {
    if password.len() > BCRYPT_BYTES {
        return Err(bcrypt::BcryptError::Truncation(password.len()));
    }
    bcrypt::hash(password, cost)
}
