//! Runs SeaORM's entities on the connections of this module: inside the open transaction, or on read-only connections.
//!
//! SeaORM sees these connections as a proxy, whose rows are maps from a column's name to a value. A value must have the
//! type of the entity's field: PostgreSQL reports the type of each column, and for SQLite it is taken from the model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use rusqlite::types::Value as Cell;
use sea_orm::{
    DatabaseConnection, DatabaseConnectionType, DbBackend, DbErr, ProxyDatabaseConnection, ProxyDatabaseTrait,
    ProxyExecResult, ProxyRow, Statement as SeaStatement, Value,
};

use super::column_kinds::ColumnKinds;
use super::database::{Backend, Database, NamedRows, OpenTransaction, Transaction};
use super::sqlite::decode::{self, Described};
use super::statement::Executed;
use super::{DbError, Dialect, Statement, postgres};
use crate::meta::FieldKind;

impl Database {
    /// A connection for SeaORM's entities to read from.
    pub(crate) fn entities(&self) -> DatabaseConnection {
        let reading =
            ReadingProxy { backend: self.backend.clone(), kinds: self.kinds(), began: AtomicBool::new(false) };
        proxy(self.dialect(), Box::new(reading))
    }
}

impl Transaction {
    /// The connection of the transaction, for SeaORM's entities.
    pub(crate) fn entities(&self) -> &DatabaseConnection {
        self.entities.get_or_init(|| {
            let (transaction, kinds) = (self.open.clone(), self.kinds.clone());
            proxy(self.open.dialect(), Box::new(InTransaction { transaction, kinds, depth: AtomicUsize::new(0) }))
        })
    }
}

fn proxy(dialect: Dialect, proxy: Box<dyn ProxyDatabaseTrait>) -> DatabaseConnection {
    let backend = match dialect {
        Dialect::Sqlite => DbBackend::Sqlite,
        Dialect::Postgres => DbBackend::Postgres,
    };
    let connection = ProxyDatabaseConnection::new(backend, Arc::new(proxy));
    DatabaseConnectionType::ProxyDatabaseConnection(Arc::new(connection)).into()
}

struct InTransaction {
    transaction: Arc<OpenTransaction>,
    kinds: Arc<ColumnKinds>,
    /// The number of open savepoints; SeaORM calls them transactions.
    depth: AtomicUsize,
}

impl std::fmt::Debug for InTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InTransaction")
    }
}

impl InTransaction {
    /// Ends the innermost savepoint and returns its name.
    fn leave(&self) -> String {
        format!("gable_entities_{}", self.depth.fetch_sub(1, Ordering::Relaxed))
    }

    /// Logs errors, because SeaORM's trait cannot return them here. After an error, PostgreSQL does not commit the
    /// transaction; on SQLite, a savepoint fails only if the transaction has ended.
    async fn command(&self, sql: &str) {
        if let Err(error) = self.transaction.command(sql).await {
            tracing::error!(%error, "a savepoint of an interceptor failed");
        }
    }
}

#[async_trait]
impl ProxyDatabaseTrait for InTransaction {
    async fn query(&self, statement: SeaStatement) -> Result<Vec<ProxyRow>, DbErr> {
        let dialect = self.transaction.dialect();
        Ok(rows(self.transaction.named(&own(dialect, statement)).await?, &self.kinds)?)
    }

    async fn execute(&self, statement: SeaStatement) -> Result<ProxyExecResult, DbErr> {
        let dialect = self.transaction.dialect();
        Ok(self.transaction.executed(&own(dialect, statement)).await?.into())
    }

    async fn begin(&self) {
        let depth = self.depth.fetch_add(1, Ordering::Relaxed) + 1;
        self.command(&format!("SAVEPOINT gable_entities_{depth}")).await;
    }

    async fn commit(&self) {
        let name = self.leave();
        self.command(&format!("RELEASE SAVEPOINT {name}")).await;
    }

    async fn rollback(&self) {
        self.start_rollback();
        self.transaction.undo_pending().await;
    }

    fn start_rollback(&self) {
        self.transaction.undo_later(self.leave());
    }
}

struct ReadingProxy {
    backend: Backend,
    kinds: Arc<ColumnKinds>,
    /// Whether a transaction was begun, which is not possible on these connections.
    began: AtomicBool,
}

impl std::fmt::Debug for ReadingProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReadingProxy")
    }
}

impl ReadingProxy {
    fn check(&self, sql: &str) -> Result<(), DbErr> {
        let reads = ["SELECT", "WITH"].iter().any(|word| sql.trim_start().starts_with(word));
        match (self.began.load(Ordering::Relaxed), reads) {
            (false, true) => Ok(()),
            _ => Err(DbErr::Custom("`Context::database` only reads; write with `Context::transaction`".to_owned())),
        }
    }
}

#[async_trait]
impl ProxyDatabaseTrait for ReadingProxy {
    async fn query(&self, statement: SeaStatement) -> Result<Vec<ProxyRow>, DbErr> {
        self.check(&statement.sql)?;
        Ok(rows(self.backend.named(&own(self.backend.dialect(), statement)).await?, &self.kinds)?)
    }

    async fn execute(&self, statement: SeaStatement) -> Result<ProxyExecResult, DbErr> {
        self.check(&statement.sql)?;
        Ok(self.backend.executed(&own(self.backend.dialect(), statement)).await?.into())
    }

    async fn begin(&self) {
        self.began.store(true, Ordering::Relaxed);
    }
}

impl From<Executed> for ProxyExecResult {
    fn from(executed: Executed) -> Self {
        Self { last_insert_id: executed.last_id.unsigned_abs(), rows_affected: executed.rows }
    }
}

fn own(dialect: Dialect, statement: SeaStatement) -> Statement {
    let values = statement.values.map(|values| values.0).unwrap_or_default();
    Statement { values, ..Statement::new(dialect, statement.sql) }
}

fn rows(named: NamedRows, kinds: &ColumnKinds) -> Result<Vec<ProxyRow>, DbError> {
    match named {
        NamedRows::Postgres(rows) => {
            rows.iter().map(postgres::decode::named).map(|row| Ok(ProxyRow::new(row?))).collect()
        }
        NamedRows::Sqlite(described) => sqlite_rows(described, kinds),
    }
}

fn sqlite_rows(described: Described, kinds: &ColumnKinds) -> Result<Vec<ProxyRow>, DbError> {
    let columns: Vec<(String, Option<FieldKind>)> =
        described.columns.iter().map(|column| (column.name.clone(), kinds.of_column(column))).collect();
    let row = |row: decode::SqliteRow| {
        let values: Result<BTreeMap<String, Value>, DbError> = columns
            .iter()
            .zip(row.into_cells())
            .map(|((name, kind), cell)| Ok((name.clone(), value(name, *kind, cell)?)))
            .collect();
        Ok(ProxyRow::new(values?))
    };
    described.rows.into_iter().map(row).collect()
}

/// Converts a cell to a SeaORM value of the field's kind. Computed columns have no kind.
fn value(name: &str, kind: Option<FieldKind>, cell: Cell) -> Result<Value, DbError> {
    let Some(kind) = kind else { return Ok(computed(cell)) };
    if cell == Cell::Null {
        return Ok(null(kind));
    }
    let value = match kind {
        FieldKind::Integer => decode::integer::<i32>(&cell).map(Value::from),
        FieldKind::Bigint => decode::integer::<i64>(&cell).map(Value::from),
        FieldKind::Float => decode::float(&cell).map(Value::from),
        FieldKind::Decimal { .. } => decode::decimal(&cell).map(Value::from),
        FieldKind::Boolean => decode::boolean(&cell).map(Value::from),
        FieldKind::Date => decode::date(&cell).map(Value::from),
        FieldKind::Time => decode::time(&cell).map(Value::from),
        FieldKind::Datetime => decode::datetime(&cell).map(Value::from),
        FieldKind::Uuid => decode::uuid(&cell).map(Value::from),
        FieldKind::Json | FieldKind::EnumList(_) => decode::json(&cell).map(Value::from),
        _ => decode::text(&cell).map(Value::from),
    };
    value.ok_or_else(|| DbError::other(format!("the column {name} does not hold a {kind:?}")))
}

/// A null of the field's type.
fn null(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Integer => Value::Int(None),
        FieldKind::Bigint => Value::BigInt(None),
        FieldKind::Float => Value::Double(None),
        FieldKind::Decimal { .. } => Value::Decimal(None),
        FieldKind::Boolean => Value::Bool(None),
        FieldKind::Date => Value::ChronoDate(None),
        FieldKind::Time => Value::ChronoTime(None),
        FieldKind::Datetime => Value::ChronoDateTimeUtc(None),
        FieldKind::Uuid => Value::Uuid(None),
        FieldKind::Json | FieldKind::EnumList(_) => Value::Json(None),
        _ => Value::String(None),
    }
}

fn computed(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::String(None),
        Cell::Integer(number) => number.into(),
        Cell::Real(number) => number.into(),
        Cell::Text(text) => text.into(),
        Cell::Blob(bytes) => bytes.into(),
    }
}
