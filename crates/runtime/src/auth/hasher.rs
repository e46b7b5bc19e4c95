//! bcrypt on threads of its own: a log-in costs a quarter of a second of CPU and must never stall a read.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::http::ApiError;
use crate::input::PlainPassword;

/// Waiting jobs beyond which a log-in is told to come back: at cost 12 this is some seconds of work for one thread.
const QUEUE: usize = 32;
/// How long a job may take with the jobs before it; longer, and its client is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a client is told to wait when the queue is full, in seconds.
const RETRY_AFTER: u64 = 2;

enum Job {
    Hash(PlainPassword, oneshot::Sender<Result<String, bcrypt::BcryptError>>),
    Verify(PlainPassword, String, oneshot::Sender<bool>),
}

pub(crate) struct Hasher {
    cost: u32,
    jobs: SyncSender<Job>,
    /// Verified against when there is no account, so that the answer takes as long.
    decoy: Arc<Mutex<Option<String>>>,
}

impl Hasher {
    /// At most one thread fewer than there are cores, and at least one.
    pub(crate) fn start(cost: u32) -> Self {
        let (jobs, queue) = sync_channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let decoy = Arc::new(Mutex::new(None));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let (queue, decoy) = (queue.clone(), decoy.clone());
            thread::Builder::new()
                .name("bcrypt".to_owned())
                .spawn(move || work(&queue, cost, &decoy))
                .expect("the system gives a starting server one more thread");
        }
        Self { cost, jobs, decoy }
    }

    /// # Errors
    /// 503 when too many wait already, or the work takes too long.
    pub(crate) async fn hash(&self, password: PlainPassword) -> Result<String, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash(password, reply))?;
        in_time(answer).await?.map_err(ApiError::internal)
    }

    /// Whether a hash was made at another cost than today's: then it is easier to guess at, or takes another time than the
    /// decoy. What is no hash of bcrypt's is none of that.
    pub(super) fn is_outdated(&self, hash: &str) -> bool {
        hash.parse::<bcrypt::HashParts>().is_ok_and(|parts| parts.get_cost() != self.cost)
    }

    /// Whether the password is the one behind the hash. Without a hash, the same work is done for nothing.
    ///
    /// # Errors
    /// 503 when too many wait already, or the work takes too long.
    pub(crate) async fn verify(&self, password: PlainPassword, hash: Option<String>) -> Result<bool, ApiError> {
        let known = hash.is_some();
        let hash = hash.or_else(|| self.decoy.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Verify(password, hash.unwrap_or_default(), reply))?;
        Ok(in_time(answer).await? && known)
    }

    fn submit(&self, job: Job) -> Result<(), ApiError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => ApiError::unavailable(RETRY_AFTER),
            TrySendError::Disconnected(_) => ApiError::internal("the password threads are gone"),
        })
    }
}

/// A job that nobody waits for any more is skipped when its turn comes.
async fn in_time<T>(answer: oneshot::Receiver<T>) -> Result<T, ApiError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(ApiError::internal),
        Err(_) => Err(ApiError::unavailable(RETRY_AFTER)),
    }
}

fn work(queue: &Mutex<Receiver<Job>>, cost: u32, decoy: &Mutex<Option<String>>) {
    make_decoy(cost, decoy);
    loop {
        // The lock is held while waiting, never while hashing.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => run(job, cost),
            Err(_) => return,
        }
    }
}

/// A hash that no password is behind.
fn make_decoy(cost: u32, decoy: &Mutex<Option<String>>) {
    let mut decoy = decoy.lock().unwrap_or_else(PoisonError::into_inner);
    if decoy.is_none() {
        *decoy = bcrypt::hash(uuid::Uuid::new_v4().to_string(), cost).ok();
    }
}

/// bcrypt reads this many bytes and no further. Longer passwords never match: the policy refuses to store them.
const MAX_BYTES: usize = 72;

/// Who no longer waits for the answer costs nothing.
fn run(job: Job, cost: u32) {
    match job {
        Job::Hash(_, reply) if reply.is_closed() => {}
        Job::Verify(_, _, reply) if reply.is_closed() => {}
        Job::Hash(password, reply) => {
            let _ = reply.send(hash(password.expose(), cost));
        }
        Job::Verify(password, hash, reply) => {
            let matches = bcrypt::verify(password.expose(), &hash).unwrap_or(false);
            let _ = reply.send(matches && password.expose().len() <= MAX_BYTES);
        }
    }
}

fn hash(password: &str, cost: u32) -> Result<String, bcrypt::BcryptError> {
    if password.len() > MAX_BYTES {
        return Err(bcrypt::BcryptError::Truncation(password.len()));
    }
    bcrypt::hash(password, cost)
}
