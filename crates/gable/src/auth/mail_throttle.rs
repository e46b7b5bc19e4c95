//! Limits the mail that requests can cause, and hides from their duration whether they caused some.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::error::AuthError;
use super::event::{self, Event};
use super::one_time;
use crate::context::Context;
use crate::error::{ApiError, ErrorKind};
use crate::model::Id;

/// Maximum number of mails of one kind that an account is sent within `LIMIT_WINDOW`.
const MAILS: i64 = 5;

const LIMIT_WINDOW: TimeDelta = TimeDelta::hours(1);

/// Whether an account has reached the limit of mails of one kind; `event` is the event that is recorded with each mail.
pub(super) async fn mail_limit_reached(ctx: &Context<'_>, event: Event, account: Id) -> Result<bool, ApiError> {
    Ok(event::count(ctx, event, account, ctx.now - LIMIT_WINDOW).await? >= MAILS)
}

/// Minimum duration of a request whose timing must reveal nothing: longer than it takes to write a mail.
const MIN_DURATION: Duration = Duration::from_millis(150);

/// Limits the changes of address of an account: a caller who is logged in could otherwise have mail sent to any number
/// of addresses.
///
/// # Errors
/// 429 if the account has reached the limit.
pub(super) async fn limit_address_changes(ctx: &Context<'_>, event: Event, account: Id) -> Result<(), ApiError> {
    one_time::lock(ctx, account).await?;
    if !mail_limit_reached(ctx, event, account).await? {
        return Ok(());
    }
    Err(too_many("Too many changes of address, please try again later"))
}

/// The 429 for a request that would exceed the limit of mails.
pub(super) fn too_many(message: &str) -> ApiError {
    ApiError::of(ErrorKind::TooManyRequests, "TooManyRequests", message)
        .with_header("Retry-After", LIMIT_WINDOW.num_seconds().to_string())
}

/// Runs `work` and returns no earlier than `MIN_DURATION`, so that the duration does not reveal what was found.
pub(super) async fn same_time<T>(work: impl Future<Output = Result<T, AuthError>>) -> Result<T, AuthError> {
    let answer_at = Instant::now() + MIN_DURATION;
    let done = work.await;
    tokio::time::sleep_until(answer_at).await;
    done
}
