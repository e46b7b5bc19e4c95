//! An application in the test's own process, for interceptors that a test brings along.

use std::ops::Deref;

use gable::Gable;
use gable::testing::TestServer;
use serde_json::json;
use tempfile::TempDir;

use super::process::Launch;
use super::{Client, PASSWORD, TestDatabase, unique};

/// Requests through it are anonymous.
pub(crate) struct InProcess {
    client: Client,
    _server: TestServer,
    // These go after the server.
    database: TestDatabase,
    directory: TempDir,
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
        Self { client: Client::new(server.url()), _server: server, database, directory }
    }

    /// Somebody who has just signed up.
    pub(crate) fn author(&self) -> Client {
        let email = format!("{}@example.com", unique("author"));
        self.post("/api/auth/signup", json!({ "email": email, "password": PASSWORD })).succeeds(201);
        self.log_in(&email)
    }

    /// Somebody who has just signed up and was made an editor.
    pub(crate) fn editor(&self) -> Client {
        let (editor, root) = (self.author(), self.super_user());
        let (user, roles) = (editor.get("/api/users/me"), root.get("/api/auth-roles?name=Editor"));
        let assigned =
            json!({ "userId": user.succeeds(200)["data"]["id"], "roleId": roles.succeeds(200)["data"][0]["id"] });
        root.post("/api/user-roles", assigned).succeeds(201);
        editor
    }

    /// A super user, made as an operator makes one: by a command beside the server.
    pub(crate) fn super_user(&self) -> Client {
        let name = unique("root");
        let email = format!("{name}@example.com");
        let environment = [("DATABASE_URL", self.database.url.as_str()), ("GABLE_SUPERUSER_PASSWORD", PASSWORD)];
        let environment: Vec<(String, String)> =
            environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let launch = Launch { directory: self.directory.path(), environment: &environment };
        let made = launch.run(&["superuser", "create", "--username", &name, "--email", &email]);
        assert_eq!(made.code, Some(0), "{made:?}");
        self.log_in(&email)
    }

    fn log_in(&self, email: &str) -> Client {
        let logged_in = self.post("/api/auth/login", json!({ "email": email, "password": PASSWORD })).succeeds(200);
        self.with_token(logged_in["token"].as_str().expect("a token"))
    }
}

impl Deref for InProcess {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
