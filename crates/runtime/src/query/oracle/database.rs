//! Where the rows of random schemas lie: in memory on SQLite, or in a database of this run's own on the PostgreSQL server
//! that `TEST_POSTGRES_URL` names. `GABLE_TEST_DATABASE` chooses as it does for the application's tests.

use tokio::runtime::Builder;
use uuid::Uuid;

use crate::db::{Database, Dialect, Options, Statement};

/// Dropped with its owner.
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

    /// Without the tables of the schema before.
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

/// In the order of code points, and with the cases of all letters: what a plain reading can tell, whatever locale is the
/// server's own.
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

/// The same server's URL with another database.
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
