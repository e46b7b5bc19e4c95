//! The database, directory, clock and settings of an application, which remain when its server stops.

use std::path::Path;

use gable::generated::Api;
use gable::testing::TestServer;
use gable::{Clock, Gable};
use tempfile::TempDir;

use super::super::{Sql, TestDatabase};
use super::InProcess;

pub(crate) struct Installation {
    pub(crate) clock: Clock,
    variables: Vec<(&'static str, String)>,
    database: TestDatabase,
    directory: TempDir,
}

impl Installation {
    /// An empty database of the kind that this run tests. Passwords are cheap and rate limits off.
    pub(crate) fn new() -> Self {
        Self::on(TestDatabase::create)
    }

    /// A SQLite file, whichever database this run tests.
    pub(crate) fn on_sqlite() -> Self {
        Self::on(TestDatabase::file)
    }

    fn on(database: fn(&Path) -> TestDatabase) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = database(directory.path());
        let variables = vec![("GABLE_BCRYPT_COST", "4".to_owned()), ("GABLE_RATE_LIMITS", "off".to_owned())];
        Self { clock: Clock::default(), variables, database, directory }
    }

    /// Stops the clock: only the test advances it.
    pub(crate) fn with_stopped_clock(self) -> Self {
        Self { clock: Clock::stopped(), ..self }
    }

    /// Sets an environment variable, in place of an earlier value.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Starts an application with these interceptors.
    pub(crate) fn start<A: Api>(self, install: impl FnOnce(&mut A::Hooks)) -> InProcess {
        InProcess::start::<A>(self, install)
    }

    /// Starts a server that does not keep the installation.
    pub(crate) fn serve<A: Api>(&self, app: Gable<A>) -> TestServer {
        let mut variables = vec![("DATABASE_URL", self.database.url.as_str())];
        variables.extend(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        let app = app.clock(self.clock.clone());
        TestServer::start(app, self.directory.path(), &variables).expect("an application")
    }

    pub(crate) fn sql(&self) -> Sql {
        self.database.sql()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.database.url.starts_with("sqlite")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The number of rows in a table, or in a part of it: `users WHERE is_super_user`.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.database.number(&format!("SELECT count(*) FROM {table}"), &[])
    }
}
