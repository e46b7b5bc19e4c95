//! Where databases differ.

use super::Migration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The place of a value; values come in the order of their places. SQLite would read `$1`, too, but as a name, and looks
    /// through all the names before it for each: a bulk write has thousands.
    pub(super) fn placeholder(self, number: usize, sql: &mut String) {
        use std::fmt::Write;
        match self {
            Dialect::Sqlite => sql.push('?'),
            Dialect::Postgres => write!(sql, "${number}").expect("a String takes every character"),
        }
    }

    pub(super) fn script(self, migration: &Migration) -> &'static str {
        match self {
            Dialect::Sqlite => migration.sqlite,
            Dialect::Postgres => migration.postgres,
        }
    }
}

/// Appends a quoted identifier. Names come from checked YAML and hold no quotes.
pub(crate) fn quote(identifier: &str, sql: &mut String) {
    sql.push('"');
    sql.push_str(identifier);
    sql.push('"');
}
