//! Checks that a SELECT still returns the rows that a request relies on: by its rows, or within the statement that
//! relies on them.

use std::sync::Arc;

use sea_orm::Value;

use super::fixed_sql::{Texts, write};
use super::{BoundSql, DbError, Dialect, NamedSql, Row, Statement};

/// The fingerprint of the rows of a SELECT. A star after the name, because the name alone could also be a column of the
/// statement around it. SHA-256, because MD5 may be disabled in the server.
const FINGERPRINT: &str =
    r#"SELECT sha256(convert_to(string_agg(("gable_row".*)::text, ',' ORDER BY ("gable_row".*)::text), 'UTF8'))"#;

/// A SELECT with one value whose rows a transaction checks before it commits.
#[derive(Debug)]
pub(crate) struct CheckedSql {
    rows: NamedSql<1>,
    rows_with_fingerprint: NamedSql<1>,
    /// The condition that the rows have a fingerprint; PostgreSQL only.
    unchanged: Arc<str>,
}

impl CheckedSql {
    /// `selected` is the SQL that follows `SELECT`, with one `?`.
    pub(crate) fn new(selected: &str) -> Self {
        let rows = format!("SELECT NULL, {selected}");
        let with_fingerprint = format!(
            r#"WITH "gable_row" AS MATERIALIZED (SELECT {selected})
               SELECT ({FINGERPRINT} FROM "gable_row"), "gable_row".* FROM "gable_row""#
        );
        let unchanged = format!(r#"({FINGERPRINT} FROM (SELECT {selected}) "gable_row") IS NOT DISTINCT FROM ?"#);
        Self {
            rows_with_fingerprint: NamedSql::of(Texts::of_each(&rows, &with_fingerprint)),
            rows: NamedSql::new(rows),
            unchanged: unchanged.into(),
        }
    }

    /// Selects the rows, with their fingerprint as the first column.
    pub(crate) fn rows_with_fingerprint(&self, value: impl Into<Value>) -> BoundSql {
        self.rows_with_fingerprint.with([value.into()])
    }

    /// Selects the rows without computing their fingerprint; the first column is null.
    pub(crate) fn rows(&self, value: impl Into<Value>) -> BoundSql {
        self.rows.with([value.into()])
    }

    /// The check of a transaction that relies on rows, which it compares by their fingerprint if there is one.
    pub(crate) fn check(&self, value: impl Into<Value>, relied_on: Option<&Fingerprint>) -> RowsCheck {
        let value = value.into();
        let unchanged = relied_on.and_then(|relied_on| relied_on.0.as_ref()).map(|fingerprint| Unchanged {
            text: self.unchanged.clone(),
            values: [value.clone(), fingerprint.clone().into()],
        });
        RowsCheck { rows: self.rows(value), unchanged }
    }
}

/// The fingerprint of rows; none on a database that does not compare them within a statement. Two values always compare
/// equal, because the rows themselves are compared.
#[derive(Debug, Default)]
pub(crate) struct Fingerprint(Option<Vec<u8>>);

impl PartialEq for Fingerprint {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Fingerprint {
    /// Reads the first column of `CheckedSql::rows_with_fingerprint`.
    pub(crate) fn read(row: &mut Row<'_>) -> Result<Self, DbError> {
        row.next().map(Self)
    }
}

/// The check of one transaction.
pub(crate) struct RowsCheck {
    /// Selects the rows.
    pub(super) rows: BoundSql,
    pub(super) unchanged: Option<Unchanged>,
}

/// A condition within a statement of PostgreSQL: that a SELECT returns the same rows as before.
pub(super) struct Unchanged {
    text: Arc<str>,
    values: [Value; 2],
}

impl Unchanged {
    pub(super) fn push_to(&self, statement: &mut Statement) {
        statement.push(&write(&self.text, Dialect::Postgres, statement.values.len()));
        statement.values.extend(self.values.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::IntoStatement;
    use super::super::statement::is_plain_read;
    use super::*;

    #[test]
    fn rows_are_read_again_if_their_connection_was_lost() {
        let checked = CheckedSql::new(r#"a."id" FROM "users" a WHERE a."id" = ?"#);
        for sql in [checked.rows(1_i64), checked.rows_with_fingerprint(1_i64)] {
            let sql = sql.into_statement(Dialect::Postgres).sql;
            assert!(is_plain_read(&sql), "{sql}");
        }
    }
}
