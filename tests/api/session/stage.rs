//! An application in this process: with a clock that is put forward, a mailbox to look into, and its rows.

use std::ops::Deref;
use std::time::{Duration, Instant};

use api::User;
use gable::generated::{
    Api, AppMeta, AuthMeta, EmailVerificationMeta, Migration, Mounted, Surface, VerificationMethod,
};
use gable::testing::{ReceivedMail, TestServer};
use gable::{AuthHooks, Clock, Gable};
use tempfile::TempDir;

use crate::harness::{Answer, Client, TestDatabase};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests through it are anonymous.
pub(super) struct Stage {
    pub(super) clock: Clock,
    server: TestServer,
    client: Client,
    database: TestDatabase,
    directory: TempDir,
}

impl Deref for Stage {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Stage {
    /// The application as it is.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The application with a clock that only the test moves.
    pub(super) fn with_stopped_clock() -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let app = Gable::<api::Api>::new().interceptors(|_: &mut api::Hooks| {});
        Self::start(app, directory, database, Clock::stopped(), "4")
    }

    /// With interceptors of a test's.
    pub(super) fn with(install: impl FnOnce(&mut AuthHooks<User>)) -> Self {
        Self::of::<api::Api>(install)
    }

    /// The application as it would be with another `app.yaml`.
    pub(super) fn of<A: Api<Hooks = api::Hooks>>(install: impl FnOnce(&mut AuthHooks<User>)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let app = Gable::<A>::new().interceptors(|hooks: &mut api::Hooks| install(&mut hooks.auth));
        Self::start(app, directory, database, Clock::default(), "4")
    }

    fn start<A: Api>(app: Gable<A>, directory: TempDir, database: TestDatabase, clock: Clock, cost: &str) -> Self {
        let url = database.url.clone();
        let variables = [("DATABASE_URL", url.as_str()), ("GABLE_BCRYPT_COST", cost), ("GABLE_RATE_LIMITS", "off")];
        let server = TestServer::start(app.clock(clock.clone()), directory.path(), &variables);
        let server = server.expect("an application");
        let client = Client::new(server.url());
        Self { clock, server, client, database, directory }
    }

    /// Stops, and starts again later.
    pub(super) fn restart_after(self, pause: Duration) -> Self {
        self.restart(pause, "4")
    }

    /// Stops, and starts again with another `GABLE_BCRYPT_COST`.
    pub(super) fn restart_at_cost(self, cost: &str) -> Self {
        self.restart(Duration::ZERO, cost)
    }

    fn restart(self, pause: Duration, cost: &str) -> Self {
        let Self { clock, server, database, directory, .. } = self;
        drop(server);
        clock.advance(pause);
        Self::start(Gable::<api::Api>::new(), directory, database, clock, cost)
    }

    /// The first value that a query finds.
    pub(super) fn value<T: Answer>(&self, sql: &str) -> T {
        self.database.sql().value(sql, &[])
    }

    pub(super) fn base(&self) -> String {
        self.server.url()
    }

    /// The key that this application's secrets are made with.
    pub(super) fn jwt_secret(&self) -> String {
        let kept = self.directory.path().join("jwt_secret");
        std::fs::read_to_string(kept).expect("a secret that was made at the first start").trim().to_owned()
    }

    pub(super) fn run(&self, sql: &str) {
        self.database.sql().run(sql);
    }

    /// How many rows a table, or a part of it, has.
    pub(super) fn rows(&self, table: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM {table}"))
    }

    /// Waits for what happens beside the requests.
    pub(super) fn eventually_has_rows(&self, table: &str, wanted: i64) {
        let deadline = Instant::now() + MINUTE;
        while self.rows(table) != wanted {
            assert!(Instant::now() < deadline, "{table}: {} rows, not {wanted}", self.rows(table));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.database.url.starts_with("sqlite")
    }

    /// Everything that a SQLite database has on the disk.
    pub(super) fn files(&self) -> Vec<u8> {
        let entries = std::fs::read_dir(self.directory.path()).expect("the directory");
        let is_data = |path: &std::path::PathBuf| path.to_string_lossy().contains("gazette.db");
        let paths = entries.map(|entry| entry.expect("an entry").path()).filter(is_data);
        paths.flat_map(|path| std::fs::read(path).expect("a file")).collect()
    }

    /// The latest mail, once there are this many.
    pub(super) fn mail(&self, count: usize) -> ReceivedMail {
        let mails = self.server.wait_for_mails(count);
        assert_eq!(mails.len(), count, "{mails:#?}");
        mails[count - 1].clone()
    }

    /// Every mail, once there are this many.
    pub(super) fn wait_for_mails(&self, count: usize) -> Vec<ReceivedMail> {
        self.server.wait_for_mails(count)
    }

    /// How many mails there are when nothing waits to be sent.
    pub(super) fn mails(&self) -> usize {
        self.eventually_has_rows("gable_outbox", 0);
        self.server.mails().len()
    }
}

const AUTH: &AuthMeta = match &api::app::APP.auth {
    Some(auth) => auth,
    None => panic!("the Gazette has accounts"),
};

/// The Gazette, but for what its accounts are told.
const fn gazette(auth: AuthMeta) -> AppMeta {
    AppMeta { auth: Some(auth), ..api::app::APP }
}

const fn verifying(required: bool, method: VerificationMethod) -> AppMeta {
    gazette(AuthMeta { email_verification: EmailVerificationMeta { required, method }, ..*AUTH })
}

macro_rules! variants {
    ($($(#[$comment:meta])* $name:ident: $app:expr;)*) => {$(
        $(#[$comment])*
        pub(super) struct $name;

        impl Api for $name {
            type Hooks = api::Hooks;
            const APP: &'static AppMeta = &$app;
            const PERMISSIONS: usize = <api::Api as Api>::PERMISSIONS;
            const MIGRATIONS: &'static [Migration] = <api::Api as Api>::MIGRATIONS;
            const TABLES: &'static str = <api::Api as Api>::TABLES;

            fn mount(hooks: api::Hooks) -> Mounted {
                <api::Api as Api>::mount(hooks)
            }
        }
    )*};
}

variants! {
    /// `emailVerification: { required: true, method: link }`
    Verified: verifying(true, VerificationMethod::Link);
    /// `emailVerification: { required: false, method: code }`
    Coded: verifying(false, VerificationMethod::Code);
    /// `surfaces: [jwt]`
    Tokens: gazette(AuthMeta { surfaces: &[Surface::Jwt], ..*AUTH });
    /// `surfaces: [session]`
    Sessions: gazette(AuthMeta { surfaces: &[Surface::Session], ..*AUTH });
}
