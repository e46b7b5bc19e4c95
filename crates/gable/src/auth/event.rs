//! The event log of accounts. It is append-only and contains neither secrets nor texts that were typed.

use chrono::{DateTime, Utc};
use sea_orm::Value;
use uuid::Uuid;

use crate::access::LoginMethod;
use crate::context::Context;
use crate::db::{FixedSql, Row, values};
use crate::error::ApiError;
use crate::meta::IdKind;
use crate::model::Id;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    SignedUp,
    LoggedIn,
    LoginFailed(Reason),
    LoggedOut,
    LoggedOutEverywhere,
    SessionRevoked,
    PasswordChanged,
    /// A password reset was requested. Recorded without an account, because the account may not exist.
    ResetRequested,
    ResetMailed,
    PasswordReset,
    VerificationRequested,
    VerificationMailed,
    EmailVerified,
    EmailChangeRequested,
    EmailChanged,
    /// A used refresh token was presented again; its log-in was ended.
    RefreshReplayed,
    Locked,
    Deleted,
}

/// Why a log-in failed. Recorded in the event log and never part of the answer to the log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    UnknownAccount,
    WrongPassword,
    Locked,
    NotActive,
    NotVerified,
}

/// Kinds of events that anybody who knows the identifier of an account can cause. They are limited separately, so that
/// failed attempts do not displace the events of the account itself.
pub(crate) const ATTEMPTS: [&str; 2] = ["login_failed", "locked"];

/// Kinds of events that the account itself causes and that its log-in history contains.
pub(crate) const OWN_ACTIONS: [&str; 6] =
    ["logged_in", "logged_out", "logged_out_everywhere", "session_revoked", "password_changed", "password_reset"];

/// Number of events of each of these two lists that are kept per account.
pub(crate) const KEPT: u32 = 500;

impl Event {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Event::SignedUp => "signed_up",
            Event::LoggedIn => "logged_in",
            Event::LoginFailed(_) => "login_failed",
            Event::LoggedOut => "logged_out",
            Event::LoggedOutEverywhere => "logged_out_everywhere",
            Event::SessionRevoked => "session_revoked",
            Event::PasswordChanged => "password_changed",
            Event::ResetRequested => "password_reset_requested",
            Event::ResetMailed => "password_reset_mailed",
            Event::PasswordReset => "password_reset",
            Event::VerificationRequested => "verification_requested",
            Event::VerificationMailed => "verification_mailed",
            Event::EmailVerified => "email_verified",
            Event::EmailChangeRequested => "email_change_requested",
            Event::EmailChanged => "email_changed",
            Event::RefreshReplayed => "refresh_replayed",
            Event::Locked => "locked",
            Event::Deleted => "deleted",
        }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            Event::LoginFailed(Reason::UnknownAccount) => Some("unknown_account"),
            Event::LoginFailed(Reason::WrongPassword) => Some("wrong_password"),
            Event::LoginFailed(Reason::Locked) => Some("locked"),
            Event::LoginFailed(Reason::NotActive) => Some("not_active"),
            Event::LoginFailed(Reason::NotVerified) => Some("not_verified"),
            _ => None,
        }
    }
}

static RECORD: FixedSql<8> = FixedSql::new(
    r#"INSERT INTO "gable_events" ("id", "account_id", "kind", "reason", "surface", "ip", "user_agent", "at")
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)"#,
);

/// Writes the event, in the open transaction.
pub(crate) async fn record(
    ctx: &Context<'_>,
    event: Event,
    account: Option<Id>,
    via: LoginMethod,
) -> Result<(), ApiError> {
    let insert = RECORD.with(values![
        Uuid::now_v7(),
        account_id(ctx, account)?,
        event.kind(),
        event.reason(),
        via.name(),
        ctx.client_address(),
        ctx.user_agent(),
        ctx.now,
    ]);
    ctx.source().execute(insert).await?;
    Ok(())
}

/// The account as a value; null, of the type of its id, for an unknown one.
fn account_id(ctx: &Context<'_>, account: Option<Id>) -> Result<Value, ApiError> {
    Ok(match (account, ctx.core.account_model()?.meta.id) {
        (Some(account), _) => account.into(),
        (None, IdKind::Integer) => None::<i64>.into(),
        (None, IdKind::Uuid) => None::<Uuid>.into(),
    })
}

static COUNT: FixedSql<3> =
    FixedSql::new(r#"SELECT COUNT(*) FROM "gable_events" WHERE "account_id" = ? AND "kind" = ? AND "at" > ?"#);

/// The number of events of a kind that were recorded for an account after `since`.
pub(super) async fn count(ctx: &Context<'_>, event: Event, account: Id, since: DateTime<Utc>) -> Result<i64, ApiError> {
    let found = ctx.source().one(COUNT.with(values![account, event.kind(), since])).await?;
    Ok(found.map(|result| Row::new(&result).next()).transpose()?.unwrap_or(0))
}
