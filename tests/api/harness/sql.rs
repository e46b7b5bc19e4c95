//! SQL that bypasses the application, as an operator would send it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A connection to a test's database.
pub(crate) enum Sql {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

/// A value for a placeholder: `$1`, `$2` …
#[derive(Debug)]
pub(crate) enum Value {
    Uuid(Uuid),
    Time(DateTime<Utc>),
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Value::Uuid(value)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        Value::Time(value)
    }
}

/// A type that can be read from both databases.
pub(crate) trait Answer: rusqlite::types::FromSql + for<'a> postgres::types::FromSql<'a> {}

impl<T: rusqlite::types::FromSql + for<'a> postgres::types::FromSql<'a>> Answer for T {}

impl Sql {
    /// Connects to the database of a `DATABASE_URL`.
    pub(crate) fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => {
                let connection = rusqlite::Connection::open(path).expect("the file");
                connection.busy_timeout(Duration::from_secs(30)).expect("set");
                connection.pragma_update(None, "foreign_keys", true).expect("set");
                Sql::Sqlite(connection)
            }
            None => Sql::Postgres(Box::new(postgres::Client::connect(url, postgres::NoTls).expect("the server"))),
        }
    }

    /// Runs statements without values.
    pub(crate) fn run(&mut self, sql: &str) {
        match self {
            Sql::Sqlite(connection) => connection.execute_batch(sql).expect("SQL of a test"),
            Sql::Postgres(client) => client.batch_execute(sql).expect("SQL of a test"),
        }
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(crate) fn change(&mut self, sql: &str, values: &[Value]) -> u64 {
        match self {
            Sql::Sqlite(connection) => {
                connection.execute(sql, rusqlite::params_from_iter(values)).expect("SQL of a test") as u64
            }
            Sql::Postgres(client) => client.execute(sql, &references(values)).expect("SQL of a test"),
        }
    }

    /// The first column of every row.
    pub(crate) fn column<T: Answer>(&mut self, sql: &str, values: &[Value]) -> Vec<T> {
        match self {
            Sql::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).expect("SQL of a test");
                let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(0));
                rows.expect("rows").map(|value| value.expect("a value of that type")).collect()
            }
            Sql::Postgres(client) => {
                let rows = client.query(sql, &references(values)).expect("SQL of a test");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// SQLite's query plan for a statement; its placeholders have no values.
    pub(super) fn plan(&mut self, sql: &str) -> Vec<String> {
        let Sql::Sqlite(connection) = self else { panic!("this is how SQLite explains") };
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("SQL of a test");
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().expect("a step") {
            steps.push(row.get(3).expect("a text"));
        }
        steps
    }

    /// The first value that a query finds.
    pub(crate) fn value<T: Answer>(&mut self, sql: &str, values: &[Value]) -> T {
        self.column(sql, values).into_iter().next().expect("a row")
    }
}

fn references(values: &[Value]) -> Vec<&(dyn postgres::types::ToSql + Sync)> {
    values.iter().map(Value::reference).collect()
}

impl Value {
    fn reference(&self) -> &(dyn postgres::types::ToSql + Sync) {
        match self {
            Value::Uuid(value) => value,
            Value::Time(value) => value,
        }
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Value::Uuid(value) => value.to_sql(),
            // The format that the application writes.
            Value::Time(value) => Ok(value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false).into()),
        }
    }
}
