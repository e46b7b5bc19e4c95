//! SQL text and values, run on a pool or inside a transaction.

use sea_orm::sea_query::ArrayType;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, QueryResult, Value};

use super::{DbError, Dialect, quote};

/// SQL text under construction, with the values for its placeholders.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) dialect: Dialect,
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(dialect: Dialect, sql: impl Into<String>) -> Self {
        Self { dialect, sql: sql.into(), values: Vec::new() }
    }

    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(crate) fn identifier(&mut self, name: &str) -> &mut Self {
        quote(name, &mut self.sql);
        self
    }

    /// A placeholder and its value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.dialect.placeholder(self.values.len(), &mut self.sql);
        self
    }

    /// The same parts again, with a separator between them.
    pub(crate) fn join<T>(
        &mut self,
        separator: &str,
        parts: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        for (position, part) in parts.into_iter().enumerate() {
            if position > 0 {
                self.push(separator);
            }
            write(self, part);
        }
        self
    }

    /// Behind a column that is one of these, all of one type. On PostgreSQL the text is the same for any number of them.
    pub(crate) fn among(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => self.push(" IN (").join(", ", values, |this, value| this.bind(value)).push(")"),
            Dialect::Postgres => self.push(" = ANY(").bind(array(values)).push(")"),
        }
    }

    /// On its way to the database. `RUST_LOG=gable::sql=trace` shows its text; values are bound, so that none is in it.
    fn into_raw(self, backend: sea_orm::DbBackend) -> sea_orm::Statement {
        tracing::trace!(target: "gable::sql", sql = self.sql);
        sea_orm::Statement { sql: self.sql, values: Some(sea_orm::sea_query::Values(self.values)), db_backend: backend }
    }
}

/// One value for several of one type, on PostgreSQL.
pub(crate) fn array(values: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    let kind = values.first().map_or(ArrayType::BigInt, Value::array_type);
    Value::Array(kind, Some(Box::new(values)))
}

/// Where a statement runs.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Pool(&'a DatabaseConnection),
    Transaction(&'a DatabaseTransaction),
}

impl Source<'_> {
    pub(crate) async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbError> {
        let rows = match self {
            Source::Pool(pool) => pool.query_all_raw(statement.into_raw(pool.get_database_backend())).await,
            Source::Transaction(tx) => tx.query_all_raw(statement.into_raw(tx.get_database_backend())).await,
        };
        Ok(rows?)
    }

    pub(crate) async fn one(&self, statement: Statement) -> Result<Option<QueryResult>, DbError> {
        let row = match self {
            Source::Pool(pool) => pool.query_one_raw(statement.into_raw(pool.get_database_backend())).await,
            Source::Transaction(tx) => tx.query_one_raw(statement.into_raw(tx.get_database_backend())).await,
        };
        Ok(row?)
    }

    /// How many rows were touched.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<u64, DbError> {
        let done = match self {
            Source::Pool(pool) => pool.execute_raw(statement.into_raw(pool.get_database_backend())).await,
            Source::Transaction(tx) => tx.execute_raw(statement.into_raw(tx.get_database_backend())).await,
        };
        Ok(done?.rows_affected())
    }
}
