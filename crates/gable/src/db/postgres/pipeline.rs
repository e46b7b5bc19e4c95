//! Connections that send a short read while the answers of earlier ones are outstanding: one per thread. Sending and
//! receiving several statements at once takes fewer system calls, here and in the server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tokio_postgres::Row;

use super::Target;
use super::error::{is_disconnection, is_stale_plan};
use super::session::{Outcome, Session, Wanted, send};
use crate::db::options::{ACQUIRE_TIMEOUT, PreparedStatements};
use crate::db::serving_thread::serving_thread;
use crate::db::{DbError, Statement};

/// How long a read waits for its answer, and for those of earlier reads, before it uses a connection of its own.
const SHARED_READ_TIMEOUT: Duration = Duration::from_millis(250);
/// How long after a failed attempt the connection is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// A slot for each thread; its connection is opened on first use.
#[derive(Clone)]
pub(super) struct Pipeline(Arc<[Mutex<Slot>]>);

enum Slot {
    /// The connection may be opened from this time on; at once without one.
    Empty(Option<Instant>),
    Opening,
    Open(Arc<Session>),
    Closed,
}

impl Pipeline {
    pub(super) fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| Mutex::new(Slot::Empty(None))).collect())
    }

    /// Runs a short statement that only reads. `None` if it must run on another connection.
    pub(super) async fn read(&self, target: &Arc<Target>, statement: &Statement) -> Option<Result<Vec<Row>, DbError>> {
        let number = serving_thread()?.checked_rem(self.0.len())?;
        let session = self.session(number, target)?;
        statement.trace();
        let answer = send(&session, PreparedStatements::Kept, statement, Wanted::Rows);
        match timeout(SHARED_READ_TIMEOUT, answer).await {
            Ok(Ok(Outcome::Rows(rows))) => Some(Ok(rows)),
            Ok(Ok(Outcome::TooLarge)) => Some(Err(DbError::TooLarge)),
            Ok(Ok(Outcome::Count(_))) => None,
            Ok(Err(error)) if is_disconnection(&error) => None,
            Ok(Err(error)) if is_stale_plan(&error) => {
                session.expire_plans();
                None
            }
            Ok(Err(error)) => Some(Err(error.into())),
            Err(_) => {
                self.set_aside(number, &session);
                None
            }
        }
    }

    /// The open connection of a slot. Otherwise, it is opened in the background.
    fn session(&self, number: usize, target: &Arc<Target>) -> Option<Arc<Session>> {
        let mut slot = lock(&self.0[number]);
        match &*slot {
            Slot::Open(session) if session.is_fresh() => return Some(session.clone()),
            Slot::Opening | Slot::Closed => return None,
            Slot::Empty(Some(from)) if Instant::now() < *from => return None,
            Slot::Open(_) | Slot::Empty(_) => {}
        }
        *slot = Slot::Opening;
        drop(slot);
        let (opening, target) = (Opening { pipeline: self.clone(), number }, target.clone());
        drop(tokio::spawn(async move {
            match timeout(ACQUIRE_TIMEOUT, target.open()).await {
                Ok(Ok(session)) => opening.end(Slot::Open(Arc::new(session))),
                Ok(Err(error)) => tracing::debug!(%error, "failed to open a connection for reads by key"),
                Err(_) => tracing::debug!("a connection for reads by key could not be opened in time"),
            }
        }));
        None
    }

    /// Stops using a connection on which a statement waits, for example for a lock. Statements that were sent over it
    /// still receive their answers.
    fn set_aside(&self, number: usize, session: &Arc<Session>) {
        let mut slot = lock(&self.0[number]);
        if matches!(&*slot, Slot::Open(open) if Arc::ptr_eq(open, session)) {
            *slot = Slot::Empty(Some(Instant::now() + REOPEN_AFTER));
        }
    }

    pub(super) fn close(&self) {
        self.0.iter().for_each(|slot| *lock(slot) = Slot::Closed);
    }
}

/// An attempt to open the connection of a slot. If it is dropped, it has failed.
struct Opening {
    pipeline: Pipeline,
    number: usize,
}

impl Opening {
    fn end(&self, opened: Slot) {
        let mut slot = lock(&self.pipeline.0[self.number]);
        if matches!(*slot, Slot::Opening) {
            *slot = opened;
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.end(Slot::Empty(Some(Instant::now() + REOPEN_AFTER)));
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
