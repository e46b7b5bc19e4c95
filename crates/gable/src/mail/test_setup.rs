//! Test setup: a database with an account and an outbox, and an application that can send mail.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Mail, MailService, Mailbox, Template, enqueue};
use crate::access::Principal;
use crate::clock::Clock;
use crate::context::{Context, Core};
use crate::db::{Database, FixedSql, IntoStatement, Options, Row, Source, values};
use crate::error::ApiError;
use crate::meta::{AppMeta, IdKind, ModelKind, ModelMeta};
use crate::secrets::Secrets;
use crate::server::api::Mounted;
use crate::server::assemble;
use crate::settings::Settings;
use crate::settings::tests::{AUTH, app};

pub(super) static APP: AppMeta = app(Some(AUTH));

const ACCOUNT: ModelMeta = ModelMeta {
    name: "Account",
    table: "accounts",
    path: "accounts",
    resource: "account",
    kind: ModelKind::Account,
    id: IdKind::Integer,
    soft_delete: false,
    fields: &[],
    relations: &[],
    uniques: &[],
    actions: &[],
    routes: &[],
};

pub(super) struct Room {
    pub(super) directory: TempDir,
    pub(super) clock: Clock,
    pub(super) secrets: Secrets,
    pub(super) mailbox: Mailbox,
    pub(super) core: Arc<Node>,
}

/// One application process: its state, and what it sends mail with.
pub(super) struct Node {
    pub(super) core: Arc<Core>,
    pub(super) mail: MailService,
}

impl Deref for Node {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

static TOKEN: FixedSql<3> = FixedSql::new(
    r#"INSERT INTO "gable_tokens" ("id", "account_id", "purpose", "address", "created_at", "expires_at")
       VALUES (?, 1, 'test', 'ada@example.com', ?, ?)"#,
);
static ATTEMPTS: FixedSql<0> = FixedSql::new(r#"SELECT "attempts" FROM "gable_outbox" ORDER BY "id""#);

impl Room {
    pub(super) async fn new() -> Self {
        let (directory, clock, mailbox) = (TempDir::new().expect("a directory"), Clock::default(), Mailbox::default());
        let core = start(directory.path(), &clock, &[], Some(mailbox.clone())).await;
        let room = Self { directory, clock, secrets: Secrets::new(b"a key of the tests"), mailbox, core };
        room.run("CREATE TABLE \"accounts\" (\"id\" integer PRIMARY KEY)").await;
        room.run("INSERT INTO \"accounts\" (\"id\") VALUES (1)").await;
        room.core.db.migrate_system(Some(&ACCOUNT)).await.expect("the runtime's own tables");
        room
    }

    /// Starts another node on the same database.
    pub(super) async fn node(&self, variables: &[(&str, &str)], mailbox: Option<Mailbox>) -> Arc<Node> {
        start(self.directory.path(), &self.clock, variables, mailbox).await
    }

    /// Writes a one-time token that expires in an hour and returns its id.
    pub(super) async fn token(&self) -> Uuid {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let insert = TOKEN.with(values![id, now, now + TimeDelta::hours(1)]);
        self.execute(insert).await;
        id
    }

    /// Writes a mail to Ada as a request would.
    pub(super) async fn write(&self, template: Template, token: Option<Uuid>) {
        let mail = Mail { template, to: "ada@example.com".to_owned(), token, variables: Vec::new() };
        self.request(mail).await.expect("a mail that can be written");
    }

    pub(super) async fn request(&self, mail: Mail) -> Result<(), ApiError> {
        let mut ctx = Context::new(&self.core.core, Principal::Anonymous, None);
        ctx.begin().await?;
        enqueue(&mut ctx, mail).await?;
        ctx.commit().await
    }

    pub(super) async fn run(&self, sql: &str) {
        self.execute(self.core.db.statement(sql)).await;
    }

    async fn execute(&self, statement: impl IntoStatement) {
        let transaction = self.core.db.begin().await.expect("a transaction");
        Source::Transaction(&transaction).execute(statement).await.expect("SQL of a test");
        transaction.commit().await.expect("a commit");
    }

    /// The number of attempts of each mail in the outbox.
    pub(super) async fn attempts(&self) -> Vec<i32> {
        let rows = self.core.db.reader().all(ATTEMPTS.with([])).await.expect("the outbox");
        rows.iter().map(|row| Row::new(row).next().expect("a number")).collect()
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

async fn start(directory: &Path, clock: &Clock, variables: &[(&str, &str)], mailbox: Option<Mailbox>) -> Arc<Node> {
    let url = format!("sqlite://{}", directory.join("data.db").display());
    let db = Database::connect(&url, &Options::new(4)).await.expect("a database");
    let list: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::from_list(&APP, &list, directory).expect("settings");
    let mail = MailService::new(&APP, &settings, &[], mailbox).expect("a mail room");
    let started = assemble(&APP, settings, db, Mounted::default(), clock.clone(), mail).await.expect("a core");
    Arc::new(Node { core: started.core, mail: started.mail })
}
