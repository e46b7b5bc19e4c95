//! A forgotten password: a mail with a token, and a new password for it. Whether there is such an account is told by
//! nothing: not by the answer, and not by how long it takes.

use std::any::Any;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;
use tokio::time::Instant;

use super::Auth;
use super::error::AuthError;
use super::event::{self, Event, record};
use super::find::{Found, by_email, find};
use super::lockout::account_turn;
use super::login::plain;
use super::one_time::{self, OneTime, Purpose};
use super::password::{password_problems, replace, stored_hash};
use super::verification::LinkEnd;
use super::{address, grant, lockout};
use crate::access::Via;
use crate::app_meta::{AuthOperation, PasswordPolicy};
use crate::context::Context;
use crate::core::Model;
use crate::db::Statement;
use crate::hooks::{Moment, RecoveryRequest};
use crate::http::ApiError;
use crate::input::{PlainPassword, Problem, Submitted, together};
use crate::mail::{self, Mail, Template};
use crate::resource::Id;
use crate::text::upper_first;

/// How long a token to reset a password holds.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// Mails of one kind that an account is sent in `WINDOW`, however often somebody asks for one.
const MAILS: i64 = 5;
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Whether an account has caused so many mails lately that it may cause no more. `event` is recorded with each.
pub(super) async fn mailed_enough(ctx: &Context<'_>, event: Event, account: Id) -> Result<bool, ApiError> {
    Ok(event::count(ctx, event, account, ctx.now - WINDOW).await? >= MAILS)
}

/// No answer that must tell nothing comes sooner: writing a mail or not then makes no difference.
const ANSWER_AFTER: Duration = Duration::from_millis(150);

/// Somebody who is logged in could have mail sent to whatever address they name.
///
/// # Errors
/// 429 when this account has caused enough.
pub(super) async fn refuse_many(ctx: &Context<'_>, event: Event, account: Id) -> Result<(), ApiError> {
    one_time::lock(ctx, account).await?;
    if !mailed_enough(ctx, event, account).await? {
        return Ok(());
    }
    Err(too_many("Too many changes of address, please try again later"))
}

/// Refuses what would send a mail too many.
pub(super) fn too_many(message: &str) -> ApiError {
    ApiError::new(429, "TooManyRequests", message).with_header("Retry-After", WINDOW.num_seconds().to_string())
}

/// Does work whose duration tells nothing of what was found.
pub(super) async fn same_time<T>(work: impl Future<Output = Result<T, AuthError>>) -> Result<T, AuthError> {
    let answer_at = Instant::now() + ANSWER_AFTER;
    let done = work.await;
    tokio::time::sleep_until(answer_at).await;
    done
}

/// The end of a request that tells nothing: recorded, shown to interceptors, committed, found or not.
pub(super) async fn told(
    ctx: &mut Context<'_>,
    auth: &Auth,
    operation: AuthOperation,
    request: &mut RecoveryRequest,
    event: Event,
    via: Via,
) -> Result<(), AuthError> {
    record(ctx, event, None, via).await?;
    auth.hooks.run(operation, Moment::After, ctx, request).await?;
    Ok(ctx.commit().await?)
}

/// What somebody who forgot their password may call themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Email,
    /// Also what may be logged in with.
    Any,
}

/// Sends a mail to whoever forgot their password, if there is such an account and it can be written to.
///
/// # Errors
/// What an interceptor refuses, 503 when the database is away.
pub(crate) async fn forgot_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    identifier: &str,
    names: Names,
    via: Via,
) -> Result<(), AuthError> {
    same_time(async {
        let mut request = RecoveryRequest { identifier: identifier.to_owned() };
        auth.hooks.run(AuthOperation::ForgotPassword, Moment::Before, ctx, &mut request).await?;
        let model = ctx.core.account_model()?;
        let mut identifiers = vec![by_email(model)];
        if names == Names::Any {
            identifiers.extend(plain(auth, &request.identifier));
        }
        let found = find(ctx, model, &identifiers, &request.identifier).await?;
        ctx.begin().await?;
        if let Some((account, to)) = wants(ctx, auth, found).await? {
            let token = Some(one_time::issue(ctx, account, Purpose::ResetPassword, &to, LIFETIME).await?);
            let end = ctx.local::<LinkEnd>().map(|end| ("redirect_uri", end.0.clone()));
            let variables = end.into_iter().collect();
            mail::enqueue(ctx, Mail { template: Template::ResetPassword, to, token, variables }).await?;
            record(ctx, Event::ResetMailed, Some(account), via).await?;
        }
        told(ctx, auth, AuthOperation::ForgotPassword, &mut request, Event::ResetRequested, via).await
    })
    .await
}

/// Whom to write to, unless they were written to often enough.
async fn wants(ctx: &Context<'_>, auth: &Auth, found: Option<Found>) -> Result<Option<(Id, String)>, ApiError> {
    let Some(Found { account, address: Some(to), .. }) = found else { return Ok(None) };
    one_time::lock(ctx, account).await?;
    let enough = mailed_enough(ctx, Event::ResetMailed, account).await?;
    let acts = auth.access.by_account(ctx.source(), ctx.core.db.dialect(), account, ctx.now).await?.is_some();
    Ok((acts && !enough).then_some((account, to)))
}

/// A token and the password that it is to set.
pub(crate) struct Reset {
    token: String,
    new: PlainPassword,
    /// What the client calls the password.
    field: &'static str,
}

/// What a surface calls the two.
#[derive(Clone, Copy)]
pub(crate) struct ResetNames {
    pub(crate) token: &'static str,
    pub(crate) password: &'static str,
}

impl Reset {
    /// # Errors
    /// 400 with every problem of the body: a password that breaks the policy leaves the token as it is.
    pub(crate) fn read(policy: &PasswordPolicy, names: ResetNames, body: Submitted) -> Result<Self, AuthError> {
        let Submitted { entries, broken } = body;
        let text = |key: &str| entries.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (token, new) = (text(names.token), text(names.password));
        let mut found: Vec<Problem> = [(names.token, token), (names.password, new)]
            .into_iter()
            .filter(|(_, value)| value.is_none())
            .map(|(key, _)| required(key))
            .collect();
        found.extend(
            entries
                .keys()
                .filter(|key| ![names.token, names.password].contains(&key.as_str()))
                .map(|key| Problem::unknown_field(key)),
        );
        found.extend(new.into_iter().flat_map(|new| password_problems(policy, names.password, new)));
        match (token, new, together(found, broken)) {
            (Some(token), Some(new), problems) if problems.is_empty() => {
                Ok(Self { token: token.to_owned(), new: PlainPassword::new(new), field: names.password })
            }
            (_, _, problems) => Err(AuthError::invalid(problems)),
        }
    }
}

/// Something that the body must have.
pub(super) fn required(key: &str) -> Problem {
    let code = format!("{}RequiredConstraint", upper_first(key));
    Problem { field: key.to_owned(), code, message: format!("'{key}' is required") }
}

/// Sets the password of the account that the token was sent to, ends all its log-ins and its lock. That the mail was
/// received verifies the address, too.
///
/// # Errors
/// `OneTimeToken` for a token that was never sent or was used, `OneTimeTokenExpired` for one that is over, `SamePassword`
/// for the current password, which leaves the token as it is; 503 when too many passwords wait already.
pub(crate) async fn reset_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    reset: Reset,
    via: Via,
) -> Result<Box<dyn Any>, AuthError> {
    let model = ctx.core.account_model()?;
    let token = find_reset(ctx, auth, &reset.token).await?;
    // Another password uses the token up, so that a token is good for one guess at the current one. Guesses made at once
    // wait for each other here, and then find it used.
    let _turn = account_turn(&auth.turns, token.account).await?;
    let token = find_reset(ctx, auth, &reset.token).await?;
    let identity = auth.access.by_account(ctx.source(), ctx.core.db.dialect(), token.account, ctx.now).await?;
    let identity = identity.ok_or(AuthError::OneTimeToken)?;
    let current = stored_hash(ctx, model, token.account).await?;
    if auth.hasher.verify(ctx.origin(), reset.new.clone(), current).await? {
        return Err(AuthError::SamePassword { field: reset.field });
    }
    let hash = auth.hasher.hash(ctx.origin(), reset.new).await?;
    ctx.begin().await?;
    auth.hooks.run(AuthOperation::ResetPassword, Moment::Before, ctx, &mut ()).await?;
    if !one_time::consume(ctx, &token).await? {
        return Err(AuthError::OneTimeToken);
    }
    verified_by_mail(ctx, model, &token).await?;
    lockout::forgive(ctx, auth, model, token.account).await?;
    let (mut account, _) = replace(ctx, model, token.account, identity.password_changed_at, hash).await?;
    one_time::void_all(ctx, token.account).await?;
    grant::end_all(ctx, token.account, None).await?;
    record(ctx, Event::PasswordReset, Some(token.account), via).await?;
    auth.hooks.run(AuthOperation::ResetPassword, Moment::After, ctx, account.as_mut()).await?;
    ctx.commit().await?;
    Ok(account)
}

async fn find_reset(ctx: &Context<'_>, auth: &Auth, token: &str) -> Result<OneTime, AuthError> {
    one_time::find(ctx, auth, token, &[Purpose::ResetPassword]).await?.ok_or(AuthError::OneTimeToken)
}

async fn verified_by_mail(ctx: &Context<'_>, model: &Model, token: &OneTime) -> Result<(), AuthError> {
    let Some(column) = address::column(model) else { return Ok(()) };
    let mut update = Statement::new(ctx.core.db.dialect(), "UPDATE ");
    update.identifier(model.meta.table).push(" SET \"is_email_verified\" = ").bind(true);
    update.push(" WHERE \"id\" = ").bind(token.account);
    update.push(" AND ").identifier(column).push(" = ").bind(token.address.as_str());
    ctx.source().execute(update).await?;
    Ok(())
}
