//! One-time tokens: each row permits one action once. The secret is computed from the id of the row and the server's
//! key when the mail is sent, and is not stored.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Auth;
use super::error::AuthError;
use crate::context::Context;
use crate::db::{BoundSql, DbError, FixedSql, Row, values};
use crate::error::ApiError;
use crate::model::{Id, id_from};

/// The redirect of the link in a mail that this request sends. Passed through the context, since the code for sign-ups
/// and updates of rows has no parameter for it.
pub(crate) struct LinkRedirect(pub(crate) String);

/// The only action that a token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    ResetPassword,
    /// Verifies an address by the mailed link.
    VerifyEmail,
    /// Verifies an address by the mailed code. A separate purpose, so that a row issued for a link, which is valid for
    /// a day, cannot be used by guessing its six-digit code.
    VerifyEmailCode,
    /// Confirms a new address of the account.
    ChangeEmail,
}

impl Purpose {
    const ALL: [Purpose; 4] =
        [Purpose::ResetPassword, Purpose::VerifyEmail, Purpose::VerifyEmailCode, Purpose::ChangeEmail];

    /// The purposes that replace each other: an account has a link or a code to verify its address, never both.
    fn superseded(self) -> &'static [Purpose] {
        match self {
            Purpose::ResetPassword => &[Purpose::ResetPassword],
            Purpose::VerifyEmail | Purpose::VerifyEmailCode => &[Purpose::VerifyEmail, Purpose::VerifyEmailCode],
            Purpose::ChangeEmail => &[Purpose::ChangeEmail],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Purpose::ResetPassword => "reset_password",
            Purpose::VerifyEmail => "verify_email",
            Purpose::VerifyEmailCode => "verify_email_code",
            Purpose::ChangeEmail => "change_email",
        }
    }
}

/// A one-time token.
pub(super) struct OneTime {
    pub(crate) id: Uuid,
    pub(crate) account: Id,
    pub(super) purpose: Purpose,
    /// The address that it was sent to.
    pub(super) address: String,
    expires_at: DateTime<Utc>,
}

impl OneTime {
    /// Returns the token unless it has expired.
    ///
    /// # Errors
    /// `OneTimeTokenExpired` if it has.
    fn in_time(self, ctx: &Context<'_>) -> Result<Self, AuthError> {
        if self.expires_at > ctx.now { Ok(self) } else { Err(AuthError::OneTimeTokenExpired) }
    }
}

/// Maximum number of guesses at a code. After that, the code is invalid.
const GUESSES: i32 = 5;

static ISSUE: FixedSql<6> = FixedSql::new(
    r#"INSERT INTO "gable_tokens" ("id", "account_id", "purpose", "address", "created_at", "expires_at")
       VALUES (?, ?, ?, ?, ?, ?)"#,
);

/// Issues a token, in the open transaction. Deletes the unused tokens of the account that it supersedes, and with them
/// the mails in the outbox that contain their secrets.
pub(super) async fn issue(
    ctx: &Context<'_>,
    account: Id,
    purpose: Purpose,
    address: &str,
    lifetime: TimeDelta,
) -> Result<Uuid, ApiError> {
    lock(ctx, account).await?;
    void(ctx, account, purpose.superseded()).await?;
    let id = Uuid::now_v7();
    let insert = ISSUE.with(values![id, account, purpose.name(), address, ctx.now, ctx.now + lifetime]);
    ctx.source().execute(insert).await?;
    Ok(id)
}

/// Locks the account, so that operations on its tokens run one after another: two concurrent requests must not both
/// issue a token or both pass a limit on mails. Must be called before any token is changed, since another order could
/// deadlock.
pub(super) async fn lock(ctx: &Context<'_>, account: Id) -> Result<(), ApiError> {
    ctx.lock_account(account).await
}

/// Deletes the unused tokens of an account for these purposes. Used ones stay until they expire, so that a link that is
/// opened again is recognized.
async fn void(ctx: &Context<'_>, account: Id, purposes: &[Purpose]) -> Result<(), DbError> {
    let mut delete = ctx.core.db.statement("DELETE FROM \"gable_tokens\" WHERE \"account_id\" = ");
    delete.bind(account).push(" AND \"purpose\" IN (");
    delete.join(", ", purposes, |delete, purpose| delete.bind(purpose.name())).push(") AND \"used_at\" IS NULL");
    ctx.source().execute(delete).await?;
    Ok(())
}

/// Deletes all unused tokens of an account.
pub(super) async fn void_all(ctx: &Context<'_>, account: Id) -> Result<(), DbError> {
    void(ctx, account, &Purpose::ALL).await
}

/// Returns when an account was last sent a token for this purpose, or for one that it supersedes.
pub(super) async fn last_issued(
    ctx: &Context<'_>,
    account: Id,
    purpose: Purpose,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let sql = "SELECT \"created_at\" FROM \"gable_tokens\" WHERE \"account_id\" = ";
    let mut select = ctx.core.db.statement(sql);
    select.bind(account).push(" AND \"purpose\" IN (");
    select.join(", ", purpose.superseded(), |select, purpose| select.bind(purpose.name())).push(")");
    select.push(" ORDER BY \"created_at\" DESC LIMIT 1");
    let found = ctx.source().one(select).await?;
    found.map(|result| Row::new(&result).next()).transpose()
}

static UNUSED: FixedSql<1> = FixedSql::new(
    r#"SELECT "id", "account_id", "purpose", "address", "expires_at" FROM "gable_tokens"
       WHERE "used_at" IS NULL AND "id" = ?"#,
);

/// Finds the unused token of a link, if it has one of these purposes. A token issued for a code has a purpose of its
/// own, so no link can use it.
///
/// # Errors
/// `OneTimeTokenExpired` if the token has expired.
pub(super) async fn find(
    ctx: &Context<'_>,
    auth: &Auth,
    token: &str,
    purposes: &[Purpose],
) -> Result<Option<OneTime>, AuthError> {
    let found = by_link(ctx, auth, token, purposes, &UNUSED).await?;
    found.map(|found| found.in_time(ctx)).transpose()
}

static USED: FixedSql<1> = FixedSql::new(
    r#"SELECT "id", "account_id", "purpose", "address", "expires_at" FROM "gable_tokens"
       WHERE "used_at" IS NOT NULL AND "id" = ?"#,
);

/// Finds the token of a link if it was used for one of these purposes and has not expired since.
pub(super) async fn find_used(
    ctx: &Context<'_>,
    auth: &Auth,
    token: &str,
    purposes: &[Purpose],
) -> Result<Option<OneTime>, DbError> {
    let found = by_link(ctx, auth, token, purposes, &USED).await?;
    Ok(found.filter(|found| found.expires_at > ctx.now))
}

async fn by_link(
    ctx: &Context<'_>,
    auth: &Auth,
    token: &str,
    purposes: &[Purpose],
    select: &'static FixedSql<1>,
) -> Result<Option<OneTime>, DbError> {
    let Some(id) = ctx.core.secrets.row_of(token) else { return Ok(None) };
    Ok(one(ctx, auth, select.with(values![id])).await?.filter(|found| purposes.contains(&found.purpose)))
}

static COUNT_GUESS: FixedSql<3> = FixedSql::new(
    r#"UPDATE "gable_tokens" SET "attempts" = "attempts" + 1
       WHERE "used_at" IS NULL AND "account_id" = ? AND "purpose" = ? AND "attempts" < ?"#,
);
static UNUSED_OF_ACCOUNT: FixedSql<2> = FixedSql::new(
    r#"SELECT "id", "account_id", "purpose", "address", "expires_at" FROM "gable_tokens"
       WHERE "used_at" IS NULL AND "account_id" = ? AND "purpose" = ?"#,
);

/// Finds the unused token of an account whose code this is. Every guess is counted and committed before it is compared,
/// so that concurrent guesses cannot exceed the limit.
///
/// # Errors
/// `OneTimeTokenExpired` for the right code of an expired token. Guesses at an expired token are counted as well.
pub(super) async fn guess(
    ctx: &mut Context<'_>,
    auth: &Auth,
    account: Id,
    code: &str,
) -> Result<Option<OneTime>, AuthError> {
    let purpose = Purpose::VerifyEmailCode.name();
    ctx.begin().await?;
    let counted = ctx.source().execute(COUNT_GUESS.with(values![account, purpose, GUESSES])).await?;
    let select = UNUSED_OF_ACCOUNT.with(values![account, purpose]);
    let found = if counted == 0 { None } else { one(ctx, auth, select).await? };
    ctx.commit().await?;
    let found = found.filter(|found| ctx.core.secrets.is_code(found.id, code));
    found.map(|found| found.in_time(ctx)).transpose()
}

async fn one(ctx: &Context<'_>, auth: &Auth, select: BoundSql) -> Result<Option<OneTime>, DbError> {
    let Some(result) = ctx.source().one(select).await? else { return Ok(None) };
    let mut row = Row::new(&result);
    let (id, account) = (row.next()?, id_from(&mut row, auth.access.models.account.id)?);
    let (purpose, address, expires_at): (String, String, _) = (row.next()?, row.next()?, row.next()?);
    let purpose = Purpose::ALL.into_iter().find(|known| known.name() == purpose);
    Ok(purpose.map(|purpose| OneTime { id, account, purpose, address, expires_at }))
}

static CONSUME: FixedSql<3> = FixedSql::new(
    r#"UPDATE "gable_tokens" SET "used_at" = ? WHERE "used_at" IS NULL AND "id" = ? AND "expires_at" > ?"#,
);

/// Marks a token as used, in the open transaction. False if it has been used, deleted or has expired since.
pub(super) async fn consume(ctx: &Context<'_>, token: &OneTime) -> Result<bool, ApiError> {
    lock(ctx, token.account).await?;
    let update = CONSUME.with(values![ctx.now, token.id, ctx.now]);
    Ok(ctx.source().execute(update).await? == 1)
}
