//! One connection: statements with time limits, transactions, and its return to the pool.

use std::borrow::Cow;
use std::time::Duration;

use deadpool::managed::Object;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_postgres::{Error, Row};

use super::Target;
use super::error::{is_disconnection, is_division_by_zero, is_read_only, is_stale_plan};
use super::opening;
use super::session::{CANCEL_TIMEOUT, Outcome, Wanted, send};
use super::shards::Sessions;
use crate::db::options::{IDLE_IN_TRANSACTION_TIMEOUT, LOCK_TIMEOUT, PreparedStatements};
use crate::db::statement::{BEGIN_MARKED, is_plain_read};
use crate::db::{DbError, Statement};

/// How long cleaning up a connection may take after its request was cancelled.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_millis(500);
/// After this time without an answer to a cancellation, the server counts as unreachable.
const CANCELLATION_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer may have been closed unnoticed.
const SURELY_OPEN: Duration = Duration::from_secs(5);

/// A connection taken from the pool. If it is dropped during a statement or a transaction, it is cleaned up before it
/// returns to the pool, or closed if that takes too long.
pub(in crate::db) struct Connection {
    /// `None` only while it is being dropped.
    object: Option<Object<Sessions>>,
    statement_timeout: Duration,
    prepared_statements: PreparedStatements,
    /// Whether a statement was sent whose end was not received.
    busy: bool,
    in_transaction: bool,
    /// Whether the transaction has only read so far and locked nothing, so that it can be restarted unnoticed.
    unchanged: bool,
    /// Whether a statement of the transaction has failed, without a later rollback to a savepoint.
    failed: bool,
    /// Whether the transaction was rolled back to begin it again.
    restarting: bool,
    lost: Lost,
    /// The permit to write, if this is a transaction.
    permit: Option<OwnedSemaphorePermit>,
}

/// Whether a connection can be used further, and otherwise why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    No,
    /// It is closed; another connection may work.
    Disconnected,
    /// The server no longer accepts writes.
    ReadOnly,
    /// The server did not answer within the time limit.
    Silent,
    /// `BEGIN` was refused: without a transaction, a later statement would be committed by itself.
    NotBegun,
}

/// The answers to the first statements of a transaction that has begun.
pub(super) struct Opened {
    /// The rows of the check; none without a check.
    pub(super) checked: Result<Vec<Row>, DbError>,
    pub(super) answered: Option<Result<Outcome, DbError>>,
    /// Whether a prepared statement was out of date, so that nothing was run.
    is_stale: bool,
}

impl Connection {
    pub(super) fn new(object: Object<Sessions>, target: &Target) -> Self {
        Self {
            object: Some(object),
            statement_timeout: target.options.statement_timeout,
            prepared_statements: target.options.prepared_statements,
            busy: false,
            in_transaction: false,
            unchanged: false,
            failed: false,
            restarting: false,
            lost: Lost::No,
            permit: None,
        }
    }

    pub(super) fn lost(&self) -> Lost {
        self.lost
    }

    pub(in crate::db) async fn all(&mut self, statement: &Statement) -> Result<Vec<Row>, DbError> {
        self.run(statement, Wanted::Rows).await?.rows()
    }

    /// Returns the number of affected rows.
    pub(in crate::db) async fn execute(&mut self, statement: &Statement) -> Result<u64, DbError> {
        Ok(self.run(statement, Wanted::Count).await?.count())
    }

    /// Runs several statements without values and without a time limit, such as a migration.
    pub(in crate::db) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.simple(&format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; {sql}"), None).await
    }

    /// Runs one statement without values, such as `SAVEPOINT`.
    pub(in crate::db) async fn command(&mut self, sql: &str) -> Result<(), DbError> {
        self.simple(sql, Some(self.statement_timeout + CANCEL_TIMEOUT)).await
    }

    /// Begins a transaction, then runs its check and its first statement, in as few round trips as is safe.
    ///
    /// # Errors
    /// No transaction was begun, or the connection was lost.
    pub(super) async fn open(
        &mut self,
        check: Option<&Statement>,
        first: Option<(&Statement, Wanted)>,
    ) -> Result<Opened, DbError> {
        let opened = self.try_open(check, first).await?;
        if !opened.is_stale {
            return Ok(opened);
        }
        // The error has aborted the transaction, which has changed nothing.
        self.object.as_deref().inspect(|session| session.expire_plans());
        self.end_stale_transaction().await?;
        self.try_open(check, first).await
    }

    async fn try_open(
        &mut self,
        check: Option<&Statement>,
        first: Option<(&Statement, Wanted)>,
    ) -> Result<Opened, DbError> {
        self.restarting = false;
        self.check_usable()?;
        let begin = self.begin_command(first.map(|(statement, _)| statement));
        let Some(session) = self.object.as_deref() else { return Err(Failure::Silent.into()) };
        (self.busy, self.in_transaction, self.failed) = (true, true, false);
        self.unchanged = first.is_none_or(|(statement, _)| is_plain_read(&statement.sql));
        let answers = opening::send(session, self.prepared_statements, &begin, check, first);
        let Ok(answers) = timeout(self.statement_timeout + CANCEL_TIMEOUT, answers).await else {
            return Err(self.note_answer::<()>(None).err().unwrap_or(Failure::Silent).into());
        };
        let is_stale = answers.is_stale();
        if let Err(failure) = self.note_answer(Some(answers.begun)) {
            if self.lost == Lost::No {
                self.lost = Lost::NotBegun;
            }
            return Err(failure.into());
        }
        let checked = self.note_answer(Some(answers.checked));
        let answered = answers.answered.map(|answer| self.note_answer(Some(answer)));
        self.busy = matches!(answered, Some(Ok(Outcome::TooLarge)));
        let answered = answered.map(|answered| answered.map_err(DbError::from));
        Ok(Opened { checked: checked.map_err(DbError::from), answered, is_stale })
    }

    /// The command that begins a transaction.
    fn begin_command(&self, first: Option<&Statement>) -> Cow<'static, str> {
        match self.prepared_statements {
            PreparedStatements::Kept if first.is_some_and(Statement::needs_transaction) => BEGIN_MARKED.into(),
            PreparedStatements::Kept => "BEGIN".into(),
            // With a pooler, each transaction may have another session, so the time limits are set here.
            PreparedStatements::Off => format!(
                "BEGIN; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}",
                self.statement_timeout.as_millis(),
                LOCK_TIMEOUT.as_millis(),
                IDLE_IN_TRANSACTION_TIMEOUT.as_millis()
            )
            .into(),
        }
    }

    /// # Errors
    /// An error if a statement of the transaction has failed: PostgreSQL would roll back on `COMMIT` without reporting
    /// an error.
    pub(in crate::db) async fn commit(&mut self) -> Result<(), DbError> {
        if self.failed {
            self.roll_back().await?;
            return Err(DbError::other("a statement of the transaction had failed, so that it was rolled back"));
        }
        self.command("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    pub(in crate::db) async fn roll_back(&mut self) -> Result<(), DbError> {
        self.command("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }

    pub(in crate::db) async fn roll_back_to(&mut self, savepoint: &str) -> Result<(), DbError> {
        self.command(&format!("ROLLBACK TO SAVEPOINT {savepoint}")).await?;
        self.failed = false;
        Ok(())
    }

    pub(super) async fn run(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, DbError> {
        statement.trace();
        let unchanged = self.unchanged;
        // Before the answer, which a cancelled statement never receives.
        self.unchanged &= is_plain_read(&statement.sql);
        match self.attempt(statement, wanted).await {
            Err(Failure::Refused(error)) if is_stale_plan(&error) => {
                self.prepare_again(statement, wanted, unchanged).await
            }
            sent => Ok(sent?),
        }
    }

    /// Runs a statement that divides by zero if a condition does not hold. `None` in that case, or if its plan is
    /// stale; nothing was written then.
    pub(super) async fn run_conditional(
        &mut self,
        statement: &Statement,
        wanted: Wanted,
    ) -> Result<Option<Outcome>, DbError> {
        statement.trace();
        match self.attempt(statement, wanted).await {
            Err(Failure::Refused(error)) if is_division_by_zero(&error) => Ok(None),
            Err(Failure::Refused(error)) if is_stale_plan(&error) => {
                self.object.as_deref().inspect(|session| session.expire_plans());
                Ok(None)
            }
            sent => Ok(Some(sent?)),
        }
    }

    /// Keeps the transaction from being committed.
    pub(super) fn mark_failed(&mut self) {
        self.failed = true;
    }

    /// Whether statements outside of a transaction run in a session with its time limits.
    pub(super) fn keeps_session(&self) -> bool {
        self.prepared_statements == PreparedStatements::Kept
    }

    /// Whether the connection was in use a short time ago.
    pub(super) fn was_used_lately(&self) -> bool {
        self.object.as_deref().is_some_and(|session| session.last_used.elapsed() < SURELY_OPEN)
    }

    /// Prepares a statement with a stale plan again and resends it. The error has aborted its transaction: one that had
    /// changed nothing is restarted here, any other one must be restarted by its caller.
    async fn prepare_again(
        &mut self,
        statement: &Statement,
        wanted: Wanted,
        unchanged: bool,
    ) -> Result<Outcome, DbError> {
        self.object.as_deref().inspect(|session| session.expire_plans());
        if self.in_transaction {
            if !unchanged {
                return Err(DbError::Conflict);
            }
            self.end_stale_transaction().await?;
            self.try_open(None, None).await?;
            self.unchanged = is_plain_read(&statement.sql);
        }
        Ok(self.attempt(statement, wanted).await?)
    }

    /// Rolls back a transaction that a stale plan has aborted, to begin it again. If this is cancelled, the connection
    /// takes no more statements: they would not be in a transaction.
    async fn end_stale_transaction(&mut self) -> Result<(), DbError> {
        self.check_usable()?;
        let Some(session) = self.object.as_deref() else { return Err(Failure::Silent.into()) };
        (self.busy, self.restarting) = (true, true);
        let answer = timeout(self.statement_timeout + CANCEL_TIMEOUT, session.client.batch_execute("ROLLBACK")).await;
        Ok(self.note_answer(answer.ok())?)
    }

    async fn attempt(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, Failure> {
        self.check_usable()?;
        let Some(session) = self.object.as_deref() else { return Err(Failure::Silent) };
        self.busy = true;
        let answer = send(session, self.prepared_statements, statement, wanted);
        let answer = timeout(self.statement_timeout + CANCEL_TIMEOUT, answer).await.ok();
        let outcome = self.note_answer(answer)?;
        self.busy = matches!(outcome, Outcome::TooLarge);
        Ok(outcome)
    }

    async fn simple(&mut self, sql: &str, limit: Option<Duration>) -> Result<(), DbError> {
        self.check_usable()?;
        let Some(session) = self.object.as_deref() else { return Err(Failure::Silent.into()) };
        (self.busy, self.unchanged) = (true, false);
        let answer = session.client.batch_execute(sql);
        let answer = match limit {
            Some(limit) => timeout(limit, answer).await.ok(),
            None => Some(answer.await),
        };
        Ok(self.note_answer(answer)?)
    }

    /// Marks the transaction as failed if a statement was cancelled before its answer, because it may have failed.
    /// Refuses to send anything on a lost connection.
    fn check_usable(&mut self) -> Result<(), Failure> {
        self.failed |= self.in_transaction && self.busy;
        if self.lost == Lost::No && !self.restarting { Ok(()) } else { Err(Failure::Unusable) }
    }

    /// Marks the transaction as changed before a statement of the application, which may write even if it looks like a
    /// read.
    pub(in crate::db) fn mark_changed(&mut self) {
        self.unchanged = false;
    }

    /// Records what an answer reveals about the connection. A connection without an answer in time is lost.
    fn note_answer<T>(&mut self, answer: Option<Result<T, Error>>) -> Result<T, Failure> {
        let Some(answer) = answer else {
            self.lost = Lost::Silent;
            return Err(Failure::Silent);
        };
        self.busy = false;
        answer.map_err(|error| {
            self.failed |= self.in_transaction;
            if is_disconnection(&error) {
                self.lost = Lost::Disconnected;
            } else if is_read_only(&error) {
                self.lost = Lost::ReadOnly;
            }
            Failure::Refused(error)
        })
    }

    /// Gives the permit to write back.
    pub(super) fn release(&mut self) -> Option<OwnedSemaphorePermit> {
        self.permit.take()
    }

    /// Keeps the permit to write for as long as the connection is in use.
    pub(super) fn hold(&mut self, permit: Option<OwnedSemaphorePermit>) {
        self.permit = permit;
    }
}

enum Failure {
    Refused(Error),
    Silent,
    /// An earlier failure keeps the connection from being used.
    Unusable,
}

impl From<Failure> for DbError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error.into(),
            Failure::Silent => DbError::unavailable("no answer within the time limit"),
            Failure::Unusable => DbError::unavailable("the connection takes no more statements"),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let permit = self.permit.take();
        if matches!(self.lost, Lost::ReadOnly | Lost::Silent) {
            object.expire_generation();
        }
        match (self.lost, tokio::runtime::Handle::try_current()) {
            (Lost::No, _) if !self.busy && !self.in_transaction => {}
            (Lost::No, Ok(runtime)) => {
                let clean_up = if self.in_transaction { CleanUp::RollBack } else { CleanUp::Ping };
                drop(runtime.spawn(recover(object, clean_up, permit)));
            }
            _ => Object::take(object).abort(),
        }
    }
}

/// Cleans up a connection for its next user: waits for the abandoned statement, and ends its transaction. If the
/// statement has to be cancelled, the connection is closed, because it is unknown when the cancellation arrives. If the
/// server does not answer that either, the other connections to it are not used again.
async fn recover(object: Object<Sessions>, clean_up: CleanUp, permit: Option<OwnedSemaphorePermit>) {
    let answer = match clean_up {
        CleanUp::RollBack => timeout(CLEAN_UP_TIMEOUT, object.client.batch_execute("ROLLBACK")).await,
        CleanUp::Ping => timeout(CLEAN_UP_TIMEOUT, object.client.check_connection()).await,
    };
    if !matches!(answer, Ok(Ok(()))) {
        tracing::debug!("an abandoned statement is cancelled, and its connection closed");
        let cancelled =
            timeout(CANCELLATION_TIMEOUT, object.client.cancel_token().cancel_query(object.tls.clone())).await;
        if cancelled.is_err() {
            object.expire_generation();
        }
        Object::take(object).abort();
    }
    drop(permit);
}

/// The command that a connection must answer before it returns to the pool.
#[derive(Clone, Copy)]
enum CleanUp {
    RollBack,
    Ping,
}
