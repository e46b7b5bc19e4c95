//! One transaction on the connection that writes, or the part of one that is a single write. SQLite is asked each time
//! whether a transaction is open, because it ends one by itself if the disk is full or if it cannot undo an
//! interrupted write separately.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::decode::{Described, SqliteRow};
use super::group::{self, Group};
use super::session::Session;
use super::turn::{Turn, Turns};
use super::worker::Workers;
use crate::db::options::{Sharing, Synchronous};
use crate::db::statement::{Executed, is_plain_read};
use crate::db::{DbError, Statement};

/// The connection that writes.
pub(super) struct Writer {
    pub(super) workers: Workers,
    pub(super) turns: Arc<Turns>,
    /// The limit of a statement.
    pub(super) limit: Duration,
    /// Whether a commit waits for the disk.
    pub(super) synchronous: Synchronous,
}

impl Writer {
    /// Waits until a group is committed. First, the tasks that are ready to run join it: this future yields once in the
    /// task of the request and once in the one that ends the transaction. Then the first of its writes that takes a
    /// turn commits it.
    async fn commit(&self, group: &Group) -> Result<(), DbError> {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        loop {
            let mut ended = pin!(group.ended());
            ended.as_mut().enable();
            if let Some(result) = group.result() {
                return result;
            }
            tokio::select! {
                biased;
                () = ended => {}
                _turn = self.turns.take() => if group.result().is_none() { self.commit_now().await? },
            }
        }
    }

    async fn commit_now(&self) -> Result<(), DbError> {
        let here = match self.synchronous {
            Synchronous::Normal => self.workers.call_here(self.limit, group::commit),
            Synchronous::Full => None,
        };
        match here {
            Some(committed) => committed,
            None => {
                let commit = |session: &mut Session| {
                    group::commit_or_lose(session);
                    Ok(())
                };
                self.workers.finish(None, commit).await
            }
        }
    }
}

pub(in crate::db) struct Lease {
    writer: Arc<Writer>,
    sharing: Sharing,
    /// Whether all statements so far were short, and so is the commit.
    short: AtomicBool,
    /// Held until the transaction has ended, or another write may continue it.
    turn: Option<Turn>,
}

impl Lease {
    pub(super) async fn begin(writer: Arc<Writer>, turn: Turn, sharing: Sharing) -> Result<Self, DbError> {
        // If this future is cancelled from here on, the lease is dropped, which undoes what has begun.
        let lease = Self { writer, sharing, short: AtomicBool::new(true), turn: Some(turn) };
        let (workers, limit) = (&lease.writer.workers, lease.writer.limit);
        let reopen = workers.opener();
        let may_commit_here = lease.writer.synchronous == Synchronous::Normal;
        match workers.call_here(limit, |session| group::begin(session, sharing, may_commit_here, &*reopen)) {
            Some(begun) => begun?,
            None => workers.call(Some(limit), move |session| group::begin(session, sharing, true, &*reopen)).await?,
        }
        Ok(lease)
    }

    pub(in crate::db) async fn all(&self, statement: &Statement) -> Result<Vec<SqliteRow>, DbError> {
        statement.trace();
        if let Some(rows) =
            self.here(statement, |session| session.all_within(&statement.sql, &statement.values, statement.max_bytes))
        {
            return rows;
        }
        let (sql, values, max_bytes) = (statement.sql.clone(), statement.values.clone(), statement.max_bytes);
        let read = move |session: &mut Session| session.all_within(&sql, &values, max_bytes);
        match is_plain_read(&statement.sql) {
            true => self.writer.workers.call(Some(self.writer.limit), within(read)).await,
            false => self.within(Some(self.writer.limit), read).await,
        }
    }

    pub(in crate::db) async fn described(&self, statement: &Statement) -> Result<Described, DbError> {
        statement.trace();
        self.short.store(false, Ordering::Relaxed);
        let (sql, values) = (statement.sql.clone(), statement.values.clone());
        self.within(Some(self.writer.limit), move |session| session.described(&sql, &values)).await
    }

    /// Returns the number of affected rows.
    pub(in crate::db) async fn execute(&self, statement: &Statement) -> Result<Executed, DbError> {
        statement.trace();
        if let Some(done) = self.here(statement, |session| session.execute(&statement.sql, &statement.values)) {
            return done;
        }
        let (sql, values) = (statement.sql.clone(), statement.values.clone());
        self.within(Some(self.writer.limit), move |session| session.execute(&sql, &values)).await
    }

    /// Runs several statements without values and without a time limit, such as a migration.
    pub(in crate::db) async fn script(&self, sql: &str) -> Result<(), DbError> {
        self.short.store(false, Ordering::Relaxed);
        let sql = sql.to_owned();
        self.within(None, move |session| session.script(&sql)).await
    }

    /// Runs a statement without values that is short, such as `SAVEPOINT`.
    pub(in crate::db) async fn command(&self, sql: &str) -> Result<(), DbError> {
        match self.writer.workers.call_here(self.writer.limit, within(|session| session.script(sql))) {
            Some(done) => done,
            None => self.script(sql).await,
        }
    }

    /// Ends the write. If it shares its transaction, waits until that is committed.
    pub(in crate::db) async fn commit(mut self) -> Result<(), DbError> {
        // The end of a write that shares its transaction never waits for the disk.
        let short = self.writer.synchronous == Synchronous::Normal && *self.short.get_mut();
        let here = match short || self.sharing == Sharing::Shared {
            true => self.writer.workers.call_here(self.writer.limit, within(group::end_write)),
            false => None,
        };
        let group = match here {
            Some(ended) => ended?,
            None => self.within(None, group::end_write).await?,
        };
        // After an error the turn remains, so that dropping the lease rolls back.
        let turn = self.turn.take();
        let Some(group) = group else { return Ok(()) };
        let _kept = turn.map(Turn::keep);
        self.writer.commit(&group).await
    }

    pub(in crate::db) async fn roll_back(mut self) -> Result<(), DbError> {
        self.writer.workers.call(None, group::undo_write).await?;
        self.turn = None;
        Ok(())
    }

    /// Runs a short statement on the calling thread. `None` if the statement must be queued.
    fn here<T>(
        &self,
        statement: &Statement,
        work: impl FnOnce(&mut Session) -> Result<T, DbError>,
    ) -> Option<Result<T, DbError>> {
        // An interrupted read leaves the transaction open, unlike an interrupted write.
        if is_plain_read(&statement.sql) {
            return self.writer.workers.read_here(&statement.sql, within(work));
        }
        if statement.short {
            return self.writer.workers.call_here(self.writer.limit, within(work));
        }
        self.short.store(false, Ordering::Relaxed);
        None
    }

    /// Runs a part of the transaction, if SQLite still has it open.
    async fn within<T: Send + 'static>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        match self.sharing {
            Sharing::Alone => self.writer.workers.call(limit, within(work)).await,
            // Interrupting a statement that writes may end the transaction, which other writes share.
            Sharing::Shared => self.writer.workers.finish(limit, within(work)).await,
        }
    }
}

/// Work that runs only if SQLite still has the transaction open.
fn within<T>(work: impl FnOnce(&mut Session) -> Result<T, DbError>) -> impl FnOnce(&mut Session) -> Result<T, DbError> {
    |session| match session.is_idle() {
        true => Err(DbError::unavailable("the database has ended the transaction")),
        false => work(session),
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(turn) = self.turn.take() else { return };
        // The next transaction begins after this one has ended.
        let end = move |session: &mut Session| {
            if let Err(error) = group::undo_write(session) {
                tracing::warn!(%error, "failed to roll back");
            }
            drop(turn);
        };
        if let Err(error) = self.writer.workers.send(Box::new(end)) {
            tracing::debug!(%error, "a transaction was open when the database was closed");
        }
    }
}
