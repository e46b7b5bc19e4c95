//! SQL text with the values for its placeholders.

use std::borrow::Cow;

use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use super::{Dialect, quote};

/// Starts statements for one database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatementStart(Dialect);

impl StatementStart {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self(dialect)
    }

    pub(crate) fn statement(self, sql: impl Into<String>) -> Statement {
        Statement::new(self.0, sql)
    }
}

/// SQL text under construction, with the values for its placeholders.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(super) dialect: Dialect,
    pub(crate) sql: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
    /// Maximum bytes of the rows; reading more ends with `DbError::TooLarge`. `None` is no limit.
    pub(super) max_bytes: Option<usize>,
    /// Whether the statement reads or writes few rows, which it finds by their keys.
    pub(super) short: bool,
}

impl Statement {
    pub(crate) fn new(dialect: Dialect, sql: impl Into<String>) -> Self {
        let sql: String = sql.into();
        Self::bound(dialect, sql, Vec::new())
    }

    /// A statement with all of its text and values.
    pub(super) fn bound(dialect: Dialect, sql: impl Into<Cow<'static, str>>, values: Vec<Value>) -> Self {
        Self { dialect, sql: sql.into(), values, max_bytes: None, short: false }
    }

    /// Marks a statement that reads or writes few rows, which it finds by their keys, and makes no other row change. A
    /// row rule that looks into another table may take long, so such a statement is not marked.
    pub(crate) fn short(self) -> Self {
        Self { short: !self.sql.contains("EXISTS ("), ..self }
    }

    /// Limits the bytes of the rows that are read.
    pub(crate) fn at_most(self, bytes: usize) -> Self {
        Self { max_bytes: Some(bytes), ..self }
    }

    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    pub(crate) fn identifier(&mut self, name: &str) -> &mut Self {
        quote(name, self.sql.to_mut());
        self
    }

    /// Appends a placeholder and binds its value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.dialect.placeholder(self.values.len(), self.sql.to_mut());
        self
    }

    /// Wraps a text expression so that it is compared without regard to case. Only ASCII letters are folded, on every
    /// database and in every locale, as Rust's `to_ascii_lowercase` does. Indexes use the same expression.
    pub(crate) fn folded(&mut self, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.push("lower(");
        write(self);
        self.push(match self.dialect {
            Dialect::Sqlite => ")",
            Dialect::Postgres => " COLLATE \"C\")",
        })
    }

    /// Writes a part for each item, with a separator between them.
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

    /// Appends a test that the preceding column is one of these values, which have one type. On PostgreSQL the text
    /// does not depend on their number.
    pub(crate) fn among(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => self.push(" IN (").join(", ", values, |this, value| this.bind(value)).push(")"),
            Dialect::Postgres => self.push(" = ANY(").bind(array(values)).push(")"),
        }
    }

    /// Appended to a SELECT: locks the rows against changes by others until the transaction ends. Others may still
    /// refer to them, as ids never change; a transaction that then deletes such a row may wait for another that waits
    /// for it, and fails with a conflict. Writes nothing for SQLite, which has a single writer.
    pub(crate) fn push_for_update(&mut self) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => self,
            Dialect::Postgres => self.push(" FOR NO KEY UPDATE"),
        }
    }

    /// The condition that a text has characters beyond ASCII: more bytes than characters.
    pub(crate) fn push_beyond_ascii(&mut self, column: &str) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => self.push("length(CAST(").identifier(column).push(" AS BLOB)) <> length("),
            Dialect::Postgres => self.push("octet_length(").identifier(column).push(") <> char_length("),
        }
        .identifier(column)
        .push(")")
    }

    /// Logs the text at `RUST_LOG=gable::sql=trace`. It contains no values, which are bound.
    pub(super) fn trace(&self) {
        tracing::trace!(target: "gable::sql", sql = &*self.sql);
    }
}

/// Whether a statement leaves no trace in its transaction: it writes nothing and locks no row.
pub(super) fn is_plain_read(sql: &str) -> bool {
    (sql.starts_with("SELECT") || sql.starts_with("WITH \"gable_page\"")) && !sql.contains(" FOR ")
}

/// The number of rows that a statement changed, and the id of the last row if SQLite generated it.
pub(super) struct Executed {
    pub(super) rows: u64,
    pub(super) last_id: i64,
}

/// A PostgreSQL array of values of one type.
pub(crate) fn array(values: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    let kind = values.first().map_or(ArrayType::BigInt, Value::array_type);
    Value::Array(kind, Some(Box::new(values)))
}
