//! A transaction that begins with its first statement: `BEGIN`, a check, and the statement are sent without waiting for
//! the answers in between. If the first statement is also the last one, it is a transaction by itself, and the check a
//! condition within it.

use std::borrow::Cow;

use tokio::time::timeout;
use tokio_postgres::Row;

use super::connection::{Connection, Lost};
use super::pool::{MAX_ATTEMPTS, Pool};
use super::session::{Outcome, Wanted};
use crate::db::options::ACQUIRE_TIMEOUT;
use crate::db::{DbError, Dialect, IntoStatement, RowsCheck, Statement};

pub(in crate::db) struct Transaction {
    pool: Pool,
    connection: Connection,
    check: Check,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was sent, or only a statement that wrote nothing.
    Waiting,
    Begun,
    /// Its only statement was sent, and its answer not received.
    Sent,
    /// Its only statement is committed.
    Committed,
    /// Its only statement has failed.
    Failed,
}

/// A statement that runs before the first one of the transaction, or is a part of it, and whose rows are read before
/// the commit.
enum Check {
    None,
    Waiting(RowsCheck),
    Answered(Result<Vec<Row>, DbError>),
    /// It was sent, and the request was cancelled before its answer.
    Lost,
}

impl Pool {
    /// Takes a connection for a transaction, which begins with its first statement.
    pub(in crate::db) async fn begin(&self, check: Option<RowsCheck>) -> Result<Transaction, DbError> {
        let taking = async {
            let permit = self.shards.writer().await?;
            let mut connection = self.get().await?;
            connection.hold(Some(permit));
            Ok(Transaction::new(self.clone(), connection, check))
        };
        let taken = timeout(ACQUIRE_TIMEOUT, taking).await;
        taken.unwrap_or_else(|_| Err(DbError::unavailable("no transaction could be begun in time")))
    }
}

impl Transaction {
    fn new(pool: Pool, connection: Connection, check: Option<RowsCheck>) -> Self {
        Self { pool, connection, check: check.map_or(Check::None, Check::Waiting), state: State::Waiting }
    }

    pub(in crate::db) async fn all(&mut self, statement: &Statement) -> Result<Vec<Row>, DbError> {
        self.run(statement, Wanted::Rows).await?.rows()
    }

    /// Returns the number of affected rows.
    pub(in crate::db) async fn execute(&mut self, statement: &Statement) -> Result<u64, DbError> {
        Ok(self.run(statement, Wanted::Count).await?.count())
    }

    async fn run(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, DbError> {
        if self.state == State::Begun {
            return self.connection.run(statement, wanted).await;
        }
        if let Some(outcome) = Box::pin(self.run_alone(statement, wanted)).await? {
            return Ok(outcome);
        }
        let first = match statement.returns_columns() && self.connection.keeps_session() {
            true => Cow::Owned(statement.only_in_transaction()),
            false => Cow::Borrowed(statement),
        };
        match Box::pin(self.begin(Some((&first, wanted)))).await? {
            Some(outcome) => Ok(outcome),
            None => self.connection.run(statement, wanted).await,
        }
    }

    /// Runs the first statement, if it is also the last one, as a transaction by itself, with the check as a condition
    /// within it. It is sent once: if the connection is lost, it is unknown whether it was committed. `None` if it has
    /// to run in an ordinary transaction, because the check fails or cannot be a part of it.
    async fn run_alone(&mut self, statement: &Statement, wanted: Wanted) -> Result<Option<Outcome>, DbError> {
        let is_possible = self.connection.keeps_session() && self.connection.was_used_lately();
        if self.state != State::Waiting || !statement.is_last() || !is_possible {
            return Ok(None);
        }
        let unchanged = match &self.check {
            Check::None => None,
            Check::Waiting(RowsCheck { unchanged: Some(unchanged), .. }) => Some(unchanged),
            Check::Waiting(_) | Check::Answered(_) | Check::Lost => return Ok(None),
        };
        self.state = State::Sent;
        let answered = self.connection.run_conditional(&statement.if_unchanged(unchanged), wanted).await;
        match &answered {
            Ok(Some(Outcome::Rows(rows))) if !rows.is_empty() => {
                (self.state, self.check) = (State::Committed, Check::None);
            }
            Ok(_) => self.state = State::Waiting,
            Err(_) => self.check_after_failure().await,
        }
        answered
    }

    /// Answers the check after the only statement has failed: a caller without rights must not learn why it failed.
    /// The transaction in which this happens cannot be committed.
    async fn check_after_failure(&mut self) {
        if self.connection.lost() != Lost::No || !self.has_check_to_run() {
            self.state = State::Failed;
            return;
        }
        self.state = State::Waiting;
        if let Err(error) = self.begin(None).await {
            tracing::debug!(%error, "failed to check the rights of a caller after a failed write");
        }
        self.connection.mark_failed();
    }

    /// Runs several statements without values and without a time limit, such as a migration.
    pub(in crate::db) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        Box::pin(self.begin(None)).await?;
        self.connection.script(sql).await
    }

    /// Runs one statement without values, such as `SAVEPOINT`.
    pub(in crate::db) async fn command(&mut self, sql: &str) -> Result<(), DbError> {
        Box::pin(self.begin(None)).await?;
        self.connection.command(sql).await
    }

    pub(in crate::db) async fn roll_back_to(&mut self, savepoint: &str) -> Result<(), DbError> {
        self.connection.roll_back_to(savepoint).await
    }

    pub(in crate::db) fn has_check_to_run(&self) -> bool {
        matches!(self.check, Check::Waiting(_))
    }

    /// Returns the rows of the check; `None` without one, or if they were taken before.
    ///
    /// # Errors
    /// That of the check, or of the `BEGIN` before it.
    pub(in crate::db) async fn take_check(&mut self) -> Result<Option<Vec<Row>>, DbError> {
        if self.has_check_to_run() && self.state == State::Waiting {
            Box::pin(self.begin(None)).await?;
        }
        match std::mem::replace(&mut self.check, Check::None) {
            Check::None => Ok(None),
            Check::Answered(rows) => rows.map(Some),
            Check::Waiting(_) | Check::Lost => Err(DbError::unavailable("the answer to a check was lost")),
        }
    }

    /// # Errors
    /// An error if a statement of the transaction has failed, or the answer of the check was not read.
    pub(in crate::db) async fn commit(&mut self) -> Result<(), DbError> {
        if !matches!(self.check, Check::None) {
            return Err(DbError::unread_check());
        }
        match self.state {
            State::Waiting | State::Committed => Ok(()),
            State::Begun => self.connection.commit().await,
            State::Sent => Err(DbError::unavailable("the answer to the only statement was lost")),
            State::Failed => Err(DbError::other("the only statement of the transaction had failed")),
        }
    }

    pub(in crate::db) async fn roll_back(&mut self) -> Result<(), DbError> {
        match self.state {
            State::Waiting | State::Failed => Ok(()),
            State::Begun => self.connection.roll_back().await,
            State::Sent | State::Committed => {
                Err(DbError::other("the only statement of the transaction may be committed"))
            }
        }
    }

    /// Begins the transaction and marks it as changed before a statement of the application, which may write even if it
    /// looks like a read.
    pub(in crate::db) async fn mark_changed(&mut self) -> Result<(), DbError> {
        Box::pin(self.begin(None)).await?;
        self.connection.mark_changed();
        Ok(())
    }

    /// Begins the transaction if that has not happened, and runs its check and first statement. If the connection turns
    /// out to be closed, another one is used: without a `COMMIT`, nothing was written.
    async fn begin(&mut self, first: Option<(&Statement, Wanted)>) -> Result<Option<Outcome>, DbError> {
        match self.state {
            State::Waiting => self.state = State::Begun,
            State::Begun => return Ok(None),
            State::Sent | State::Committed | State::Failed => {
                return Err(DbError::other("a statement follows the last one of its transaction"));
            }
        }
        let check = match std::mem::replace(&mut self.check, Check::Lost) {
            Check::Waiting(check) => Some(check.rows.into_statement(Dialect::Postgres)),
            other => {
                self.check = other;
                None
            }
        };
        let mut attempt = 1;
        loop {
            match self.connection.open(check.as_ref(), first).await {
                Ok(opened) => {
                    if check.is_some() {
                        self.check = Check::Answered(opened.checked);
                    }
                    return opened.answered.transpose();
                }
                Err(error) if attempt == MAX_ATTEMPTS || !self.pool.prune_if_closed(&self.connection) => {
                    return Err(error);
                }
                Err(_) => self.replace_connection().await?,
            }
            attempt += 1;
        }
    }

    async fn replace_connection(&mut self) -> Result<(), DbError> {
        let mut other = self.pool.get().await?;
        other.hold(self.connection.release());
        self.connection = other;
        Ok(())
    }
}
