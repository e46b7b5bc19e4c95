//! One running application with a database of its own.

use std::ops::Deref;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::database::TestDatabase;
use super::process::{Launch, Log, Process};
use super::sql::Sql;
use super::{Account, Client, Output, PASSWORD};

/// Starts an application with the settings of a test.
pub(crate) fn spawn_app() -> App {
    Setup::new().spawn()
}

/// Changes that a test makes before the application starts.
pub(crate) struct Setup {
    environment: Vec<(String, String)>,
    pub(super) database: TestDatabase,
    directory: TempDir,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = TestDatabase::create(directory.path());
        Self::on(directory, database)
    }

    pub(super) fn on(directory: TempDir, database: TestDatabase) -> Self {
        let setup = Self { environment: Vec::new(), database, directory };
        let url = setup.database.url.clone();
        setup
            .with("PORT", "0")
            .with("DATABASE_URL", &url)
            .through_the_pooler()
            .with("GABLE_DATABASE_CONNECTIONS", "4")
            .with("GABLE_BCRYPT_COST", "4")
            .with("GABLE_RATE_LIMITS", "off")
    }

    /// `GABLE_TEST_POOLER` is the address of a pooler before the PostgreSQL server, in transaction mode. Prepared
    /// statements do not outlive a transaction there.
    fn through_the_pooler(self) -> Self {
        match std::env::var("GABLE_TEST_POOLER") {
            Ok(pooler) if !pooler.is_empty() && self.database.url.starts_with("postgres") => {
                let url = with_authority(&self.database.url, &pooler);
                self.with("DATABASE_URL", &url).with("GABLE_PREPARED_STATEMENTS", "off")
            }
            _ => self,
        }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The environment of the process.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The URL of the database, not behind the pooler.
    pub(crate) fn sql_url(&self) -> &str {
        &self.database.url
    }

    /// A connection to the database.
    pub(crate) fn sql(&self) -> Sql {
        self.database.sql()
    }

    /// The number of rows in a table.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.database.number(&format!("SELECT count(*) FROM {table}"), &[])
    }

    /// Runs one of the application's commands.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.launch().run(arguments)
    }

    fn launch(&self) -> Launch<'_> {
        Launch { directory: self.directory.path(), environment: &self.environment }
    }

    /// Runs one of the application's commands with another standard error.
    pub(crate) fn run_logging_to(&self, arguments: &[&str], stderr: Stdio) -> Output {
        self.launch().run_logging_to(arguments, stderr)
    }

    pub(crate) fn spawn(self) -> App {
        let process = self.launch().start(&[]);
        self.serve(process)
    }

    /// Starts the application with another standard error. The harness does not read its log then.
    pub(crate) fn spawn_logging_to(self, stderr: Stdio) -> App {
        let process = self.launch().start_logging_to(&[], stderr);
        self.serve(process)
    }

    fn serve(self, mut process: Process) -> App {
        let base = process.wait_for("is listening on ");
        let client = Client::new(base);
        App { client, log: process.log.clone(), process: Mutex::new(process), setup: self, root: OnceLock::new() }
    }
}

/// A running application. Requests through it are anonymous. Dropping it kills the process and drops the database.
pub(crate) struct App {
    client: Client,
    // Declared, and so dropped, before the setup: a database must not disappear under its process.
    process: Mutex<Process>,
    pub(super) log: Log,
    root: OnceLock<Account>,
    pub(super) setup: Setup,
}

impl Deref for App {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl App {
    /// `127.0.0.1:40123`
    pub(crate) fn address(&self) -> &str {
        self.client.base.trim_start_matches("http://")
    }

    /// The query plan for a query for the rows of some ids.
    pub(crate) fn plan(&self, sql: &str) -> Vec<String> {
        self.setup.database.plan(sql)
    }

    /// The URL of the database, not behind the pooler.
    pub(crate) fn sql_url(&self) -> &str {
        self.setup.sql_url()
    }

    /// The secret with which the application signs tokens.
    pub(crate) fn jwt_secret(&self) -> String {
        let kept = self.setup.directory().join(".gable/jwt_secret");
        std::fs::read_to_string(kept).expect("a secret that was made at the first start").trim().to_owned()
    }

    /// A connection to the database.
    pub(crate) fn sql(&self) -> Sql {
        self.setup.sql()
    }

    pub(crate) fn database_is_postgres(&self) -> bool {
        self.setup.database.url.starts_with("postgres")
    }

    /// The number that a query yields.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.setup.database.number(sql, &[])
    }

    /// Changes the database by SQL, as an operator would.
    pub(crate) fn run_sql(&self, sql: &str) {
        self.setup.sql().run(sql);
    }

    /// The output of the process so far.
    pub(crate) fn output(&self) -> String {
        self.log.text()
    }

    /// Waits for a line that contains both texts: a request may be logged shortly after it was answered.
    pub(crate) fn log_has(&self, what: &str, which: &str) {
        self.log.wait_for_line(|line| line.contains(what) && line.contains(which));
    }

    /// Runs one of the application's commands on the same database while the server runs.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.setup.run(arguments)
    }

    /// The application's super user, made at the first call.
    pub(crate) fn super_user(&self) -> &Account {
        self.root.get_or_init(|| {
            let environment = [&self.setup.environment[..], &[("GABLE_SUPERUSER_PASSWORD".into(), PASSWORD.into())]];
            let launch = Launch { directory: self.setup.directory(), environment: &environment.concat() };
            let name = unique("root");
            let email = format!("{name}@example.com");
            let made = launch.run(&["superuser", "create", "--username", &name, "--email", &email]);
            assert_eq!(made.code, Some(0), "{made:?}");
            self.log_in(&email, PASSWORD)
        })
    }

    /// Makes an account with the default role. A suffix makes the name unique, so that tests can share an application.
    pub(crate) fn sign_up(&self, name: &str) -> Account {
        self.sign_up_with(name, json!({}))
    }

    /// Like `sign_up`, with further fields in the body.
    pub(crate) fn sign_up_with(&self, name: &str, more: Value) -> Account {
        let name = unique(name);
        let email = format!("{name}@example.com");
        let mut body = json!({ "username": name, "email": email, "password": PASSWORD });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        self.post("/api/auth/signup", body).succeeds(201);
        self.log_in(&email, PASSWORD)
    }

    /// Makes an account that is also an Editor.
    pub(crate) fn editor(&self, name: &str) -> Account {
        let account = self.sign_up(name);
        self.give_role(&account, "Editor");
        account
    }

    pub(crate) fn log_in(&self, email: &str, password: &str) -> Account {
        let reply = self.post("/api/auth/login", json!({ "email": email, "password": password })).succeeds(200);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Account {
            client: self.client.with_token(&text(&reply["token"])),
            id: reply.id(),
            email: text(&reply["data"]["email"]),
            username: text(&reply["data"]["username"]),
        }
    }

    /// Assigns a role as the super user and returns the id of the assignment.
    pub(crate) fn give_role(&self, account: &Account, role: &str) -> String {
        let body = json!({ "user": account.reference(), "role": { "id": self.role(role) } });
        self.super_user().post("/api/user-roles", body).succeeds(201).id()
    }

    /// The id of a role.
    pub(crate) fn role(&self, name: &str) -> String {
        self.only_id(&format!("/api/auth-roles?name={name}"))
    }

    /// The id of a permission.
    pub(crate) fn permission(&self, resource: &str, action: &str) -> String {
        self.only_id(&format!("/api/auth-permissions?resource={resource}&action={action}"))
    }

    fn only_id(&self, path: &str) -> String {
        let reply = self.super_user().get(path).succeeds(200);
        assert_eq!(reply["total"], 1, "{reply:?}");
        reply["data"][0]["id"].as_str().expect("a row has an id").to_owned()
    }

    /// A row as the super user sees it.
    pub(crate) fn row(&self, path: &str) -> Value {
        self.super_user().get(path).succeeds(200).json["data"].take()
    }

    /// The number of rows in a list, as the super user sees it.
    pub(crate) fn count(&self, path: &str) -> u64 {
        self.super_user().get(path).succeeds(200)["total"].as_u64().expect("a list has a total")
    }

    /// Stops the process with SIGTERM, as an orchestrator does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal, given by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process().id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status().expect("`kill` runs");
        assert!(sent.success());
    }

    /// The resident memory of the process in MiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_mib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process().id());
        let status = std::fs::read_to_string(status).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }

    /// Waits for the process to end and returns its exit code.
    pub(crate) fn wait_for_end(&self) -> Option<i32> {
        self.process().wait_for_end().code()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.process().has_ended()
    }

    /// Starts a second process on the same database.
    pub(crate) fn another_node(&self) -> Node {
        let mut process = self.setup.launch().start(&[]);
        let client = Client::new(process.wait_for("is listening on "));
        Node { client, _process: process }
    }

    /// Kills the process and starts it again on the same database.
    pub(crate) fn restart(self) -> App {
        self.restart_with(&[])
    }

    /// Kills the process with SIGKILL and keeps the database.
    pub(crate) fn kill(self) -> Setup {
        self.process().kill();
        self.setup
    }

    /// Like `restart`, with another environment variable.
    pub(crate) fn restart_with(self, more: &[(&str, &str)]) -> App {
        more.iter().fold(self.kill(), |setup, (name, value)| setup.with(name, value)).spawn()
    }

    pub(super) fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The URL `postgres://user@host/name` with another host.
fn with_authority(url: &str, authority: &str) -> String {
    let start = url.rfind('@').map_or_else(|| url.find("://").map_or(0, |scheme| scheme + 3), |at| at + 1);
    let end = url[start..].find('/').map_or(url.len(), |slash| start + slash);
    format!("{}{authority}{}", &url[..start], &url[end..])
}

/// Another process on the database of an application. Requests through it are anonymous.
pub(crate) struct Node {
    client: Client,
    _process: Process,
}

impl Deref for Node {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A name that is unique in this run.
pub(crate) fn unique(name: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
