//! A database of its own for each application: on the PostgreSQL server that `TEST_POSTGRES_URL` names, or else a SQLite
//! file, which needs nothing installed. `GABLE_TEST_DATABASE=sqlite` asks for files although there is a server.

use std::path::Path;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, Value};

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

    /// The one number that a query with `$1`, `$2` … for its values answers.
    pub(crate) fn number(&self, sql: &str, values: Vec<Value>) -> i64 {
        self.connected(async |connection| {
            let query = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
            let answer = connection.query_one_raw(query).await.expect("SQL of a test").expect("a row");
            answer.try_get_by_index(0).expect("a number")
        })
    }

    /// How many rows a statement changes.
    pub(crate) fn change(&self, sql: &str, values: Vec<Value>) -> u64 {
        self.connected(async |connection| {
            let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
            connection.execute_raw(statement).await.expect("SQL of a test").rows_affected()
        })
    }

    /// The steps by which a query for the rows of some ids would be answered, whatever its values.
    pub(crate) fn plan(&self, sql: &str) -> Vec<String> {
        self.connected(async |connection| {
            let (ask, place) = match self.kind {
                Kind::Sqlite => (format!("EXPLAIN QUERY PLAN {sql}"), 3),
                Kind::Postgres => {
                    let prepare = format!("{INDEXES_ONLY} PREPARE planned (uuid[]) AS {sql}");
                    connection.execute_unprepared(&prepare).await.expect("a query");
                    let nulls = vec!["NULL"; sql.matches('$').count()].join(", ");
                    (format!("EXPLAIN EXECUTE planned ({nulls})"), 0)
                }
            };
            let ask = Statement::from_string(connection.get_database_backend(), ask);
            let steps = connection.query_all_raw(ask).await.expect("a plan");
            steps.iter().map(|step| step.try_get_by_index(place).expect("a step")).collect()
        })
    }

    /// Keeps a read transaction open, and with it a SQLite snapshot, while `meanwhile` runs.
    #[allow(dead_code, reason = "only tests/faults holds a snapshot")]
    pub(crate) fn during_a_read<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        self.connected(async |connection| {
            connection.execute_unprepared("BEGIN; SELECT count(*) FROM posts").await.expect("a snapshot");
            let done = meanwhile();
            connection.execute_unprepared("COMMIT").await.expect("the end of the snapshot");
            done
        })
    }

    fn connected<T>(&self, work: impl AsyncFnOnce(&DatabaseConnection) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut options = ConnectOptions::new(&self.url);
            options.max_connections(1).sqlx_logging(false);
            let connection = Database::connect(options).await.expect("the database");
            let done = work(&connection).await;
            connection.close().await.expect("a connection closes");
            done
        })
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut options = ConnectOptions::new(named_server());
        options.max_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.expect("TEST_POSTGRES_URL answers");
        connection.execute_unprepared(statement).await.expect("the role may create databases");
        connection.close().await.expect("a connection closes");
    });
}
