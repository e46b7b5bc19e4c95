//! The runtime's own tables: log-ins, what happened to accounts, one-time tokens, mail that waits, and answers that may
//! be asked for again. Most follow the account model's id and table, so their SQL is made at start; their history is
//! kept beside the application's.

use super::{Database, Dialect, MigrateError, quote};
use crate::meta::{IdKind, ModelMeta};

/// Names in the history that are the runtime's, not the application's.
pub(super) const PREFIX: &str = "gable_";

struct SystemMigration {
    name: &'static str,
    /// Statements with `{uuid}`, `{bytes}` and `{time}` to be filled in; where there are accounts, also with `{account}`
    /// and `{account_id}`.
    script: &'static str,
}

/// Applied once there are accounts.
const OF_ACCOUNTS: [SystemMigration; 3] = [
    SystemMigration { name: "gable_0001_grants_and_events", script: GRANTS_AND_EVENTS },
    SystemMigration { name: "gable_0002_tokens_and_outbox", script: TOKENS_AND_OUTBOX },
    SystemMigration { name: "gable_0004_access_version", script: ACCESS_VERSION },
];

/// Every application's.
const OF_ALL: [SystemMigration; 1] = [SystemMigration { name: "gable_0003_idempotency", script: IDEMPOTENCY }];

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

/// A mail goes with the secret that it tells: of a secret that no longer holds, nobody needs to hear.
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

/// One row: how often roles or permissions have changed. A node compares it with what it remembers.
const ACCESS_VERSION: &str = r#"
CREATE TABLE "gable_access" ("id" integer PRIMARY KEY, "version" bigint NOT NULL);
INSERT INTO "gable_access" ("id", "version") VALUES (1, 0);
"#;

/// An answer is written by the transaction that claims the row: none is ever seen without one.
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
            for migration in OF_ACCOUNTS {
                let script = about(account, migration.script);
                self.apply(migration.name, &typed(&script, self.dialect())).await?;
            }
        }
        for migration in OF_ALL {
            self.apply(migration.name, &typed(migration.script, self.dialect())).await?;
        }
        Ok(())
    }
}

fn about(account: &ModelMeta, script: &str) -> String {
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
