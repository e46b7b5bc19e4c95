//! Hashes and verifies passwords on separate threads: a log-in costs a quarter of a second of CPU time and must not
//! delay other requests. New hashes are made with bcrypt.
//!
//! All password hashing shares this queue: log-ins, sign-ups, changed and reset passwords, accounts that are created in
//! bulk. Waiting jobs are served round-robin by client address, so a client with many jobs delays only itself: another
//! client waits for the running job, and for one job of each address that has jobs waiting.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::decoys::Decoys;
use super::fair_queue::{Bounds, FairQueue};
use super::stored_hash::{MAX_BCRYPT_BYTES, StoredHash, UnusableHash};
use crate::error::ApiError;
use crate::limit::LimitKey;
use crate::model::input::PlainPassword;

/// Maximum numbers of waiting jobs. At cost 12, 16 jobs of one client are some 4 seconds of work for one thread, which
/// is less than `JOB_TIMEOUT`.
const WAITING: Bounds = Bounds { of_one_client: 16, in_total: 32 };
/// How long a job may take, including its time in the queue. After that the client receives 503.
const JOB_TIMEOUT: Duration = Duration::from_secs(5);
/// `Retry-After` of the 503 when the queue is full, in seconds.
const RETRY_AFTER: u64 = 2;

/// The client address that causes the work; `None` for work of the server itself.
pub(crate) type Origin = Option<LimitKey>;

enum Job {
    Hash(PlainPassword, oneshot::Sender<Result<String, bcrypt::BcryptError>>),
    /// Verifies a password against a stored hash. Without a hash, the same work is done and the result is false.
    Verify(PlainPassword, Option<String>, oneshot::Sender<bool>),
}

pub(crate) struct Hasher {
    cost: u32,
    state: Arc<HasherState>,
}

struct HasherState {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    decoys: Decoys,
}

struct Waiting {
    queue: FairQueue<Origin, Job>,
    /// Set when the `Hasher` is dropped. The threads then finish the waiting jobs and end.
    closed: bool,
}

impl Hasher {
    /// Starts one thread fewer than there are cores, but at least one. `cost` is the cost of bcrypt for new hashes.
    pub(crate) fn start(cost: u32) -> Self {
        let waiting = Mutex::new(Waiting { queue: FairQueue::new(WAITING), closed: false });
        let state = Arc::new(HasherState { waiting, arrived: Condvar::new(), decoys: Decoys::new(cost) });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let state = state.clone();
            thread::Builder::new()
                .name("bcrypt".to_owned())
                .spawn(move || work(&state, cost))
                .expect("the system gives a starting server one more thread");
        }
        Self { cost, state }
    }

    /// Hashes a password with bcrypt.
    ///
    /// # Errors
    /// 503 if too many jobs are waiting, or if the job takes longer than `JOB_TIMEOUT`. 500 for a password of more than
    /// 72 bytes.
    pub(crate) async fn hash(&self, origin: Origin, password: PlainPassword) -> Result<String, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.submit(origin, Job::Hash(password, reply))?;
        in_time(answer).await?.map_err(ApiError::internal)
    }

    /// Whether a stored hash has another function or cost than a new one would have. Always false for a password of
    /// more than 72 bytes, which bcrypt cannot hash.
    pub(crate) fn is_outdated(&self, hash: &str, password: &PlainPassword) -> bool {
        let outdated = StoredHash::read(hash, self.cost).is_ok_and(|stored| stored.is_outdated(self.cost));
        outdated && password.expose().len() <= MAX_BCRYPT_BYTES
    }

    /// The prefix of new hashes: the version and cost of bcrypt.
    pub(crate) fn own_prefix(&self) -> String {
        format!("$2b${:02}$", self.cost)
    }

    /// Sets the kinds of hashes that are stored, given one hash of each kind.
    pub(crate) fn note_stored(&self, hashes: &[String]) {
        let kinds = hashes.iter().filter_map(|hash| StoredHash::read(hash, self.cost).ok());
        self.state.decoys.set(kinds.map(|stored| stored.kind));
    }

    /// Checks that passwords can be verified against a hash.
    ///
    /// # Errors
    /// `UnusableHash` if they cannot.
    pub(crate) fn check(&self, hash: &str) -> Result<(), UnusableHash> {
        StoredHash::read(hash, self.cost).map(drop)
    }

    /// Whether the password matches the hash. Without a hash, the same work is done and the result is false.
    ///
    /// # Errors
    /// 503 if too many jobs are waiting, or if the job takes longer than `JOB_TIMEOUT`.
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
        let mut waiting = self.state.lock();
        waiting.queue.retain(|job| !job.is_over());
        waiting.queue.push(origin, job).map_err(|_| ApiError::unavailable(RETRY_AFTER))?;
        self.state.arrived.notify_one();
        Ok(())
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.state.lock().closed = true;
        self.state.arrived.notify_all();
    }
}

impl HasherState {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job; `None` after the `Hasher` was dropped and the queue is empty.
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

    /// Verifies a password. A hash that cannot be read is treated like no hash.
    fn verify(&self, password: &str, hash: Option<&str>, cost: u32) -> bool {
        let stored = hash.and_then(|hash| StoredHash::read(hash, cost).ok());
        self.decoys.verify(password, stored.as_ref())
    }
}

/// Waits for the result of a job; 503 after `JOB_TIMEOUT`, or if the queue has dropped the job for another client. A
/// job whose receiver is gone is skipped.
async fn in_time<T>(answer: oneshot::Receiver<T>) -> Result<T, ApiError> {
    match tokio::time::timeout(JOB_TIMEOUT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(ApiError::unavailable(RETRY_AFTER)),
    }
}

fn work(state: &HasherState, cost: u32) {
    while let Some(job) = state.next() {
        run(job, cost, state);
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

/// Runs a job, unless its receiver is gone.
fn run(job: Job, cost: u32, state: &HasherState) {
    if job.is_over() {
        return;
    }
    match job {
        Job::Hash(password, reply) => {
            let _ = reply.send(hash(password.expose(), cost));
        }
        Job::Verify(password, hash, reply) => {
            let _ = reply.send(state.verify(password.expose(), hash.as_deref(), cost));
        }
    }
}

fn hash(password: &str, cost: u32) -> Result<String, bcrypt::BcryptError> {
    if password.len() > MAX_BCRYPT_BYTES {
        return Err(bcrypt::BcryptError::Truncation(password.len()));
    }
    bcrypt::hash(password, cost)
}
