//! SQL text with the values for its placeholders.

use std::borrow::Cow;
use std::mem::discriminant;

use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use super::rows_check::Unchanged;
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
    pub(super) ending: Ending,
}

/// How a statement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With anything else than the following.
    Other,
    /// With `RETURNING` and columns.
    Returning,
    /// With `RETURNING` and columns, and only `COMMIT` follows in its transaction.
    LastReturning,
    /// With `RETURNING`, columns, and the condition that its transaction has begun.
    OnlyInTransaction,
}

/// Begins a transaction of PostgreSQL, with a setting that has its value only inside the transaction.
pub(super) const BEGIN_MARKED: &str = "BEGIN; SET LOCAL gable.in_transaction = 'on'";

impl Statement {
    pub(crate) fn new(dialect: Dialect, sql: impl Into<String>) -> Self {
        let sql: String = sql.into();
        Self::bound(dialect, sql, Vec::new())
    }

    /// A statement with all of its text and values.
    pub(super) fn bound(dialect: Dialect, sql: impl Into<Cow<'static, str>>, values: Vec<Value>) -> Self {
        Self { dialect, sql: sql.into(), values, max_bytes: None, short: false, ending: Ending::Other }
    }

    /// Marks a statement that reads or writes few rows, which it finds by their keys, and makes no other row change. A
    /// row rule that looks into another table may take long, so such a statement is not marked.
    pub(crate) fn short(self) -> Self {
        Self { short: !self.sql.contains("EXISTS ("), ..self }
    }

    /// Ends the statement with the columns that it returns of the rows it writes. On PostgreSQL, it is then sent
    /// together with `BEGIN` if it is the first one of its transaction.
    pub(crate) fn returning(mut self, columns: &str) -> Self {
        self.push(" RETURNING ").push(columns);
        Self { ending: Ending::Returning, ..self }
    }

    /// Declares that no statement follows this one, which ends with `RETURNING`, in its transaction unless it writes no
    /// row. On PostgreSQL, it is then a transaction by itself if it is also the first one.
    pub(crate) fn last(self) -> Self {
        debug_assert_eq!(self.ending, Ending::Returning, "{}", self.sql);
        Self { ending: Ending::LastReturning, ..self }
    }

    /// The statement with a column that is a division by zero if rows have changed. It writes nothing then.
    pub(super) fn if_unchanged(&self, rows: Option<&Unchanged>) -> Self {
        let mut conditional = self.clone();
        if let Some(rows) = rows {
            conditional.push(", 1 / (");
            rows.push_to(&mut conditional);
            conditional.push(")::int");
        }
        conditional
    }

    /// The statement with a column that is a division by zero outside of a transaction that `BEGIN_MARKED` has begun.
    /// It writes nothing then, so that it can be sent before the answer to `BEGIN`.
    pub(super) fn only_in_transaction(&self) -> Self {
        let mut conditional = self.clone();
        conditional.push(", 1 / (current_setting('gable.in_transaction', true) IS NOT DISTINCT FROM 'on')::int");
        Self { ending: Ending::OnlyInTransaction, ..conditional }
    }

    /// Whether nothing follows it in its transaction, unless it writes no row.
    pub(super) fn is_last(&self) -> bool {
        self.ending == Ending::LastReturning && self.max_bytes.is_none()
    }

    /// Whether it ends with the columns of `RETURNING`, so that another one can be added.
    pub(super) fn returns_columns(&self) -> bool {
        matches!(self.ending, Ending::Returning | Ending::LastReturning)
    }

    pub(super) fn needs_transaction(&self) -> bool {
        self.ending == Ending::OnlyInTransaction
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

    /// Appends the rows of an INSERT, which have the same number of values. On PostgreSQL, the text does not depend on
    /// the number of rows if there are several: each column is an array.
    pub(crate) fn rows<'v>(
        &mut self,
        rows: impl Iterator<Item = impl Iterator<Item = &'v Value>> + Clone,
    ) -> &mut Self {
        if self.dialect == Dialect::Postgres
            && let Some(columns) = arrays(rows.clone())
        {
            return self.push("SELECT * FROM unnest(").join(", ", columns, Self::bind).push(")");
        }
        self.push("VALUES ").join(", ", rows, |this, row| {
            this.push("(").join(", ", row, |this, value| this.bind(value.clone())).push(")")
        })
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
    ["SELECT", "WITH \"gable_page\"", "WITH \"gable_row\""].iter().any(|start| sql.starts_with(start))
        && !sql.contains(" FOR ")
}

/// The number of rows that a statement changed, and the id of the last row if SQLite generated it.
pub(super) struct Executed {
    pub(super) rows: u64,
    pub(super) last_id: i64,
}

/// The columns of several rows as arrays; `None` for a single row, and if a column has values of different types, or
/// arrays, which `unnest` would flatten.
fn arrays<'v>(rows: impl Iterator<Item = impl Iterator<Item = &'v Value>>) -> Option<Vec<Value>> {
    let mut columns: Vec<Vec<Value>> = Vec::new();
    let mut count = 0;
    for row in rows {
        for (position, value) in row.enumerate() {
            if columns.len() == position {
                columns.push(Vec::new());
            }
            let column = &mut columns[position];
            let is_alike = column.first().is_none_or(|first| discriminant(first) == discriminant(value));
            if !is_alike || matches!(value, Value::Array(..)) {
                return None;
            }
            column.push(value.clone());
        }
        count += 1;
    }
    (count > 1 && columns.iter().all(|column| column.len() == count)).then(|| columns.into_iter().map(array).collect())
}

/// A PostgreSQL array of values of one type.
pub(crate) fn array(values: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    let kind = values.first().map_or(ArrayType::BigInt, Value::array_type);
    Value::Array(kind, Some(Box::new(values)))
}
