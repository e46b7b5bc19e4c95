//! One transaction on the connection that writes. SQLite is asked each time whether a transaction is open, because it ends one
//! by itself if the disk is full or if it cannot undo an interrupted write separately.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::decode::{Described, SqliteRow};
use super::session::Session;
use super::worker::Workers;
use crate::db::options::Synchronous;
use crate::db::statement::{Executed, is_plain_read};
use crate::db::{DbError, Statement};

pub(in crate::db) struct Lease {
    writer: Arc<Workers>,
    limit: Duration,
    synchronous: Synchronous,
    /// Whether all statements so far were short, and so is the commit.
    short: AtomicBool,
    /// The permit to write, held until the transaction has ended.
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) async fn begin(
        writer: Arc<Workers>,
        permit: OwnedSemaphorePermit,
        limit: Duration,
        synchronous: Synchronous,
    ) -> Result<Self, DbError> {
        let lease = Self { writer, limit, synchronous, short: AtomicBool::new(true), permit: Some(permit) };
        let reopen = lease.writer.opener();
        let begin = move |session: &mut Session| {
            session.make_idle(&*reopen)?;
            session.script("BEGIN IMMEDIATE")
        };
        if let Some(begun) = lease.writer.call_here(limit, &begin) {
            return begun.map(|()| lease);
        }
        // If this future is cancelled from here on, the lease is dropped, which rolls the transaction back.
        lease.writer.call(Some(limit), begin).await?;
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
        self.within(Some(self.limit), move |session| session.all_within(&sql, &values, max_bytes)).await
    }

    pub(in crate::db) async fn described(&self, statement: &Statement) -> Result<Described, DbError> {
        statement.trace();
        self.short.store(false, Ordering::Relaxed);
        let (sql, values) = (statement.sql.clone(), statement.values.clone());
        self.within(Some(self.limit), move |session| session.described(&sql, &values)).await
    }

    /// Returns the number of affected rows.
    pub(in crate::db) async fn execute(&self, statement: &Statement) -> Result<Executed, DbError> {
        statement.trace();
        if let Some(done) = self.here(statement, |session| session.execute(&statement.sql, &statement.values)) {
            return done;
        }
        let (sql, values) = (statement.sql.clone(), statement.values.clone());
        self.within(Some(self.limit), move |session| session.execute(&sql, &values)).await
    }

    /// Runs several statements without values and without a time limit, such as a migration.
    pub(in crate::db) async fn script(&self, sql: &str) -> Result<(), DbError> {
        self.short.store(false, Ordering::Relaxed);
        let sql = sql.to_owned();
        self.within(None, move |session| session.script(&sql)).await
    }

    /// Runs a statement without values that is short, such as `SAVEPOINT`.
    pub(in crate::db) async fn command(&self, sql: &str) -> Result<(), DbError> {
        match self.writer.call_here(self.limit, within(|session| session.script(sql))) {
            Some(done) => done,
            None => self.script(sql).await,
        }
    }

    pub(in crate::db) async fn commit(mut self) -> Result<(), DbError> {
        let here = match self.synchronous {
            Synchronous::Normal if *self.short.get_mut() => self.writer.call_here(self.limit, within(Session::commit)),
            Synchronous::Normal | Synchronous::Full => None,
        };
        match here {
            Some(committed) => committed?,
            None => self.within(None, Session::commit).await?,
        }
        // After an error the permit remains, so that dropping the lease rolls the transaction back.
        self.permit = None;
        Ok(())
    }

    pub(in crate::db) async fn roll_back(mut self) -> Result<(), DbError> {
        self.writer.call(None, Session::roll_back).await?;
        self.permit = None;
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
            return self.writer.read_here(&statement.sql, within(work));
        }
        if statement.short {
            return self.writer.call_here(self.limit, within(work));
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
        self.writer.call(limit, within(work)).await
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
        let Some(permit) = self.permit.take() else { return };
        // The next transaction begins after this one has ended.
        let end = move |session: &mut Session| {
            if let Err(error) = session.roll_back() {
                tracing::warn!(%error, "failed to roll back");
            }
            drop(permit);
        };
        if let Err(error) = self.writer.send(Box::new(end)) {
            tracing::debug!(%error, "a transaction was open when the database was closed");
        }
    }
}
