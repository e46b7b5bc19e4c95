//! A database of its own for each application: on the PostgreSQL server that `TEST_POSTGRES_URL` names, or else a SQLite
//! file, which needs nothing installed. `GABLE_TEST_DATABASE=sqlite` asks for files although there is a server.

use std::path::Path;

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

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

/// Dropped with its owner.
pub(super) struct TestDatabase {
    kind: Kind,
    /// For `DATABASE_URL`.
    pub(super) url: String,
    name: String,
}

impl TestDatabase {
    pub(super) fn create(directory: &Path) -> Self {
        let kind = Kind::of_this_run();
        let name = format!("gazette_test_{}", uuid::Uuid::now_v7().simple());
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", directory.join("gazette.db").display()),
            Kind::Postgres => {
                on_server(&format!("CREATE DATABASE {name}"));
                with_database(&named_server(), &name)
            }
        };
        Self { kind, url, name }
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
