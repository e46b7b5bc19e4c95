//! A transaction that begins with its first statement: `BEGIN`, a check, and the statement, if it is a read, are sent
//! without waiting for the answers in between.

use tokio::time::timeout;
use tokio_postgres::Row;

use super::connection::Connection;
use super::pool::{MAX_ATTEMPTS, Pool};
use super::session::{Outcome, Wanted};
use crate::db::options::ACQUIRE_TIMEOUT;
use crate::db::{DbError, Statement};

pub(in crate::db) struct Transaction {
    pool: Pool,
    connection: Connection,
    check: Check,
    begun: bool,
}

/// A statement that runs before the first one of the transaction, and whose rows are read before the commit.
enum Check {
    None,
    Waiting(Statement),
    Answered(Result<Vec<Row>, DbError>),
    /// It was sent, and the request was cancelled before its answer.
    Lost,
}

impl Pool {
    /// Takes a connection for a transaction, which begins with its first statement. A check runs before that statement.
    pub(in crate::db) async fn begin(&self, check: Option<Statement>) -> Result<Transaction, DbError> {
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
    fn new(pool: Pool, connection: Connection, check: Option<Statement>) -> Self {
        Self { pool, connection, check: check.map_or(Check::None, Check::Waiting), begun: false }
    }

    pub(in crate::db) async fn all(&mut self, statement: &Statement) -> Result<Vec<Row>, DbError> {
        self.run(statement, Wanted::Rows).await?.rows()
    }

    /// Returns the number of affected rows.
    pub(in crate::db) async fn execute(&mut self, statement: &Statement) -> Result<u64, DbError> {
        Ok(self.run(statement, Wanted::Count).await?.count())
    }

    async fn run(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, DbError> {
        if self.begun {
            return self.connection.run(statement, wanted).await;
        }
        match Box::pin(self.begin(Some((statement, wanted)))).await? {
            Some(outcome) => Ok(outcome),
            None => self.connection.run(statement, wanted).await,
        }
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

    /// Returns the rows of the check; `None` without one, or if they were taken before.
    ///
    /// # Errors
    /// That of the check, or of the `BEGIN` before it.
    pub(in crate::db) async fn take_check(&mut self) -> Result<Option<Vec<Row>>, DbError> {
        if matches!(self.check, Check::Waiting(_)) {
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
        if self.begun { self.connection.commit().await } else { Ok(()) }
    }

    pub(in crate::db) async fn roll_back(&mut self) -> Result<(), DbError> {
        if self.begun { self.connection.roll_back().await } else { Ok(()) }
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
        if self.begun {
            return Ok(None);
        }
        self.begun = true;
        let check = match std::mem::replace(&mut self.check, Check::Lost) {
            Check::Waiting(check) => Some(check),
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
