//! One connection: statements with time limits, transactions, and what becomes of it afterwards.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::Object;
use futures_core::Stream;
use hashlink::LruCache;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, RowStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Target;
use super::bind::{Bound, type_of};
use super::error::{is_disconnection, is_read_only, is_stale_plan};
use crate::db::options::{IDLE_IN_TRANSACTION, LOCK, PreparedStatements};
use crate::db::{DbError, Statement};

/// Statements that a connection keeps prepared; the one that was not used for the longest time makes room.
const PREPARED: usize = 128;
/// The server ends a statement by itself; a connection that is silent for so long beyond that is given up.
const GRACE: Duration = Duration::from_secs(1);
/// How long a connection may take to be ready again after its request has gone.
const RECOVERY: Duration = Duration::from_millis(500);

/// A session of the server.
pub(in crate::db) struct Session {
    pub(super) client: Client,
    task: JoinHandle<()>,
    tls: MakeRustlsConnect,
    prepared: Mutex<Prepared>,
    plans: Plans,
}

struct Prepared {
    by_text: LruCache<String, tokio_postgres::Statement>,
    generation: usize,
}

/// Which prepared statements are still good, for all connections of a pool: what one of them learns counts for all.
#[derive(Clone, Debug, Default)]
pub(super) struct Plans(Arc<AtomicUsize>);

impl Plans {
    fn expire(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn generation(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Session {
    pub(super) fn new(client: Client, task: JoinHandle<()>, tls: MakeRustlsConnect, plans: Plans) -> Self {
        let prepared = Prepared { by_text: LruCache::new(PREPARED), generation: plans.generation() };
        Self { client, task, tls, prepared: Mutex::new(prepared), plans }
    }

    async fn prepare(&self, sql: &str, types: &[Type]) -> Result<tokio_postgres::Statement, Error> {
        if let Some(known) = self.known(sql, types) {
            return Ok(known);
        }
        let prepared = self.client.prepare_typed(sql, types).await?;
        self.prepared().by_text.insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    fn known(&self, sql: &str, types: &[Type]) -> Option<tokio_postgres::Statement> {
        let (mut prepared, generation) = (self.prepared(), self.plans.generation());
        if prepared.generation != generation {
            prepared.by_text.clear();
            prepared.generation = generation;
        }
        prepared.by_text.get(sql).filter(|known| known.params() == types).cloned()
    }

    fn prepared(&self) -> std::sync::MutexGuard<'_, Prepared> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection without a word: the server may not be there to hear it.
    fn abort(self) {
        self.task.abort();
    }
}

/// A connection that was taken from the pool. Dropped in the middle of a statement or of a transaction, it goes back only
/// after it was cleaned, and is closed where that takes too long.
pub(in crate::db) struct Connection {
    /// None while it is dropped.
    object: Option<Object<Target>>,
    statement_timeout: Duration,
    prepared_statements: PreparedStatements,
    /// A statement was sent whose end was not seen.
    busy: bool,
    in_transaction: bool,
    /// The transaction has only read so far, and locked nothing: begun again, it is the same.
    pristine: bool,
    /// A statement of the transaction has failed, and no rollback to a savepoint came after it.
    failed: bool,
    lost: Lost,
    /// Leave to write, where it was needed.
    permit: Option<OwnedSemaphorePermit>,
}

/// Whether a connection is of further use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    No,
    /// It is closed; another one may serve.
    Disconnected,
    /// The server takes no writes any more.
    ReadOnly,
    /// The server did not answer within the time limit.
    Silent,
}

/// The result that is wanted of a statement.
#[derive(Clone, Copy)]
enum Wanted {
    Rows,
    Count,
}

enum Outcome {
    Rows(Vec<Row>),
    Count(u64),
    /// The rows have more bytes than the statement reads, and the rest is still arriving.
    TooLarge,
}

impl Connection {
    pub(super) fn new(object: Object<Target>, target: &Target) -> Self {
        Self {
            object: Some(object),
            statement_timeout: target.options.statement_timeout,
            prepared_statements: target.options.prepared_statements,
            busy: false,
            in_transaction: false,
            pristine: false,
            failed: false,
            lost: Lost::No,
            permit: None,
        }
    }

    pub(super) fn lost(&self) -> Lost {
        self.lost
    }

    pub(in crate::db) async fn all(&mut self, statement: &Statement) -> Result<Vec<Row>, DbError> {
        match self.run(statement, Wanted::Rows).await? {
            Outcome::Rows(rows) => Ok(rows),
            Outcome::Count(_) => Ok(Vec::new()),
            Outcome::TooLarge => Err(DbError::TooLarge),
        }
    }

    /// How many rows were touched.
    pub(in crate::db) async fn execute(&mut self, statement: &Statement) -> Result<u64, DbError> {
        match self.run(statement, Wanted::Count).await? {
            Outcome::Count(count) => Ok(count),
            Outcome::Rows(_) | Outcome::TooLarge => Ok(0),
        }
    }

    /// Several statements without values, such as a migration. They may take as long as they need.
    pub(in crate::db) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.simple(&format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; {sql}"), None).await
    }

    /// One statement without values, such as `SAVEPOINT`.
    pub(in crate::db) async fn command(&mut self, sql: &str) -> Result<(), DbError> {
        self.simple(sql, Some(self.statement_timeout + GRACE)).await
    }

    pub(super) async fn begin(&mut self) -> Result<(), DbError> {
        let begin = match self.prepared_statements {
            PreparedStatements::Kept => "BEGIN".to_owned(),
            // The session is another one for each transaction, so its limits are set here.
            PreparedStatements::Off => format!(
                "BEGIN; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}",
                self.statement_timeout.as_millis(),
                LOCK.as_millis(),
                IDLE_IN_TRANSACTION.as_millis()
            ),
        };
        self.in_transaction = true;
        self.command(&begin).await?;
        (self.pristine, self.failed) = (true, false);
        Ok(())
    }

    /// # Errors
    /// A statement of the transaction has failed: PostgreSQL would answer the `COMMIT` without an error, and roll back.
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

    async fn run(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, DbError> {
        statement.trace();
        let outcome = match self.attempt(statement, wanted).await {
            Err(Failure::Refused(error)) if is_stale_plan(&error) => self.prepare_again(statement, wanted).await,
            sent => Ok(sent?),
        };
        self.pristine &= is_plain_read(&statement.sql);
        outcome
    }

    /// Sends a statement once more whose plan is stale. The error has made its transaction fail: one that has changed nothing
    /// yet is begun again here, any other one only by whoever made it.
    async fn prepare_again(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, DbError> {
        self.object.as_deref().inspect(|session| session.plans.expire());
        if self.in_transaction {
            if !self.pristine {
                return Err(DbError::Conflict);
            }
            self.command("ROLLBACK").await?;
            self.begin().await?;
        }
        Ok(self.attempt(statement, wanted).await?)
    }

    async fn attempt(&mut self, statement: &Statement, wanted: Wanted) -> Result<Outcome, Failure> {
        self.note_unseen_end()?;
        let Some(session) = self.object.as_deref() else { return Err(Failure::Silent) };
        self.busy = true;
        let answer = send(session, self.prepared_statements, statement, wanted);
        let answer = timeout(self.statement_timeout + GRACE, answer).await.ok();
        let outcome = self.resolve_references(answer)?;
        self.busy = matches!(outcome, Outcome::TooLarge);
        Ok(outcome)
    }

    async fn simple(&mut self, sql: &str, limit: Option<Duration>) -> Result<(), DbError> {
        self.note_unseen_end()?;
        let Some(session) = self.object.as_deref() else { return Err(Failure::Silent.into()) };
        (self.busy, self.pristine) = (true, false);
        let answer = session.client.batch_execute(sql);
        let answer = match limit {
            Some(limit) => timeout(limit, answer).await.ok(),
            None => Some(answer.await),
        };
        Ok(self.resolve_references(answer)?)
    }

    /// A statement whose answer nobody awaited may have failed, and its transaction with it. On a connection that is of no
    /// further use, nothing is sent.
    fn note_unseen_end(&mut self) -> Result<(), Failure> {
        self.failed |= self.in_transaction && self.busy;
        if self.lost == Lost::No { Ok(()) } else { Err(Failure::Silent) }
    }

    /// For statements that others made: they may do more than they look like.
    pub(in crate::db) fn expect_anything(&mut self) {
        self.pristine = false;
    }

    /// Notes what an answer says of the connection. One that gives none in time is of no further use.
    fn resolve_references<T>(&mut self, answer: Option<Result<T, Error>>) -> Result<T, Failure> {
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

    /// Keeps the leave to write for as long as the connection is in use.
    pub(super) fn hold(&mut self, permit: Option<OwnedSemaphorePermit>) {
        self.permit = permit;
    }
}

/// Whether a statement leaves no trace in its transaction: it writes nothing and locks no row.
pub(super) fn is_plain_read(sql: &str) -> bool {
    sql.starts_with("SELECT") && !sql.contains(" FOR ")
}

enum Failure {
    Refused(Error),
    Silent,
}

impl From<Failure> for DbError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error.into(),
            Failure::Silent => DbError::unavailable("no answer within the time limit"),
        }
    }
}

async fn send(
    session: &Session,
    prepared: PreparedStatements,
    statement: &Statement,
    wanted: Wanted,
) -> Result<Outcome, Error> {
    let bound: Vec<Bound<'_>> = statement.values.iter().map(Bound).collect();
    let types = statement.values.iter().map(type_of);
    match prepared {
        PreparedStatements::Kept => {
            let prepared = session.prepare(&statement.sql, &types.collect::<Vec<_>>()).await?;
            let values: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
            match wanted {
                Wanted::Rows => read(session.client.query_raw(&prepared, values).await?, statement.max_bytes).await,
                Wanted::Count => session.client.execute(&prepared, &values).await.map(Outcome::Count),
            }
        }
        PreparedStatements::Off => {
            let values: Vec<(&(dyn ToSql + Sync), Type)> = bound.iter().map(|value| value as _).zip(types).collect();
            match wanted {
                Wanted::Rows => {
                    let rows = session.client.query_typed_raw(&statement.sql, values).await?;
                    read(rows, statement.max_bytes).await
                }
                Wanted::Count => session.client.execute_typed(&statement.sql, &values).await.map(Outcome::Count),
            }
        }
    }
}

/// Reads rows while they have no more bytes.
async fn read(rows: RowStream, max_bytes: Option<usize>) -> Result<Outcome, Error> {
    let mut rows = pin!(rows);
    let (mut read, mut size) = (Vec::new(), 0);
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
        let row = row?;
        size += row.raw_size_bytes();
        if max_bytes.is_some_and(|max| size > max) {
            return Ok(Outcome::TooLarge);
        }
        read.push(row);
    }
    Ok(Outcome::Rows(read))
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let permit = self.permit.take();
        if let (Lost::ReadOnly, Some(pool)) = (self.lost, Object::pool(&object)) {
            // The idle ones lead to the same server.
            pool.retain(|_, _| false);
        }
        match (self.lost, tokio::runtime::Handle::try_current()) {
            (Lost::No, _) if !self.busy && !self.in_transaction => {}
            (Lost::No, Ok(runtime)) => {
                let question = if self.in_transaction { Question::RollBack } else { Question::AreYouThere };
                drop(runtime.spawn(recover(object, question, permit)));
            }
            _ => Object::take(object).abort(),
        }
    }
}

/// Makes a connection ready for its next user: ends its transaction, once the statement has ended that nobody waits for any
/// more. One whose statement had to be cancelled is closed: nobody knows when the cancellation arrives.
async fn recover(object: Object<Target>, question: Question, permit: Option<OwnedSemaphorePermit>) {
    let answer = match question {
        Question::RollBack => timeout(RECOVERY, object.client.batch_execute("ROLLBACK")).await,
        Question::AreYouThere => timeout(RECOVERY, object.client.check_connection()).await,
    };
    if !matches!(answer, Ok(Ok(()))) {
        tracing::debug!("an abandoned statement is cancelled, and its connection closed");
        let _ = timeout(RECOVERY, object.client.cancel_token().cancel_query(object.tls.clone())).await;
        Object::take(object).abort();
    }
    drop(permit);
}

/// The question to a connection before it goes back to the pool.
#[derive(Clone, Copy)]
enum Question {
    RollBack,
    AreYouThere,
}
