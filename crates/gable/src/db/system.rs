//! The runtime's own tables: log-ins, events of accounts, one-time tokens, waiting mail, and stored answers for
//! repeated requests. Most of them refer to the account model's table and id type, so their SQL is made at start. Their
//! migrations are recorded in the same history as the application's.

use super::{Database, Dialect, MigrateError, quote};
use crate::meta::{IdKind, ModelMeta};

struct SystemMigration {
    name: &'static str,
    /// Statements with the variables `{uuid}`, `{bytes}` and `{time}`; if there are accounts, also `{account}` and
    /// `{account_id}`.
    script: &'static str,
}

/// Applied if the application has accounts.
const ACCOUNT_MIGRATIONS: [SystemMigration; 3] = [
    SystemMigration { name: "gable_0001_grants_and_events", script: GRANTS_AND_EVENTS },
    SystemMigration { name: "gable_0002_tokens_and_outbox", script: TOKENS_AND_OUTBOX },
    SystemMigration { name: "gable_0004_access_version", script: ACCESS_VERSION },
];

/// Applied in every application.
const COMMON_MIGRATIONS: [SystemMigration; 1] =
    [SystemMigration { name: "gable_0003_idempotency", script: IDEMPOTENCY }];

const GRANTS_AND_EVENTS: &str = r#"
CREATE TABLE "gable_grants" (
    "id" {uuid} PRIMARY KEY,
    "account_id" {account_id} NOT NULL REFERENCES {account} ("id") ON DELETE CASCADE,
    "surface" varchar(20) NOT NULL,
    "secret_hash" {bytes},
    "generation" integer NOT NULL DEFAULT 0,
    "created_at" {time} NOT NULL,
    "last_active_at" {time} NOT NULL,
    "expires_at" {time} NOT NULL,
    "idle_seconds" bigint,
    "ip" varchar(45),
    "user_agent" varchar(400)
);
CREATE INDEX "idx_gable_grants_account_id" ON "gable_grants" ("account_id");
CREATE INDEX "idx_gable_grants_expires_at" ON "gable_grants" ("expires_at");
CREATE UNIQUE INDEX "uq_gable_grants_secret_hash" ON "gable_grants" ("secret_hash");
CREATE TABLE "gable_events" (
    "id" {uuid} PRIMARY KEY,
    "account_id" {account_id} REFERENCES {account} ("id") ON DELETE SET NULL,
    "kind" varchar(40) NOT NULL,
    "reason" varchar(60),
    "surface" varchar(20) NOT NULL,
    "ip" varchar(45),
    "user_agent" varchar(400),
    "at" {time} NOT NULL
);
CREATE INDEX "idx_gable_events_account_id" ON "gable_events" ("account_id", "at");
CREATE INDEX "idx_gable_events_at" ON "gable_events" ("at");
"#;

/// Deleting a token deletes the mail that contains it, because the mail would be of no use.
const TOKENS_AND_OUTBOX: &str = r#"
ALTER TABLE "gable_grants" ADD COLUMN "renewed_at" {time};
CREATE TABLE "gable_tokens" (
    "id" {uuid} PRIMARY KEY,
    "account_id" {account_id} NOT NULL REFERENCES {account} ("id") ON DELETE CASCADE,
    "purpose" varchar(20) NOT NULL,
    "address" varchar(254) NOT NULL,
    "attempts" integer NOT NULL DEFAULT 0,
    "created_at" {time} NOT NULL,
    "expires_at" {time} NOT NULL,
    "used_at" {time}
);
CREATE INDEX "idx_gable_tokens_account_id" ON "gable_tokens" ("account_id", "purpose");
CREATE INDEX "idx_gable_tokens_expires_at" ON "gable_tokens" ("expires_at");
CREATE TABLE "gable_strangers" (
    "id" {bytes} PRIMARY KEY,
    "attempts" integer NOT NULL,
    "locked_until" {time},
    "last_at" {time} NOT NULL
);
CREATE INDEX "idx_gable_strangers_last_at" ON "gable_strangers" ("last_at");
CREATE TABLE "gable_outbox" (
    "id" {uuid} PRIMARY KEY,
    "template" varchar(40) NOT NULL,
    "recipient" varchar(254) NOT NULL,
    "token_id" {uuid} REFERENCES "gable_tokens" ("id") ON DELETE CASCADE,
    "variables" text NOT NULL,
    "attempts" integer NOT NULL DEFAULT 0,
    "created_at" {time} NOT NULL,
    "next_attempt_at" {time} NOT NULL
);
CREATE INDEX "idx_gable_outbox_next_attempt_at" ON "gable_outbox" ("next_attempt_at");
CREATE INDEX "idx_gable_outbox_token_id" ON "gable_outbox" ("token_id");
"#;

/// A table of one row: how often roles or permissions have changed. A node compares it with the version that it has
/// cached.
const ACCESS_VERSION: &str = r#"
CREATE TABLE "gable_access" ("id" integer PRIMARY KEY, "version" bigint NOT NULL);
INSERT INTO "gable_access" ("id", "version") VALUES (1, 0);
"#;

/// The transaction that inserts the row also stores its answer, so no other transaction sees a row without an answer.
const IDEMPOTENCY: &str = r#"
CREATE TABLE "gable_idempotency" (
    "id" {bytes} PRIMARY KEY,
    "fingerprint" {bytes} NOT NULL,
    "status" integer,
    "location" text,
    "etag" text,
    "body" {bytes},
    "created_at" {time} NOT NULL
);
CREATE INDEX "idx_gable_idempotency_created_at" ON "gable_idempotency" ("created_at");
"#;

impl Database {
    /// Brings the runtime's own tables up to date.
    pub(crate) async fn migrate_system(&self, account: Option<&ModelMeta>) -> Result<(), MigrateError> {
        if let Some(account) = account {
            for migration in ACCOUNT_MIGRATIONS {
                let script = for_accounts(account, migration.script);
                self.apply(migration.name, &typed(&script, self.dialect())).await?;
            }
        }
        for migration in COMMON_MIGRATIONS {
            self.apply(migration.name, &typed(migration.script, self.dialect())).await?;
        }
        Ok(())
    }
}

fn for_accounts(account: &ModelMeta, script: &str) -> String {
    let id = if account.id == IdKind::Uuid { "{uuid}" } else { "bigint" };
    let mut table = String::new();
    quote(account.table, &mut table);
    script.replace("{account_id}", id).replace("{account}", &table)
}

fn typed(script: &str, dialect: Dialect) -> String {
    let (uuid, bytes, time) = match dialect {
        Dialect::Sqlite => ("blob", "blob", "text"),
        Dialect::Postgres => ("uuid", "bytea", "timestamptz(3)"),
    };
    script.replace("{uuid}", uuid).replace("{bytes}", bytes).replace("{time}", time)
}
