//! An application in this process, with a journal at every place where an interceptor of accounts can stand.

use std::sync::{Arc, Mutex, PoisonError};

use api::User;
use gable::testing::TestServer;
use gable::{ApiError, AuthHooks, Context, Gable, Hook};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::Request;

use crate::harness::Sql;

pub(super) const PASSWORD: &str = "Analytical-1843";
pub(super) const EMAIL: &str = "ada@example.com";

/// Which interceptors ran, and which one is to fail.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    ran: Arc<Mutex<Vec<&'static str>>>,
    failing: Arc<Mutex<&'static str>>,
}

impl Journal {
    /// An interceptor that notes that it ran. The one that is to fail does so with its own name as the code.
    pub(crate) fn at<T: 'static>(&self, name: &'static str) -> impl Hook<T> + use<T> {
        let journal = self.clone();
        async move |_: &mut Context<'_>, _: &mut T| -> Result<(), ApiError> { journal.note(name) }
    }

    fn note(&self, name: &'static str) -> Result<(), ApiError> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        match *self.failing.lock().unwrap_or_else(PoisonError::into_inner) == name {
            true => Err(ApiError::conflict(name, "An interceptor objects")),
            false => Ok(()),
        }
    }

    /// From now on; the empty name is nobody's.
    pub(crate) fn let_fail(&self, name: &'static str) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    /// What ran since the last time.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.ran.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// At every one of the 27 places.
    fn install(&self, auth: &mut AuthHooks<User>) {
        auth.before_login(self.at("before_login"))
            .after_login(self.at("after_login"))
            .on_login_error(self.at("on_login_error"))
            .before_signup(self.at("before_signup"))
            .after_signup(self.at("after_signup"))
            .on_signup_error(self.at("on_signup_error"))
            .before_logout(self.at("before_logout"))
            .after_logout(self.at("after_logout"))
            .on_logout_error(self.at("on_logout_error"))
            .before_update_password(self.at("before_update_password"))
            .after_update_password(self.at("after_update_password"))
            .on_update_password_error(self.at("on_update_password_error"))
            .before_get_me(self.at("before_get_me"))
            .after_get_me(self.at("after_get_me"))
            .on_get_me_error(self.at("on_get_me_error"))
            .before_update_me(self.at("before_update_me"))
            .after_update_me(self.at("after_update_me"))
            .on_update_me_error(self.at("on_update_me_error"))
            .before_delete_me(self.at("before_delete_me"))
            .after_delete_me(self.at("after_delete_me"))
            .on_delete_me_error(self.at("on_delete_me_error"));
        auth.before_authenticate(self.at("before_authenticate"))
            .after_authenticate(self.at("after_authenticate"))
            .on_authenticate_error(self.at("on_authenticate_error"))
            .before_authorize(self.at("before_authorize"))
            .after_authorize(self.at("after_authorize"))
            .on_authorize_error(self.at("on_authorize_error"));
    }
}

/// An application in this process, with interceptors of a test's.
pub(super) struct Stage {
    server: TestServer,
    directory: TempDir,
}

impl Stage {
    pub(super) fn with(install: impl FnOnce(&mut AuthHooks<User>)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = format!("sqlite://{}", directory.path().join("data.db").display());
        let variables = [("DATABASE_URL", database.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let app = Gable::<api::Api>::new().interceptors(|hooks: &mut api::Hooks| install(&mut hooks.auth));
        let server = TestServer::start(app, directory.path(), &variables).expect("an application");
        Self { server, directory }
    }

    /// A journal at every place, an account, and a token of its.
    pub(super) fn journalled() -> (Self, Journal, String) {
        let journal = Journal::default();
        let stage = Self::with(|auth| journal.install(auth));
        stage.sign_up();
        let token = stage.token(PASSWORD);
        journal.take();
        (stage, journal, token)
    }

    /// The status and the body; the token, where it is not empty, in the header.
    pub(super) fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        self.ask_with(method, path, if token.is_empty() { &[] } else { &headers }, body)
    }

    pub(super) fn ask_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        let config = ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true);
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent = config.build().new_agent();
        let sent = match body {
            Value::Null => agent.run(request.body(()).expect("a request")),
            body => {
                let request = request.header("Content-Type", "application/json");
                agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        let mut reply = sent.expect("an answer");
        (reply.status().as_u16(), reply.body_mut().read_json().unwrap_or_default())
    }

    pub(super) fn sign_up(&self) -> Value {
        let (status, reply) = self.ask("POST", "/api/auth/signup", "", &credentials(EMAIL, PASSWORD));
        assert_eq!(status, 201, "{reply}");
        reply
    }

    pub(super) fn log_in(&self, password: &str) -> (u16, Value) {
        self.ask("POST", "/api/auth/login", "", &credentials(EMAIL, password))
    }

    pub(super) fn token(&self, password: &str) -> String {
        self.log_in(password).1["token"].as_str().expect("a token").to_owned()
    }

    /// Gives every account all rights; in force for the next log-in.
    pub(super) fn make_super_user(&self) {
        let url = format!("sqlite://{}", self.directory.path().join("data.db").display());
        Sql::open(&url).run("UPDATE users SET is_super_user = TRUE");
    }

    /// How many rows a table has.
    pub(super) fn rows(&self, table: &str) -> i64 {
        let url = format!("sqlite://{}", self.directory.path().join("data.db").display());
        Sql::open(&url).value(&format!("SELECT count(*) FROM {table}"), &[])
    }

    /// Every table that an operation of an account writes into.
    pub(super) fn all_rows(&self) -> Vec<i64> {
        ["users", "user_roles", "gable_grants", "gable_events"].map(|table| self.rows(table)).to_vec()
    }
}

pub(super) fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

pub(super) fn passwords(current: &str, new: &str) -> Value {
    json!({ "currentPassword": current, "newPassword": new })
}
