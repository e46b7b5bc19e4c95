//! The database of an application: reading, and transactions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError};

use rust_decimal::Decimal;
use sea_orm::DatabaseConnection;
use tokio::sync::{Mutex, MutexGuard};

use super::column_kinds::ColumnKinds;
use super::options::{Options, PreparedStatements, Sharing};
use super::postgres::{self, Target};
use super::raw_row::RawRow;
use super::sqlite::{self, Sqlite};
use super::statement::Executed;
use super::{DbError, Dialect, IntoStatement, RowsCheck, Statement, StatementStart, decimal};
use crate::meta::ModelMeta;

#[derive(Clone)]
pub(crate) struct Database {
    pub(super) backend: Backend,
    /// The columns of the models; empty until `set_models` is called.
    kinds: Arc<OnceLock<Arc<ColumnKinds>>>,
    /// The server to `LISTEN` on. `None` on SQLite, or if only the URL of a pooler is known.
    listening: Option<Arc<Target>>,
}

/// The two kinds of server.
#[derive(Clone)]
pub(super) enum Backend {
    Postgres(postgres::Pool),
    Sqlite(Sqlite),
}

/// Rows with the names of their columns.
pub(super) enum NamedRows {
    Postgres(Vec<tokio_postgres::Row>),
    Sqlite(sqlite::decode::Described),
}

impl Database {
    /// Opens the database of a URL.
    ///
    /// # Errors
    /// The URL cannot be read, or the database does not answer.
    pub(crate) async fn connect(url: &str, options: &Options) -> Result<Self, DbError> {
        let backend = match url.split(':').next() {
            Some("sqlite") => Backend::Sqlite(Sqlite::open(url, options).await?),
            Some("postgres" | "postgresql") => {
                let pool = postgres::Pool::new(Target::parse(url, options)?)?;
                pool.connect().await?;
                let listening = listen_url(url, options).map(|url| Target::parse(url, options)).transpose()?;
                return Ok(Self {
                    backend: Backend::Postgres(pool),
                    kinds: Arc::default(),
                    listening: listening.map(Arc::new),
                });
            }
            _ => return Err(DbError::other("DATABASE_URL must begin with sqlite: or postgres:")),
        };
        Ok(Self { backend, kinds: Arc::default(), listening: None })
    }

    /// Tells SeaORM's entities the types of SQLite's columns. Later calls change nothing.
    pub(crate) fn set_models(&self, models: &[&'static ModelMeta]) {
        self.kinds.get_or_init(|| Arc::new(ColumnKinds::of(models)));
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.backend.dialect()
    }

    /// Whether writes run one after another, so that rows need no locks.
    pub(crate) fn has_single_writer(&self) -> bool {
        self.dialect() == Dialect::Sqlite
    }

    /// Whether the server has notifications. A pooler may still keep them from this node.
    pub(crate) fn has_notifications(&self) -> bool {
        self.reader().has_notifications()
    }

    /// Whether the database returns exactly this value after storing it.
    pub(crate) fn keeps_decimal(&self, value: &Decimal) -> bool {
        decimal::fits(self.dialect(), value)
    }

    pub(crate) fn statement(&self, sql: impl Into<String>) -> Statement {
        self.statements().statement(sql)
    }

    /// Writes SQL once for several executions.
    pub(crate) fn statement_of(&self, sql: impl IntoStatement) -> Statement {
        sql.into_statement(self.dialect())
    }

    pub(crate) fn statements(&self) -> StatementStart {
        StatementStart::new(self.dialect())
    }

    /// Returns the source for statements outside of a transaction, which only read.
    pub(crate) fn reader(&self) -> Source<'_> {
        Source::Pool(self)
    }

    /// Begins a transaction that may write. SQLite takes its write lock immediately, so that no transaction fails
    /// half-way because it cannot get the lock.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbError> {
        self.begin_checked(None, Sharing::Alone).await
    }

    /// Begins a transaction, with a check if there is one, whose rows must be taken before the commit
    /// ([`take_check`](Transaction::take_check)). PostgreSQL receives it together with `BEGIN`, or as a part of a
    /// statement that is a transaction by itself ([`Statement::last`]).
    pub(crate) async fn begin_checked(
        &self,
        check: Option<RowsCheck>,
        sharing: Sharing,
    ) -> Result<Transaction, DbError> {
        let connection = match &self.backend {
            Backend::Postgres(pool) => OpenConnection::Postgres(Box::new(Box::pin(pool.begin(check)).await?)),
            Backend::Sqlite(sqlite) => {
                let lease = Box::pin(sqlite.begin(sharing)).await?;
                let checked = match check {
                    Some(check) => Some(lease.all(&check.rows.into_statement(Dialect::Sqlite)).await?),
                    None => None,
                };
                OpenConnection::Sqlite(lease, checked)
            }
        };
        let open = OpenTransaction {
            dialect: self.dialect(),
            connection: Mutex::new(Some(connection)),
            undone: StdMutex::default(),
        };
        Ok(Transaction { open: Arc::new(open), kinds: self.kinds(), entities: OnceLock::new() })
    }

    /// Listens to a notification channel of the server; `None` if the server has no notifications or cannot be reached
    /// directly.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(crate) async fn listen(&self, channel: &str) -> Result<Option<Listener>, DbError> {
        match &self.listening {
            Some(target) => target.listen(channel).await.map(Listener).map(Some),
            None => Ok(None),
        }
    }

    /// Checks on a separate connection that the database answers and accepts writes.
    ///
    /// # Errors
    /// The reason, which may be shown to anyone: it names no file, host or user.
    pub(crate) async fn probe(&self) -> Result<(), &'static str> {
        match &self.backend {
            Backend::Postgres(pool) => pool.probe().await,
            Backend::Sqlite(sqlite) => sqlite.probe().await,
        }
    }

    /// Ends every connection; SQLite then folds its write-ahead log into the file.
    pub(crate) async fn close(&self) {
        match &self.backend {
            Backend::Postgres(pool) => pool.close(),
            Backend::Sqlite(sqlite) => sqlite.close().await,
        }
    }

    pub(super) fn kinds(&self) -> Arc<ColumnKinds> {
        self.kinds.get().cloned().unwrap_or_default()
    }
}

/// The URL to `LISTEN` on: a pooler does not forward notifications, so its URL cannot be used.
fn listen_url<'a>(url: &'a str, options: &'a Options) -> Option<&'a str> {
    let own = (options.prepared_statements == PreparedStatements::Kept).then_some(url);
    options.listen_url.as_ref().map(|url| url.0.as_str()).or(own)
}

/// Notifications of one channel, in their order.
pub(crate) struct Listener(postgres::Listener);

impl Listener {
    /// The next payload; `None` once the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        self.0.next().await
    }
}

impl Backend {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Backend::Postgres(_) => Dialect::Postgres,
            Backend::Sqlite(_) => Dialect::Sqlite,
        }
    }

    async fn all(&self, statement: &Statement) -> Result<Vec<RawRow>, DbError> {
        match self {
            Backend::Postgres(pool) => pool.all(statement).await.map(from_postgres),
            Backend::Sqlite(sqlite) => sqlite.all(statement).await.map(from_sqlite),
        }
    }

    pub(super) async fn named(&self, statement: &Statement) -> Result<NamedRows, DbError> {
        match self {
            Backend::Postgres(pool) => pool.all(statement).await.map(NamedRows::Postgres),
            Backend::Sqlite(sqlite) => sqlite.described(statement).await.map(NamedRows::Sqlite),
        }
    }

    pub(super) async fn executed(&self, statement: &Statement) -> Result<Executed, DbError> {
        match self {
            Backend::Postgres(pool) => pool.execute(statement).await.map(|rows| Executed { rows, last_id: 0 }),
            Backend::Sqlite(sqlite) => sqlite.execute(statement).await,
        }
    }
}

/// An open transaction. Dropping it rolls it back.
pub(crate) struct Transaction {
    pub(super) open: Arc<OpenTransaction>,
    pub(super) kinds: Arc<ColumnKinds>,
    pub(super) entities: OnceLock<DatabaseConnection>,
}

impl Transaction {
    /// A statement without values, such as `SAVEPOINT`.
    pub(super) async fn command(&self, sql: &str) -> Result<(), DbError> {
        self.open.command(sql).await
    }

    /// Undoes the statements since the savepoint, which remains open.
    pub(super) async fn roll_back_to(&self, savepoint: &str) -> Result<(), DbError> {
        self.open.roll_back_to(savepoint).await
    }

    /// Runs statements without values and without a time limit, such as a migration.
    pub(super) async fn script(&self, sql: &str) -> Result<(), DbError> {
        match self.open.connection().await?.as_mut() {
            Some(OpenConnection::Postgres(connection)) => connection.script(sql).await,
            Some(OpenConnection::Sqlite(lease, _)) => lease.script(sql).await,
            None => Err(has_ended()),
        }
    }

    /// Whether the check has not run yet, so that `take_check` would take a round trip of its own.
    pub(crate) async fn has_check_to_run(&self) -> Result<bool, DbError> {
        match self.open.connection().await?.as_ref() {
            Some(OpenConnection::Postgres(connection)) => Ok(connection.has_check_to_run()),
            Some(OpenConnection::Sqlite(..)) | None => Ok(false),
        }
    }

    /// Takes the rows of the check; `None` without one, or if they were taken before.
    pub(crate) async fn take_check(&self) -> Result<Option<Vec<RawRow>>, DbError> {
        match self.open.connection().await?.as_mut() {
            Some(OpenConnection::Postgres(connection)) => Ok(connection.take_check().await?.map(from_postgres)),
            Some(OpenConnection::Sqlite(_, checked)) => Ok(checked.take().map(from_sqlite)),
            None => Ok(None),
        }
    }

    /// # Errors
    /// Nothing was written, except if the connection was lost during the commit: then the result is unknown.
    pub(crate) async fn commit(self) -> Result<(), DbError> {
        match self.open.connection().await?.take() {
            Some(OpenConnection::Postgres(mut connection)) => connection.commit().await,
            Some(OpenConnection::Sqlite(_, Some(_))) => Err(DbError::unread_check()),
            Some(OpenConnection::Sqlite(lease, None)) => lease.commit().await,
            None => Err(has_ended()),
        }
    }

    pub(crate) async fn roll_back(self) -> Result<(), DbError> {
        match self.open.connection.lock().await.take() {
            Some(OpenConnection::Postgres(mut connection)) => connection.roll_back().await,
            Some(OpenConnection::Sqlite(lease, _)) => lease.roll_back().await,
            None => Ok(()),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Ok(mut connection) = self.open.connection.try_lock() {
            connection.take();
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // An interceptor has kept SeaORM's connection and is running a statement on it.
            let open = self.open.clone();
            runtime.spawn(async move { drop(open.connection.lock().await.take()) });
        }
    }
}

enum OpenConnection {
    Postgres(Box<postgres::Transaction>),
    /// With the rows of its check.
    Sqlite(sqlite::Lease, Option<Vec<sqlite::SqliteRow>>),
}

/// The connection of a transaction, until it has ended.
pub(super) struct OpenTransaction {
    dialect: Dialect,
    connection: Mutex<Option<OpenConnection>>,
    /// SeaORM's savepoints that must be undone before the next statement.
    undone: StdMutex<VecDeque<String>>,
}

impl OpenTransaction {
    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    async fn connection(&self) -> Result<MutexGuard<'_, Option<OpenConnection>>, DbError> {
        let mut connection = self.connection.lock().await;
        while let Some(savepoint) = self.first_undone() {
            let open = connection.as_mut().ok_or_else(has_ended)?;
            open.roll_back_to(&savepoint).await?;
            open.command(&format!("RELEASE SAVEPOINT {savepoint}")).await?;
            // Removed only now: if this future is cancelled before, the next statement undoes the savepoint.
            self.undone.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        }
        Ok(connection)
    }

    fn first_undone(&self) -> Option<String> {
        self.undone.lock().unwrap_or_else(PoisonError::into_inner).front().cloned()
    }

    async fn all(&self, statement: &Statement) -> Result<Vec<RawRow>, DbError> {
        match self.connection().await?.as_mut() {
            Some(OpenConnection::Postgres(connection)) => connection.all(statement).await.map(from_postgres),
            Some(OpenConnection::Sqlite(lease, _)) => lease.all(statement).await.map(from_sqlite),
            None => Err(has_ended()),
        }
    }

    pub(super) async fn named(&self, statement: &Statement) -> Result<NamedRows, DbError> {
        match self.connection().await?.as_mut() {
            Some(OpenConnection::Postgres(connection)) => {
                connection.mark_changed().await?;
                connection.all(statement).await.map(NamedRows::Postgres)
            }
            Some(OpenConnection::Sqlite(lease, _)) => lease.described(statement).await.map(NamedRows::Sqlite),
            None => Err(has_ended()),
        }
    }

    pub(super) async fn executed(&self, statement: &Statement) -> Result<Executed, DbError> {
        match self.connection().await?.as_mut() {
            Some(OpenConnection::Postgres(connection)) => {
                connection.mark_changed().await?;
                connection.execute(statement).await.map(|rows| Executed { rows, last_id: 0 })
            }
            Some(OpenConnection::Sqlite(lease, _)) => lease.execute(statement).await,
            None => Err(has_ended()),
        }
    }

    pub(super) async fn command(&self, sql: &str) -> Result<(), DbError> {
        self.connection().await?.as_mut().ok_or_else(has_ended)?.command(sql).await
    }

    async fn roll_back_to(&self, savepoint: &str) -> Result<(), DbError> {
        self.connection().await?.as_mut().ok_or_else(has_ended)?.roll_back_to(savepoint).await
    }

    /// Schedules a savepoint to be undone before the next statement.
    pub(super) fn undo_later(&self, savepoint: String) {
        self.undone.lock().unwrap_or_else(PoisonError::into_inner).push_back(savepoint);
    }

    /// Undoes the savepoints that `undo_later` has scheduled.
    pub(super) async fn undo_pending(&self) {
        if let Err(error) = self.connection().await {
            tracing::error!(%error, "failed to undo a savepoint of an interceptor");
        }
    }
}

impl OpenConnection {
    async fn command(&mut self, sql: &str) -> Result<(), DbError> {
        match self {
            OpenConnection::Postgres(connection) => connection.command(sql).await,
            OpenConnection::Sqlite(lease, _) => lease.command(sql).await,
        }
    }

    async fn roll_back_to(&mut self, savepoint: &str) -> Result<(), DbError> {
        match self {
            OpenConnection::Postgres(connection) => connection.roll_back_to(savepoint).await,
            OpenConnection::Sqlite(lease, _) => lease.script(&format!("ROLLBACK TO SAVEPOINT {savepoint}")).await,
        }
    }
}

fn has_ended() -> DbError {
    DbError::other("the transaction has ended")
}

fn from_postgres(rows: Vec<tokio_postgres::Row>) -> Vec<RawRow> {
    rows.into_iter().map(RawRow::Postgres).collect()
}

fn from_sqlite(rows: Vec<sqlite::SqliteRow>) -> Vec<RawRow> {
    rows.into_iter().map(RawRow::Sqlite).collect()
}

/// Where a statement runs.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Pool(&'a Database),
    Transaction(&'a Transaction),
}

impl Source<'_> {
    fn dialect(&self) -> Dialect {
        match self {
            Source::Pool(database) => database.dialect(),
            Source::Transaction(transaction) => transaction.open.dialect,
        }
    }

    /// Whether the server has notifications. A pooler may still keep them from this node.
    pub(crate) fn has_notifications(&self) -> bool {
        self.dialect() == Dialect::Postgres
    }

    pub(crate) fn statement(&self, sql: impl Into<String>) -> Statement {
        Statement::new(self.dialect(), sql)
    }

    pub(crate) async fn all(&self, sql: impl IntoStatement) -> Result<Vec<RawRow>, DbError> {
        let statement = sql.into_statement(self.dialect());
        // Boxed, so that the futures of requests stay small.
        let rows = match self {
            Source::Pool(database) => Box::pin(database.backend.all(&statement)).await,
            Source::Transaction(transaction) => Box::pin(transaction.open.all(&statement)).await,
        };
        rows.inspect_err(|error| log_timeout(error, &statement))
    }

    pub(crate) async fn one(&self, sql: impl IntoStatement) -> Result<Option<RawRow>, DbError> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// Returns the number of affected rows.
    pub(crate) async fn execute(&self, sql: impl IntoStatement) -> Result<u64, DbError> {
        let statement = sql.into_statement(self.dialect());
        let executed = match self {
            Source::Pool(database) => Box::pin(database.backend.executed(&statement)).await,
            Source::Transaction(transaction) => Box::pin(transaction.open.executed(&statement)).await,
        };
        Ok(executed.inspect_err(|error| log_timeout(error, &statement))?.rows)
    }
}

/// Logs the text of a statement that took too long. It contains no values, which are bound.
fn log_timeout(error: &DbError, statement: &Statement) {
    if matches!(error, DbError::Timeout) {
        tracing::warn!(sql = &*statement.sql, "a statement took too long");
    }
}
