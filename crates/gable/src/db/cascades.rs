//! The cascading deletions of the database, read from its foreign keys. The schema is not a sufficient source: tables
//! can be changed by hand, and an earlier version may have accepted a schema that is refused today.

use std::collections::{HashMap, HashSet};

use super::{Database, DbError, Dialect, Row, Statement};

const POSTGRES: &str = "SELECT c.relname, p.relname FROM pg_constraint k \
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid \
    WHERE k.contype = 'f' AND k.confdeltype = 'c' AND c.relnamespace = current_schema()::regnamespace";

const SQLITE: &str = "SELECT t.name, k.\"table\" FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k \
    WHERE t.type = 'table' AND k.on_delete = 'CASCADE'";

/// For each table, the tables whose deletions cascade to it.
#[derive(Debug, Default)]
pub(crate) struct Cascades(HashMap<String, Vec<String>>);

impl Database {
    /// Reads the foreign keys of all tables.
    ///
    /// # Errors
    /// The query fails.
    pub(crate) async fn cascades(&self) -> Result<Cascades, DbError> {
        let sql = match self.dialect() {
            Dialect::Postgres => POSTGRES,
            Dialect::Sqlite => SQLITE,
        };
        let mut cascades = Cascades::default();
        for raw in self.reader().all(Statement::new(self.dialect(), sql)).await? {
            let mut row = Row::new(&raw);
            let (child, parent): (String, String) = (row.next()?, row.next()?);
            cascades.0.entry(child).or_default().push(parent);
        }
        Ok(cascades)
    }
}

impl Cascades {
    /// Returns every table whose deletions cascade to `table`, directly or through other tables.
    pub(crate) fn onto<'a>(&'a self, table: &'a str) -> HashSet<&'a str> {
        let mut found = HashSet::new();
        let mut open = vec![table];
        while let Some(child) = open.pop() {
            let parents = self.0.get(child).into_iter().flatten().map(String::as_str);
            open.extend(parents.filter(|parent| found.insert(*parent)));
        }
        found
    }
}
