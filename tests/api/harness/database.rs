//! A separate database for each application: on the PostgreSQL server that `TEST_POSTGRES_URL` names, or else a SQLite
//! file, which needs nothing installed. `GABLE_TEST_DATABASE=sqlite` selects files even if that variable is set.

use std::path::Path;

use super::sql::{Sql, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn of_this_run() -> Self {
        match std::env::var("GABLE_TEST_DATABASE").as_deref() {
            Err(_) | Ok("") if server().is_none() => Kind::Sqlite,
            Ok("sqlite") => Kind::Sqlite,
            Err(_) | Ok("" | "postgres") => Kind::Postgres,
            Ok(other) => panic!("GABLE_TEST_DATABASE is sqlite or postgres, not `{other}`"),
        }
    }
}

/// Settings that make PostgreSQL use an index wherever one applies. For the small tables of tests, it would prefer scans
/// and nested loops.
const INDEXES_ONLY: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off; \
    SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_nestloop = off;";

/// A database that is dropped together with this value.
pub(crate) struct TestDatabase {
    kind: Kind,
    /// The value for `DATABASE_URL`.
    pub(crate) url: String,
    name: String,
}

impl TestDatabase {
    pub(crate) fn create(directory: &Path) -> Self {
        let kind = Kind::of_this_run();
        let name = format!("gazette_test_{}", uuid::Uuid::now_v7().simple());
        let url = match kind {
            Kind::Sqlite => return Self::file(directory),
            Kind::Postgres => {
                on_server(&format!("CREATE DATABASE {name}"));
                with_database(&named_server(), &name)
            }
        };
        Self { kind, url, name }
    }

    /// A SQLite file, whichever database this run tests.
    pub(crate) fn file(directory: &Path) -> Self {
        let url = format!("sqlite://{}", directory.join("gazette.db").display());
        Self { kind: Kind::Sqlite, url, name: String::new() }
    }

    /// A new connection to the database.
    pub(crate) fn sql(&self) -> Sql {
        Sql::open(&self.url)
    }

    /// The number that a query yields; `$1`, `$2` … are its values.
    pub(crate) fn number(&self, sql: &str, values: &[Value]) -> i64 {
        self.sql().value(sql, values)
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(crate) fn change(&self, sql: &str, values: &[Value]) -> u64 {
        self.sql().change(sql, values)
    }

    /// The query plan for a query for the rows of some ids, independent of its values.
    pub(crate) fn plan(&self, sql: &str) -> Vec<String> {
        let mut connection = self.sql();
        match self.kind {
            Kind::Sqlite => connection.plan(sql),
            Kind::Postgres => {
                connection.run(&format!("{INDEXES_ONLY} PREPARE planned (uuid[]) AS {sql}"));
                let nulls = vec!["NULL"; sql.matches('$').count()].join(", ");
                connection.column(&format!("EXPLAIN EXECUTE planned ({nulls})"), &[])
            }
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A file is deleted with its directory.
        if self.kind == Kind::Postgres {
            on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

fn named_server() -> String {
    server().expect("GABLE_TEST_DATABASE=postgres needs TEST_POSTGRES_URL")
}

/// The URL `postgres://user@host/other` with another database name.
fn with_database(url: &str, name: &str) -> String {
    let (url, parameters) = url.split_once('?').map_or((url, String::new()), |(url, rest)| (url, format!("?{rest}")));
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[start..].find('/').map_or(url.len(), |slash| start + slash);
    format!("{}/{name}{parameters}", &url[..end])
}

fn on_server(statement: &str) {
    Sql::open(&named_server()).run(statement);
}
