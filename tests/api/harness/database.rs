//! A database of its own for each application: on the PostgreSQL server that `TEST_POSTGRES_URL` names, or else a SQLite
//! file, which needs nothing installed. `GABLE_TEST_DATABASE=sqlite` asks for files although there is a server.

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

/// PostgreSQL rather looks through a small table than use an index. A test has no large one, so it shows what an index can do,
/// and joins row by row only where nothing else is possible.
const INDEXES_ONLY: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off; \
    SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_nestloop = off;";

/// Dropped with its owner.
pub(crate) struct TestDatabase {
    kind: Kind,
    /// For `DATABASE_URL`.
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

    /// A file, whatever the other tests run on.
    pub(crate) fn file(directory: &Path) -> Self {
        let url = format!("sqlite://{}", directory.join("gazette.db").display());
        Self { kind: Kind::Sqlite, url, name: String::new() }
    }

    /// A connection of one's own.
    pub(crate) fn sql(&self) -> Sql {
        Sql::open(&self.url)
    }

    /// The one number that a query with `$1`, `$2` … for its values answers.
    pub(crate) fn number(&self, sql: &str, values: &[Value]) -> i64 {
        self.sql().value(sql, values)
    }

    /// How many rows a statement changes.
    pub(crate) fn change(&self, sql: &str, values: &[Value]) -> u64 {
        self.sql().change(sql, values)
    }

    /// The steps by which a query for the rows of some ids would be answered, whatever its values.
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
        // A file goes with its directory.
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

/// `postgres://user@host/other` with another name at its end.
fn with_database(url: &str, name: &str) -> String {
    let (url, parameters) = url.split_once('?').map_or((url, String::new()), |(url, rest)| (url, format!("?{rest}")));
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[start..].find('/').map_or(url.len(), |slash| start + slash);
    format!("{}/{name}{parameters}", &url[..end])
}

fn on_server(statement: &str) {
    Sql::open(&named_server()).run(statement);
}
