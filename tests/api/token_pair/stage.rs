//! An application in this process, whose clock stands, whose mail is read and whose settings a test may change.

use std::ops::Deref;
use std::time::{Duration, Instant};

use api::User;
use gable::generated::{
    Api, AppMeta, AuthMeta, EmailVerificationMeta, Migration, Mounted, Surface, TokenPairMeta, VerificationMethod,
};
use gable::testing::{ReceivedMail, TestServer};
use gable::{AuthHooks, Clock, Gable};
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{Client, TestDatabase};

/// Requests through it are anonymous.
pub(super) struct Stage {
    pub(super) clock: Clock,
    client: Client,
    // In this order: the server must be gone when its database goes.
    server: TestServer,
    database: TestDatabase,
    pub(super) directory: TempDir,
}

impl Deref for Stage {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The Gazette with other settings of its accounts.
macro_rules! variant {
    ($(#[$why:meta])* $name:ident, |$auth:ident| $changed:expr) => {
        $(#[$why])*
        pub(super) struct $name;

        impl Api for $name {
            type Hooks = api::Hooks;
            const APP: &'static AppMeta = {
                static CHANGED: AppMeta = {
                    let Some($auth) = &api::app::APP.auth else { panic!("the Gazette has accounts") };
                    AppMeta { auth: Some($changed), ..api::app::APP }
                };
                &CHANGED
            };
            const PERMISSIONS: usize = api::Api::PERMISSIONS;
            const MIGRATIONS: &'static [Migration] = api::Api::MIGRATIONS;
            const TABLES: &'static str = api::Api::TABLES;

            fn mount(hooks: api::Hooks) -> Mounted {
                api::Api::mount(hooks)
            }
        }
    };
}

variant! {
    /// With `multipleSessions: false`.
    OnePair, |auth| AuthMeta { token_pair: TokenPairMeta { multiple_sessions: false, ..auth.token_pair }, ..*auth }
}

/// Where links of mails may end, the default first.
pub(super) const WELCOME: &str = "https://app.example.com/welcome?from=mail";
pub(super) const APP: &str = "gazette://verified";

variant! {
    /// With `redirects`.
    Redirecting, |auth| AuthMeta {
        token_pair: TokenPairMeta { redirects: &[WELCOME, APP], ..auth.token_pair },
        ..*auth
    }
}

variant! {
    /// As `docs/coming-from-conduit.md` is written for.
    OfThePage, |auth| AuthMeta {
        surfaces: &[Surface::TokenPair],
        token_pair: TokenPairMeta {
            redirects: &["https://app.example.com/welcome", "https://app.example.com/reset"],
            ..auth.token_pair
        },
        ..*auth
    }
}

variant! {
    /// With `surfaces: [jwt]`.
    WithoutPairs, |auth| AuthMeta { surfaces: &[Surface::Jwt], ..*auth }
}

variant! {
    /// With `emailVerification: { required: true }`.
    Verifying, |auth| AuthMeta {
        email_verification: EmailVerificationMeta { required: true, ..auth.email_verification },
        ..*auth
    }
}

variant! {
    /// With `emailVerification: { method: code }` and `redirects`, and without the session surface.
    Coded, |auth| AuthMeta {
        surfaces: &[Surface::Jwt, Surface::TokenPair],
        email_verification: EmailVerificationMeta { method: VerificationMethod::Code, ..auth.email_verification },
        token_pair: TokenPairMeta { redirects: &[WELCOME, APP], ..auth.token_pair },
        ..*auth
    }
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::of::<api::Api>(|_| {})
    }

    pub(super) fn with(install: impl FnOnce(&mut AuthHooks<User>)) -> Self {
        Self::of::<api::Api>(install)
    }

    pub(super) fn of<A: Api<Hooks = api::Hooks>>(install: impl FnOnce(&mut AuthHooks<User>)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        Self::start::<A>(directory, database, install)
    }

    /// On a file that a test may look into, whatever the other tests run on.
    pub(super) fn on_a_file() -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::file(directory.path());
        Self::start::<api::Api>(directory, database, |_| {})
    }

    fn start<A: Api<Hooks = api::Hooks>>(
        directory: TempDir,
        database: TestDatabase,
        install: impl FnOnce(&mut AuthHooks<User>),
    ) -> Self {
        let variables = [
            ("DATABASE_URL", database.url.as_str()),
            ("GABLE_DATABASE_CONNECTIONS", "4"),
            ("GABLE_BCRYPT_COST", "4"),
            ("GABLE_RATE_LIMITS", "off"),
        ];
        let clock = Clock::stopped();
        let app = Gable::<A>::new().clock(clock.clone());
        let app = app.interceptors(|hooks: &mut api::Hooks| install(&mut hooks.auth));
        let server = TestServer::start(app, directory.path(), &variables).expect("an application");
        let client = Client::new(server.url());
        Self { clock, client, server, database, directory }
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    /// The one number that a query answers; `$1` is an account's id.
    pub(super) fn number(&self, sql: &str, account: &str) -> i64 {
        let account: Uuid = account.parse().expect("an id");
        self.database.number(sql, &[account.into()])
    }

    /// What no request does: an operator at the database changes an account's row, `$1`.
    pub(super) fn change(&self, sql: &str, account: &str) {
        let account: Uuid = account.parse().expect("an id");
        assert_eq!(self.database.change(sql, &[account.into()]), 1);
    }

    /// How often this happened to an account.
    pub(super) fn events(&self, kind: &str, account: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM gable_events WHERE kind = '{kind}' AND account_id = $1"), account)
    }

    /// How many log-ins an account has.
    pub(super) fn grants(&self, account: &str) -> i64 {
        self.number("SELECT count(*) FROM gable_grants WHERE account_id = $1", account)
    }

    /// How many rows a table has.
    pub(super) fn rows(&self, table: &str) -> i64 {
        self.database.number(&format!("SELECT count(*) FROM {table}"), &[])
    }

    /// The mails to an address, once there are this many.
    #[track_caller]
    pub(super) fn mails_to(&self, address: &str, count: usize) -> Vec<ReceivedMail> {
        let own = |mails: Vec<ReceivedMail>| -> Vec<ReceivedMail> {
            mails.into_iter().filter(|mail| mail.to == address).collect()
        };
        let mut wanted = count;
        loop {
            let all = self.server.wait_for_mails(wanted);
            wanted = all.len() + 1;
            let found = own(all);
            if found.len() >= count {
                return found;
            }
        }
    }

    /// How many mails were sent, once none waits to be.
    #[track_caller]
    pub(super) fn mails(&self) -> usize {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.rows("gable_outbox") > 0 {
            assert!(Instant::now() < deadline, "mail that nobody sends");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.server.mails().len()
    }
}
