//! One-time tokens: a row that says what somebody may do once. What they must know for it is made from the row's id
//! and the server's key when the mail is sent, and stored nowhere.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Auth;
use super::error::AuthError;
use crate::access::id_from;
use crate::context::Context;
use crate::db::{DbError, Row, Statement};
use crate::http::ApiError;
use crate::resource::Id;

/// What a token is good for, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    ResetPassword,
    /// To verify an address by opening the mailed link.
    VerifyEmail,
    /// To verify an address by typing the mailed code. A purpose of its own, so that a row made for a link, which holds
    /// for a day, cannot be guessed at six digits at a time.
    VerifyEmailCode,
    /// To make another address the account's own.
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

/// A token that was not used yet.
pub(super) struct OneTime {
    pub(super) id: Uuid,
    pub(super) account: Id,
    pub(super) purpose: Purpose,
    /// Where it was sent.
    pub(super) address: String,
    expires_at: DateTime<Utc>,
}

impl OneTime {
    /// # Errors
    /// `OneTimeTokenExpired` for one that was not used in time.
    fn in_time(self, ctx: &Context<'_>) -> Result<Self, AuthError> {
        if self.expires_at > ctx.now { Ok(self) } else { Err(AuthError::OneTimeTokenExpired) }
    }
}

/// Wrong codes after which a code is worth nothing.
const GUESSES: i32 = 5;

/// Makes a token, in the open transaction. Older ones of the account for the same purpose are gone, and so are mails
/// that would have told of them.
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
    let mut insert = Statement::new(
        ctx.core.db.dialect(),
        "INSERT INTO \"gable_tokens\" (\"id\", \"account_id\", \"purpose\", \"address\", \"created_at\", \"expires_at\") \
         VALUES (",
    );
    insert.bind(id).push(", ").bind(account).push(", ").bind(purpose.name()).push(", ").bind(address);
    insert.push(", ").bind(ctx.now).push(", ").bind(ctx.now + lifetime).push(")");
    ctx.source().execute(insert).await?;
    Ok(id)
}

/// Whatever an account is sent and does with it comes one after another: two who ask at once must not both leave a
/// token behind, or both be the only one of this minute. To be taken before any token is touched, or two requests wait
/// for each other.
pub(super) async fn lock(ctx: &Context<'_>, account: Id) -> Result<(), ApiError> {
    ctx.lock_account(account).await
}

/// Takes away what an account was sent for these purposes and has not used. What was used stays until it expires: a link
/// that is opened again is known by it.
async fn void(ctx: &Context<'_>, account: Id, purposes: &[Purpose]) -> Result<(), DbError> {
    let mut delete = Statement::new(ctx.core.db.dialect(), "DELETE FROM \"gable_tokens\" WHERE \"account_id\" = ");
    delete.bind(account).push(" AND \"purpose\" IN (");
    delete.join(", ", purposes, |delete, purpose| delete.bind(purpose.name())).push(") AND \"used_at\" IS NULL");
    ctx.source().execute(delete).await?;
    Ok(())
}

/// Takes away everything that an account was sent and has not used.
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
    let mut select = Statement::new(ctx.core.db.dialect(), sql);
    select.bind(account).push(" AND \"purpose\" IN (");
    select.join(", ", purpose.superseded(), |select, purpose| select.bind(purpose.name())).push(")");
    select.push(" ORDER BY \"created_at\" DESC LIMIT 1");
    let found = ctx.source().one(select).await?;
    found.map(|result| Row::new(&result).next()).transpose()
}

/// Finds the token that a link holds, when it may still be used for one of these purposes. A token made for a code
/// has a purpose of its own, so no link opens it.
///
/// # Errors
/// `OneTimeTokenExpired` for one that was mailed for that and not used in time.
pub(super) async fn find(
    ctx: &Context<'_>,
    auth: &Auth,
    token: &str,
    purposes: &[Purpose],
) -> Result<Option<OneTime>, AuthError> {
    let found = by_link(ctx, auth, token, purposes, having(ctx, "\"used_at\" IS NULL")).await?;
    found.map(|found| found.in_time(ctx)).transpose()
}

/// Finds the token that a link holds, when it was used for one of these purposes and would not have expired yet.
pub(super) async fn find_used(
    ctx: &Context<'_>,
    auth: &Auth,
    token: &str,
    purposes: &[Purpose],
) -> Result<Option<OneTime>, DbError> {
    let found = by_link(ctx, auth, token, purposes, having(ctx, "\"used_at\" IS NOT NULL")).await?;
    Ok(found.filter(|found| found.expires_at > ctx.now))
}

async fn by_link(
    ctx: &Context<'_>,
    auth: &Auth,
    token: &str,
    purposes: &[Purpose],
    mut select: Statement,
) -> Result<Option<OneTime>, DbError> {
    let Some(id) = auth.secrets.row_of(token) else { return Ok(None) };
    select.push(" AND \"id\" = ").bind(id);
    Ok(one(ctx, auth, select).await?.filter(|found| purposes.contains(&found.purpose)))
}

/// Finds the token whose code this is; only tokens made for a code have one. Every guess is counted before it is looked at and stays counted, so that many at once
/// are no more than the same number one after another.
///
/// # Errors
/// `OneTimeTokenExpired` for the code that was mailed and not used in time; guesses at it are counted as well.
pub(super) async fn guess(
    ctx: &mut Context<'_>,
    auth: &Auth,
    account: Id,
    code: &str,
) -> Result<Option<OneTime>, AuthError> {
    let purpose = Purpose::VerifyEmailCode;
    ctx.begin().await?;
    let mut count = Statement::new(
        ctx.core.db.dialect(),
        "UPDATE \"gable_tokens\" SET \"attempts\" = \"attempts\" + 1 WHERE \"used_at\" IS NULL AND \"account_id\" = ",
    );
    count.bind(account).push(" AND \"purpose\" = ").bind(purpose.name());
    count.push(" AND \"attempts\" < ").bind(GUESSES);
    let counted = ctx.source().execute(count).await?;
    let mut select = having(ctx, "\"used_at\" IS NULL");
    select.push(" AND \"account_id\" = ").bind(account).push(" AND \"purpose\" = ").bind(purpose.name());
    let found = if counted == 0 { None } else { one(ctx, auth, select).await? };
    ctx.commit().await?;
    let found = found.filter(|found| auth.secrets.is_code(found.id, code));
    found.map(|found| found.in_time(ctx)).transpose()
}

/// Tokens for which a condition holds, expired or not.
fn having(ctx: &Context<'_>, condition: &str) -> Statement {
    let sql = "SELECT \"id\", \"account_id\", \"purpose\", \"address\", \"expires_at\" FROM \"gable_tokens\" WHERE ";
    let mut select = Statement::new(ctx.core.db.dialect(), sql);
    select.push(condition);
    select
}

async fn one(ctx: &Context<'_>, auth: &Auth, select: Statement) -> Result<Option<OneTime>, DbError> {
    let Some(result) = ctx.source().one(select).await? else { return Ok(None) };
    let mut row = Row::new(&result);
    let (id, account) = (row.next()?, id_from(&mut row, auth.access.models.account.id)?);
    let (purpose, address, expires_at): (String, String, _) = (row.next()?, row.next()?, row.next()?);
    let purpose = Purpose::ALL.into_iter().find(|known| known.name() == purpose);
    Ok(purpose.map(|purpose| OneTime { id, account, purpose, address, expires_at }))
}

/// Uses a token up, in the open transaction. False when another request was first.
pub(super) async fn consume(ctx: &Context<'_>, token: &OneTime) -> Result<bool, ApiError> {
    lock(ctx, token.account).await?;
    let mut update = Statement::new(ctx.core.db.dialect(), "UPDATE \"gable_tokens\" SET \"used_at\" = ");
    update.bind(ctx.now).push(" WHERE \"used_at\" IS NULL AND \"id\" = ").bind(token.id);
    update.push(" AND \"expires_at\" > ").bind(ctx.now);
    Ok(ctx.source().execute(update).await? == 1)
}
