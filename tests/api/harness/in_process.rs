//! An application in the test's own process, for interceptors that a test brings along.

use std::ops::Deref;

use gable::Gable;
use gable::testing::TestServer;
use serde_json::json;
use tempfile::TempDir;

use super::{Client, PASSWORD, TestDatabase, unique};

/// Requests through it are anonymous.
pub(crate) struct InProcess {
    client: Client,
    _server: TestServer,
    // These go after the server.
    _database: TestDatabase,
    _directory: TempDir,
}

impl InProcess {
    /// The Gazette's models with these interceptors, and none of its own.
    pub(crate) fn with(install: impl FnOnce(&mut api::Hooks)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let app = Gable::<api::Api>::new().interceptors(install);
        let server = TestServer::start(app, directory.path(), &variables).expect("an application");
        Self { client: Client::new(server.url()), _server: server, _database: database, _directory: directory }
    }

    /// Somebody who has just signed up.
    pub(crate) fn author(&self) -> Client {
        let account = json!({ "email": format!("{}@example.com", unique("author")), "password": PASSWORD });
        self.post("/api/auth/signup", account.clone()).succeeds(201);
        let logged_in = self.post("/api/auth/login", account).succeeds(200);
        self.with_token(logged_in["token"].as_str().expect("a token"))
    }
}

impl Deref for InProcess {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
