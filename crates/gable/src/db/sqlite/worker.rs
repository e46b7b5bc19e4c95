//! Connections, each with a worker thread; the threads take jobs from one queue. Short statements skip the queue: they
//! run on the calling thread, on a connection that is free.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::session::{Limit, Session};
use crate::db::DbError;
use crate::db::options::ACQUIRE_TIMEOUT;
use crate::db::serving_thread::serving_thread;

/// How long a short read may take on the calling thread if that is not given the processor, or the file is not in memory.
/// One that takes longer is interrupted and runs on a worker thread.
const READ_HERE_TIMEOUT: Duration = Duration::from_millis(20);

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// Opens a connection; also called to replace a broken one.
type Open = Arc<dyn Fn() -> Result<Session, DbError> + Send + Sync>;

/// A connection, used by one thread at a time. `None` after `stop`.
type Shared = Arc<Mutex<Option<Session>>>;

pub(super) struct Workers {
    /// `None` after `stop`.
    jobs: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    sessions: Vec<Shared>,
    open: Open,
}

impl Workers {
    /// # Errors
    /// A connection cannot be opened.
    pub(super) fn start(
        name: &str,
        count: usize,
        open: impl Fn() -> Result<Session, DbError> + Send + Sync + 'static,
    ) -> Result<Self, DbError> {
        let open: Open = Arc::new(open);
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let shared = |_| open().map(|session| Arc::new(Mutex::new(Some(session))));
        let sessions: Vec<Shared> = (0..count).map(shared).collect::<Result<_, _>>()?;
        let spawn = |session: &Shared| {
            let (queue, session, open) = (queue.clone(), session.clone(), open.clone());
            Builder::new().name(name.to_owned()).spawn(move || work(&queue, &session, &open)).map_err(DbError::other)
        };
        let threads: Vec<JoinHandle<()>> = sessions.iter().map(spawn).collect::<Result<_, _>>()?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), threads: Mutex::new(threads), sessions, open })
    }

    pub(super) fn opener(&self) -> Open {
        self.open.clone()
    }

    /// Runs a read on the calling thread if it is short. `None` if it must be queued.
    pub(super) fn read_here<T>(
        &self,
        sql: &str,
        read: impl FnOnce(&mut Session) -> Result<T, DbError>,
    ) -> Option<Result<T, DbError>> {
        let mut guard = self.free_session()?;
        let session = guard.as_mut()?;
        if session.is_long(sql) {
            return None;
        }
        match session.limited_here(Limit::short(READ_HERE_TIMEOUT), read) {
            Err(DbError::Timeout) => {
                session.note_long(sql);
                None
            }
            Err(DbError::LockTimeout) => None,
            done => Some(done),
        }
    }

    /// Runs work that is known to be short on the calling thread. `None` if it must be queued.
    pub(super) fn call_here<T>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut Session) -> Result<T, DbError>,
    ) -> Option<Result<T, DbError>> {
        let mut guard = self.free_session()?;
        // Opening a connection again takes long, so it is left to the worker thread.
        let session = guard.as_mut().filter(|session| !session.is_suspect())?;
        match session.limited_here(Limit::new(Some(limit), None), work) {
            Err(DbError::LockTimeout) => None,
            done => Some(done),
        }
    }

    /// A connection that no other thread uses. Each thread tries the same one first, whose statements are prepared.
    fn free_session(&self) -> Option<MutexGuard<'_, Option<Session>>> {
        let (first, count) = (serving_thread().unwrap_or_default(), self.sessions.len());
        (0..count).find_map(|offset| self.sessions[(first + offset) % count].try_lock().ok())
    }

    /// Runs work on the next free worker thread. If the returned future is dropped, the statement is interrupted.
    ///
    /// # Errors
    /// The error of the work, or `Unavailable` if no thread became free in time.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let waiting = Waiting::default();
        let answered = self.queue(limit, Some(waiting.abandoned.clone()), work).await;
        // Dropped only after the answer, because dropping it interrupts the statement.
        drop(waiting);
        answered
    }

    /// Like `call`, but waits for a thread without a limit, and work that has begun continues if the returned future is
    /// dropped.
    pub(super) async fn finish<T: Send + 'static>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        self.queue(limit, None, work).await
    }

    async fn queue<T: Send + 'static>(
        &self,
        limit: Option<Duration>,
        abandoned: Option<Arc<AtomicBool>>,
        work: impl FnOnce(&mut Session) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (reply, answer) = oneshot::channel();
        let sent = Instant::now();
        self.send(Box::new(move |session| {
            if reply.is_closed() {
                return;
            }
            if abandoned.is_some() && sent.elapsed() > ACQUIRE_TIMEOUT {
                let _ = reply.send(Err(DbError::unavailable("too many statements wait")));
                return;
            }
            let _ = reply.send(session.limited(Limit::new(limit, abandoned), work));
        }))?;
        answer.await.map_err(|_| DbError::unavailable("the thread of the connection has ended"))?
    }

    /// Queues a job without waiting for its end.
    pub(super) fn send(&self, job: Job) -> Result<(), DbError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = jobs.as_ref().map(|jobs| jobs.send(job));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(DbError::unavailable("the database is closed")),
        }
    }

    /// Lets the threads finish the queued jobs, waits for their end, and closes the connections.
    pub(super) async fn stop(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = ended.await;
        for session in &self.sessions {
            session.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// Marks the statement as abandoned when it is dropped.
#[derive(Default)]
struct Waiting {
    abandoned: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }
}

fn work(queue: &Mutex<Receiver<Job>>, session: &Mutex<Option<Session>>, open: &Open) {
    loop {
        // The lock is held while waiting for a job, not while running it.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let mut session = lock(session, open);
        let Some(session) = session.as_mut() else { continue };
        if catch_unwind(AssertUnwindSafe(|| job(session))).is_err() {
            open_again(session, open);
        }
    }
}

/// Locks a connection, and opens it again if a statement on it has panicked.
fn lock<'s>(session: &'s Mutex<Option<Session>>, open: &Open) -> MutexGuard<'s, Option<Session>> {
    session.lock().unwrap_or_else(|poisoned| {
        session.clear_poison();
        let mut guard = poisoned.into_inner();
        if let Some(session) = guard.as_mut() {
            open_again(session, open);
        }
        guard
    })
}

fn open_again(session: &mut Session, open: &Open) {
    tracing::error!("a statement panicked; its connection is opened again");
    match open() {
        Ok(again) => *session = again,
        Err(error) => tracing::error!(%error, "failed to open the database again"),
    }
}
