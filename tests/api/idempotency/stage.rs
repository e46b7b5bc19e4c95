//! The Gazette in this process: with a clock to put forward and interceptors of a test's.

use std::time::{Duration, Instant};

use gable::generated::Api;
use gable::testing::TestServer;
use gable::{Clock, Gable};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, TestDatabase};

pub(super) struct Stage {
    pub(super) clock: Clock,
    server: TestServer,
    // After the server, which must be gone when its database goes.
    database: TestDatabase,
    directory: TempDir,
}

impl Stage {
    pub(super) fn of<A: Api>(install: impl FnOnce(&mut A::Hooks)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        Self::start(Gable::<A>::new().interceptors(install), directory, database, Clock::default())
    }

    fn start<A: Api>(app: Gable<A>, directory: TempDir, database: TestDatabase, clock: Clock) -> Self {
        let server = Self::serve(app, &directory, &database, &clock);
        Self { clock, server, database, directory }
    }

    fn serve<A: Api>(app: Gable<A>, directory: &TempDir, database: &TestDatabase, clock: &Clock) -> TestServer {
        let variables = [
            ("DATABASE_URL", database.url.as_str()),
            ("GABLE_BCRYPT_COST", "4"),
            ("GABLE_RATE_LIMITS", "off"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
        ];
        TestServer::start(app.clock(clock.clone()), directory.path(), &variables).expect("an application")
    }

    /// Another server of the same application, without interceptors, on the same database.
    pub(super) fn beside<A: Api>(&self) -> TestServer {
        Self::serve(Gable::<A>::new(), &self.directory, &self.database, &self.clock)
    }

    /// Stops, and starts again later.
    pub(super) fn restart_after<A: Api>(self, pause: Duration) -> Self {
        let Self { clock, server, database, directory } = self;
        drop(server);
        clock.advance(pause);
        Self::start(Gable::<A>::new(), directory, database, clock)
    }

    pub(super) fn stranger(&self) -> Client {
        Client::new(self.server.url())
    }

    /// Somebody who has just signed up.
    pub(super) fn author(&self) -> Client {
        self.stranger().post("/api/auth/signup", account()).succeeds(201);
        log_in(&self.server)
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.database.url.starts_with("sqlite")
    }

    pub(super) fn rows(&self, table: &str) -> i64 {
        self.database.number(&format!("SELECT count(*) FROM {table}"), &[])
    }

    /// Waits for what happens beside the requests.
    pub(super) fn eventually_has_rows(&self, table: &str, wanted: i64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.rows(table) != wanted {
            assert!(Instant::now() < deadline, "{table}: {} rows, not {wanted}", self.rows(table));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn account() -> Value {
    json!({ "email": "ada@example.com", "password": PASSWORD })
}

/// As the author, at any server of the application.
pub(super) fn log_in(server: &TestServer) -> Client {
    let stranger = Client::new(server.url());
    let logged_in = stranger.post("/api/auth/login", account()).succeeds(200);
    stranger.with_token(logged_in["token"].as_str().expect("a token"))
}
