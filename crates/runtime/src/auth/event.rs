//! The log of what happened to accounts: append-only, without secrets and without what was typed.

use uuid::Uuid;

use super::grant::Via;
use crate::context::Context;
use crate::db::Statement;
use crate::http::ApiError;
use crate::resource::Id;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    SignedUp,
    LoggedIn,
    LoginFailed(Reason),
    LoggedOut,
    PasswordChanged,
    Locked,
    Deleted,
}

/// Why a log-in failed; for the log, never for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    UnknownAccount,
    WrongPassword,
    Locked,
    NotActive,
}

impl Event {
    fn kind(self) -> &'static str {
        match self {
            Event::SignedUp => "signed_up",
            Event::LoggedIn => "logged_in",
            Event::LoginFailed(_) => "login_failed",
            Event::LoggedOut => "logged_out",
            Event::PasswordChanged => "password_changed",
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
            _ => None,
        }
    }
}

/// Writes the event, in the open transaction.
pub(super) async fn record(ctx: &Context<'_>, event: Event, account: Option<Id>, via: Via) -> Result<(), ApiError> {
    let mut insert = Statement::new(
        ctx.core.db.dialect(),
        "INSERT INTO \"gable_events\" (\"id\", \"account_id\", \"kind\", \"reason\", \"surface\", \"ip\", \"user_agent\", \
         \"at\") VALUES (",
    );
    insert.bind(Uuid::now_v7()).push(", ");
    match account {
        Some(account) => insert.bind(account),
        None => insert.push("NULL"),
    };
    insert.push(", ").bind(event.kind()).push(", ").bind(event.reason()).push(", ").bind(via.name());
    insert.push(", ").bind(ctx.client_address()).push(", ").bind(ctx.user_agent()).push(", ").bind(ctx.now).push(")");
    ctx.source().execute(insert).await?;
    Ok(())
}
