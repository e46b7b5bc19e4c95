//! The database for the rows of random schemas: in memory on SQLite, or a database of this run's own on the PostgreSQL
//! server that `TEST_POSTGRES_URL` names. `GABLE_TEST_DATABASE` chooses it as for the application's tests.

use tokio::runtime::Builder;
use uuid::Uuid;

use crate::db::{Database, Dialect, Options, Statement};

/// A database for one run. One on PostgreSQL is dropped with this value.
pub(super) struct TestDatabase {
    dialect: Dialect,
    url: String,
    name: String,
}

impl TestDatabase {
    pub(super) fn create() -> Self {
        let name = format!("gable_test_{}", Uuid::now_v7().simple());
        let dialect = dialect_of_this_run();
        let url = match dialect {
            Dialect::Sqlite => "sqlite::memory:".to_owned(),
            Dialect::Postgres => {
                on_server(&create(&name)).expect("a role that may create databases, and the locale C.UTF-8");
                with_database(&named_server(), &name)
            }
        };
        Self { dialect, url, name }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Connects to the database, without the tables of the previous schema.
    pub(super) async fn emptied(&self) -> Database {
        let db = Database::connect(&self.url, &Options::new(1)).await.expect("a database");
        if self.dialect == Dialect::Postgres {
            for sql in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
                db.reader().execute(Statement::new(self.dialect, sql)).await.expect("a schema of one's own");
            }
        }
        db
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.dialect == Dialect::Postgres
            && let Err(error) = on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
        {
            eprintln!("{} is left behind: {error}", self.name);
        }
    }
}

/// SQL for a database that sorts by code points and knows the cases of all letters, as the plain implementation does,
/// whatever the locale of the server is.
fn create(name: &str) -> String {
    format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
}

fn dialect_of_this_run() -> Dialect {
    match std::env::var("GABLE_TEST_DATABASE").as_deref() {
        Err(_) | Ok("") if server().is_none() => Dialect::Sqlite,
        Ok("sqlite") => Dialect::Sqlite,
        Err(_) | Ok("" | "postgres") => Dialect::Postgres,
        Ok(other) => panic!("GABLE_TEST_DATABASE is sqlite or postgres, not `{other}`"),
    }
}

fn server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

fn named_server() -> String {
    server().expect("GABLE_TEST_DATABASE=postgres needs TEST_POSTGRES_URL")
}

/// The URL of another database on the server.
fn with_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).expect("TEST_POSTGRES_URL is a URL");
    url.set_path(name);
    url.into()
}

fn on_server(sql: &str) -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Database::connect(&named_server(), &Options::new(1)).await.map_err(|error| error.to_string())?;
        let done = db.reader().execute(Statement::new(Dialect::Postgres, sql)).await;
        db.close().await;
        done.map(drop).map_err(|error| error.to_string())
    })
}
