//! Worker threads, each with its own connection, that take jobs from one queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::session::{Limit, Session};
use crate::db::DbError;
use crate::db::options::ACQUIRE;

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// Opens a connection; also called to replace a broken one.
type Open = Arc<dyn Fn() -> Result<Session, DbError> + Send + Sync>;

pub(super) struct Workers {
    /// `None` after `stop`.
    jobs: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
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
        let sessions: Vec<Session> = (0..count).map(|_| open()).collect::<Result<_, _>>()?;
        let spawn = |session: Session| {
            let (queue, open) = (queue.clone(), open.clone());
            Builder::new().name(name.to_owned()).spawn(move || work(&queue, session, &open)).map_err(DbError::other)
        };
        let threads: Vec<JoinHandle<()>> = sessions.into_iter().map(spawn).collect::<Result<_, _>>()?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), threads: Mutex::new(threads), open })
    }

    pub(super) fn opener(&self) -> Open {
        self.open.clone()
    }

    /// Runs work on the next free thread. If the returned future is dropped, the statement is interrupted.
    ///
    /// # Errors
    /// The error of the work, or `Unavailable` if no thread became free in time.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting::default();
        let (abandoned, sent) = (waiting.abandoned.clone(), Instant::now());
        self.send(Box::new(move |session| {
            if reply.is_closed() {
                return;
            }
            if sent.elapsed() > ACQUIRE {
                let _ = reply.send(Err(DbError::unavailable("too many statements wait")));
                return;
            }
            let limit = Limit { until: limit.map(|limit| Instant::now() + limit), abandoned };
            let _ = reply.send(session.limited(limit, work));
        }))?;
        // Dropped only after the answer, because dropping it interrupts the statement.
        let answered = answer.await;
        drop(waiting);
        answered.map_err(|_| DbError::unavailable("the thread of the connection has ended"))?
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

    /// Lets the threads finish the queued jobs, and waits for their end.
    pub(super) async fn stop(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = ended.await;
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

fn work(queue: &Mutex<Receiver<Job>>, mut session: Session, open: &Open) {
    loop {
        // The lock is held while waiting for a job, not while running it.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(|| job(&mut session))).is_err() {
            tracing::error!("a statement panicked; its connection is opened again");
            match open() {
                Ok(again) => session = again,
                Err(error) => tracing::error!(%error, "failed to open the database again"),
            }
        }
    }
}
