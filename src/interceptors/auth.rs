//! Accounts and log-ins: an API key for the newsroom's programs, log lines about refused requests, and the deletion of
//! drafts together with the account of their author.

use api::post::{Column, Entity as Posts};
use api::{PostStatus, User};
use gable::{ApiError, AuthHooks, Authentication, Authorization, Context};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub(crate) fn install(auth: &mut AuthHooks<User>) {
    let newsroom = NewsroomKey::from_environment();
    auth.before_authenticate(async move |ctx: &mut Context<'_>, authentication: &mut Authentication| {
        if let Some(key) = newsroom.as_ref().filter(|key| key.matches(ctx.header("X-Newsroom-Key"))) {
            authentication.principal = Some(ctx.identify(key.account).await?);
        }
        Ok(())
    })
    .after_authorize(log_deletions)
    .on_authorize_error(log_refusal)
    .after_signup(welcome)
    .on_login_error(log_failed_login)
    .before_delete_me(delete_drafts);
}

/// An API key from the environment, with which a program of the newsroom acts as an account without logging in.
struct NewsroomKey {
    key: String,
    account: Uuid,
}

impl NewsroomKey {
    fn from_environment() -> Option<Self> {
        let key = std::env::var("GAZETTE_NEWSROOM_KEY").ok().filter(|key| key.len() >= 32)?;
        let account = std::env::var("GAZETTE_NEWSROOM_ACCOUNT").ok()?.parse().ok()?;
        Some(Self { key, account })
    }

    /// Compares in constant time, so that the duration reveals only the length of the key.
    fn matches(&self, received: Option<&str>) -> bool {
        received.is_some_and(|received| self.key.as_bytes().ct_eq(received.as_bytes()).into())
    }
}

async fn log_deletions(ctx: &mut Context<'_>, authorization: &mut Authorization) -> Result<(), ApiError> {
    if authorization.action == "Delete" {
        let account = ctx.principal().account().map(|account| account.to_string());
        tracing::info!(resource = authorization.resource, account, "a deletion was authorized");
    }
    Ok(())
}

async fn log_refusal(ctx: &mut Context<'_>, error: &mut ApiError) -> Result<(), ApiError> {
    tracing::info!(code = error.code(), address = ctx.client_address(), "a request was refused");
    Ok(())
}

async fn log_failed_login(ctx: &mut Context<'_>, error: &mut ApiError) -> Result<(), ApiError> {
    tracing::info!(code = error.code(), address = ctx.client_address(), "a log-in failed");
    Ok(())
}

async fn welcome(ctx: &mut Context<'_>, user: &mut User) -> Result<(), ApiError> {
    let id = user.id;
    ctx.after_commit(async move { tracing::info!(%id, "an author signed up") });
    Ok(())
}

/// Deletes the drafts of an author together with the account, in one transaction.
async fn delete_drafts(ctx: &mut Context<'_>, _: &mut ()) -> Result<(), ApiError> {
    let author: Uuid = ctx.account_id()?;
    let drafts = Posts::delete_many().filter(Column::AuthorId.eq(author)).filter(Column::Status.eq(PostStatus::Draft));
    drafts.exec(ctx.transaction()?).await?;
    Ok(())
}
