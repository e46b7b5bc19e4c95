//! The outbox: a table of mail to be sent. The request that causes a mail writes it in the transaction of its other
//! writes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::email_message::is_address;
use super::mail_kind::{Mail, Secret};
use crate::context::Context;
use crate::db::{BoundSql, Database, DbError, FixedSql, Row, Source, values};
use crate::error::ApiError;

/// Number of attempts after which a mail is given up.
pub(super) const MAX_ATTEMPTS: i32 = 10;

/// Writes a mail to the outbox in the open transaction. The worker sends it after the commit. If the recipient is not a
/// valid address, only a warning is logged.
///
/// # Errors
/// A database error, or 500 if there is no transaction, or if the template needs a token and the mail has none.
pub(crate) async fn enqueue(ctx: &mut Context<'_>, mail: Mail) -> Result<(), ApiError> {
    if mail.token.is_none() && mail.template.secret() != Secret::Nothing {
        return Err(ApiError::internal("the template needs a token, and the mail has none"));
    }
    if !is_address(&mail.to) {
        tracing::warn!(
            template = mail.template.name(),
            "a mail was not written: its recipient is not an e-mail address"
        );
        return Ok(());
    }
    let insert = insertion(&mail, ctx)?;
    Source::Transaction(ctx.open_transaction()?).execute(insert).await?;
    let wake = ctx.core.outbox_wake.clone();
    ctx.after_commit(async move { wake.notify_one() });
    Ok(())
}

static ENQUEUE: FixedSql<7> = FixedSql::new(
    r#"INSERT INTO "gable_outbox" ("id", "template", "recipient", "token_id", "variables", "created_at",
       "next_attempt_at") VALUES (?, ?, ?, ?, ?, ?, ?)"#,
);

fn insertion(mail: &Mail, ctx: &Context<'_>) -> Result<BoundSql, ApiError> {
    let variables: BTreeMap<&str, &str> = mail.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let variables = serde_json::to_string(&variables).map_err(ApiError::internal)?;
    let (id, template, to, now) = (Uuid::now_v7(), mail.template.name(), mail.to.as_str(), ctx.now);
    Ok(ENQUEUE.with(values![id, template, to, mail.token, variables, now, now]))
}

/// A mail that is due.
#[derive(Debug)]
pub(super) struct DueMail {
    pub(super) id: Uuid,
    pub(super) template: String,
    pub(super) recipient: String,
    pub(super) variables: String,
    /// The number of attempts so far.
    pub(super) attempts: i32,
    pub(super) token: Option<Token>,
}

/// The one-time token whose secret a mail contains.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) id: Uuid,
    pub(super) expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
}

impl DueMail {
    /// Whether its one-time token is neither used nor expired. True for a mail without a token.
    pub(super) fn is_still_valid(&self, now: DateTime<Utc>) -> bool {
        self.token.is_none_or(|token| token.used_at.is_none() && token.expires_at > now)
    }

    /// The time from the start of this attempt to the next one: 30 seconds at first, for a server that restarts, and up
    /// to four hours later on. If a worker dies during an attempt, the mail is sent again after the same time.
    fn pause(&self) -> TimeDelta {
        const MINUTES: [i64; 7] = [2, 10, 30, 60, 60, 120, 240];
        match usize::try_from(self.attempts).unwrap_or_default().checked_sub(1) {
            None => TimeDelta::seconds(30),
            Some(later) => TimeDelta::minutes(MINUTES[later.min(MINUTES.len() - 1)]),
        }
    }
}

/// The worker's access to the outbox table.
#[derive(Clone, Copy)]
pub(super) struct Outbox<'a> {
    pub(super) db: &'a Database,
}

static NEXT_DUE: FixedSql<1> = FixedSql::new(
    r#"SELECT o."id", o."template", o."recipient", o."variables", o."attempts", t."id", t."expires_at", t."used_at"
       FROM "gable_outbox" o LEFT JOIN "gable_tokens" t ON t."id" = o."token_id"
       WHERE o."next_attempt_at" <= ? ORDER BY o."next_attempt_at", o."id" LIMIT 1"#,
);
static CLAIM: FixedSql<4> = FixedSql::new(
    r#"UPDATE "gable_outbox" SET "attempts" = "attempts" + 1, "next_attempt_at" = ?
       WHERE "id" = ? AND "attempts" = ? AND "next_attempt_at" <= ?"#,
);
static REMOVE: FixedSql<1> = FixedSql::new(r#"DELETE FROM "gable_outbox" WHERE "id" = ?"#);

impl Outbox<'_> {
    /// The mail that has been due for the longest time; `None` if no mail is due.
    pub(super) async fn next_due(&self, now: DateTime<Utc>) -> Result<Option<DueMail>, DbError> {
        let found = self.db.reader().one(NEXT_DUE.with(values![now])).await?;
        found.map(|row| read_due(Row::new(&row))).transpose()
    }

    /// Reserves the next attempt at a mail and schedules the one after it. False if another worker was faster.
    pub(super) async fn claim(&self, mail: &DueMail, now: DateTime<Utc>) -> Result<bool, DbError> {
        let update = CLAIM.with(values![now + mail.pause(), mail.id, mail.attempts, now]);
        Ok(self.write(update).await? == 1)
    }

    pub(super) async fn remove(&self, mail: &DueMail) -> Result<(), DbError> {
        self.write(REMOVE.with(values![mail.id])).await.map(drop)
    }

    async fn write(&self, statement: BoundSql) -> Result<u64, DbError> {
        let transaction = self.db.begin().await?;
        let touched = Source::Transaction(&transaction).execute(statement).await?;
        transaction.commit().await?;
        Ok(touched)
    }
}

fn read_due(mut row: Row<'_>) -> Result<DueMail, DbError> {
    Ok(DueMail {
        id: row.next()?,
        template: row.next()?,
        recipient: row.next()?,
        variables: row.next()?,
        attempts: row.next()?,
        token: match (row.next::<Option<Uuid>>()?, row.next::<Option<DateTime<Utc>>>()?) {
            (Some(id), Some(expires_at)) => Some(Token { id, expires_at, used_at: row.next()? }),
            _ => None,
        },
    })
}
