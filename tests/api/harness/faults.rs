//! Access to databases, processes and connections for the fault tests.

use std::path::Path;
use std::time::Duration;

use super::client::agent;
use super::{App, Client, Setup, TestDatabase};

impl Setup {
    /// A setup on a SQLite file, or `None` if this run tests PostgreSQL.
    pub(crate) fn sqlite() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = TestDatabase::file(directory.path());
        runs_on("sqlite").then(|| Self::on(directory, database))
    }

    /// Like `sqlite`, with the file in another directory than the one of the process.
    pub(crate) fn sqlite_in(place: &Path) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        runs_on("sqlite").then(|| Self::on(directory, TestDatabase::file(place)))
    }

    /// A setup on the server that `TEST_POSTGRES_URL` names, or `None` if there is none or this run tests SQLite.
    pub(crate) fn postgres() -> Option<Self> {
        let there = std::env::var("TEST_POSTGRES_URL").is_ok_and(|url| !url.is_empty());
        if !there || !runs_on("postgres") {
            eprintln!("skipped: it needs a PostgreSQL server, which .ci/with-postgres starts");
            return None;
        }
        Some(Self::new())
    }

    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }
}

/// `GABLE_TEST_DATABASE` restricts a run to one database.
fn runs_on(database: &str) -> bool {
    std::env::var("GABLE_TEST_DATABASE").map_or(true, |wanted| wanted.is_empty() || wanted == database)
}

impl App {
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.setup.database
    }

    /// The directory of the log, the secret and, by default, the SQLite file.
    pub(crate) fn directory(&self) -> &Path {
        self.setup.directory()
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process().id()
    }
}

impl Client {
    /// A client for the same caller that waits for an answer for at most `patience`.
    pub(crate) fn patient_for(&self, patience: Duration) -> Self {
        let mut client = self.clone();
        client.agent = agent(patience);
        client
    }

    /// A client for the same caller at another address, because a restarted process has another port.
    pub(crate) fn moved_to(&self, other: &Self) -> Self {
        let mut client = self.clone();
        client.base.clone_from(&other.base);
        client
    }

    /// `127.0.0.1:40123`
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }
}

impl TestDatabase {
    /// The number that a query yields.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.number(sql, &[])
    }

    /// Runs one statement on a new connection.
    pub(crate) fn run(&self, sql: &str) -> u64 {
        self.change(sql, &[])
    }
    /// Keeps a read transaction open, and with it a SQLite snapshot, while `meanwhile` runs.
    pub(crate) fn during_a_read<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let mut connection = self.sql();
        connection.run("BEGIN; SELECT count(*) FROM posts");
        let done = meanwhile();
        connection.run("COMMIT");
        done
    }
}
