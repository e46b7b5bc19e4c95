//! Password recovery: mails a one-time token and sets a new password for it. Neither the answer nor its timing reveals
//! whether the account exists.

use std::any::Any;

use chrono::TimeDelta;
use serde_json::Value;

use super::account_columns::address_column;
use super::account_lookup::{StoredAccount, email_identifier, find_account};
use super::error::AuthError;
use super::event::{Event, record};
use super::lockout::lock_account;
use super::login::identifiers_of_own_row;
use super::mail_throttle::{mail_limit_reached, same_time};
use super::one_time::LinkRedirect;
use super::one_time::{self, OneTime, Purpose};
use super::password::{password_problems, replace, required, stored_hash};
use super::{Auth, grant, lockout};
use crate::access::LoginMethod;
use crate::context::Context;
use crate::context::hooks::{HookPhase, RecoveryRequest};
use crate::db::{BoundSql, values};
use crate::error::{ApiError, Problem};
use crate::mail;
use crate::mail::{Mail, Template};
use crate::meta::{AuthOperation, PasswordPolicy};
use crate::model::Id;
use crate::model::input::{PlainPassword, Submitted, together};
use crate::query::Model;

/// How long a token to reset a password is valid.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Completes a request whose answer does not depend on whether an account was found: records the event without an
/// account, runs the interceptors and commits.
pub(super) async fn complete(
    ctx: &mut Context<'_>,
    operation: AuthOperation,
    request: &mut RecoveryRequest,
    event: Event,
    via: LoginMethod,
) -> Result<(), AuthError> {
    record(ctx, event, None, via).await?;
    ctx.core.auth_hooks.run(operation, HookPhase::After, ctx, request).await?;
    Ok(ctx.commit().await?)
}

/// The identifiers that a request for a password reset may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Email,
    /// The e-mail address, or any identifier in the account's own row that allows logging in.
    Any,
}

/// Mails a token to reset the password, if the account exists, is active, has an address and has not reached the limit
/// of mails. The answer is the same in every case.
///
/// # Errors
/// The error of an interceptor, or 500 or 503 for a database error.
pub(crate) async fn forgot_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    identifier: &str,
    names: Names,
    via: LoginMethod,
) -> Result<(), AuthError> {
    same_time(async {
        let mut request = RecoveryRequest { identifier: identifier.to_owned() };
        ctx.core.auth_hooks.run(AuthOperation::ForgotPassword, HookPhase::Before, ctx, &mut request).await?;
        let model = ctx.core.account_model()?;
        let mut identifiers = vec![email_identifier(model)];
        if names == Names::Any {
            identifiers.extend(identifiers_of_own_row(auth, &request.identifier));
        }
        let found = find_account(ctx, model, &identifiers, &request.identifier).await?;
        ctx.begin().await?;
        if let Some((account, to)) = recipient(ctx, auth, found).await? {
            let token = Some(one_time::issue(ctx, account, Purpose::ResetPassword, &to, TOKEN_LIFETIME).await?);
            let redirect = ctx.local::<LinkRedirect>().map(|redirect| ("redirect_uri", redirect.0.clone()));
            let variables = redirect.into_iter().collect();
            mail::enqueue(ctx, Mail { template: Template::ResetPassword, to, token, variables }).await?;
            record(ctx, Event::ResetMailed, Some(account), via).await?;
        }
        complete(ctx, AuthOperation::ForgotPassword, &mut request, Event::ResetRequested, via).await
    })
    .await
}

/// The account and address to mail to; `None` if no mail is to be sent.
async fn recipient(
    ctx: &Context<'_>,
    auth: &Auth,
    found: Option<StoredAccount>,
) -> Result<Option<(Id, String)>, ApiError> {
    let Some(StoredAccount { account, address: Some(to), .. }) = found else { return Ok(None) };
    one_time::lock(ctx, account).await?;
    let enough = mail_limit_reached(ctx, Event::ResetMailed, account).await?;
    let acts = auth.access.by_account(ctx.source(), account, ctx.now).await?.is_some();
    Ok((acts && !enough).then_some((account, to)))
}

/// The body of a password reset: a token and the new password.
pub(crate) struct Reset {
    token: String,
    new: PlainPassword,
    /// The client's name of the password.
    field: &'static str,
}

/// A surface's names of the token and the password in the body.
#[derive(Clone, Copy)]
pub(crate) struct ResetNames {
    pub(crate) token: &'static str,
    pub(crate) password: &'static str,
}

impl Reset {
    /// Reads the body of a password reset. A password that breaks the policy does not use the token up.
    ///
    /// # Errors
    /// 400 with every problem of the body.
    pub(crate) fn read(policy: &PasswordPolicy, names: ResetNames, body: Submitted) -> Result<Self, AuthError> {
        let Submitted { entries, broken, .. } = body;
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

/// Sets the password of the token's account, ends all its log-ins and resets its lockout. Also marks the address that
/// the token was sent to as verified, if it is still the account's, since the mail was received.
///
/// # Errors
/// `OneTimeToken` for a token that was never issued or was used, `OneTimeTokenExpired` for an expired one,
/// `SamePassword` for the current password, which does not use the token up, or 503 if too many passwords are waiting.
pub(crate) async fn reset_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    reset: Reset,
    via: LoginMethod,
) -> Result<Box<dyn Any>, AuthError> {
    let model = ctx.core.account_model()?;
    let token = find_reset(ctx, auth, &reset.token).await?;
    // A password other than the current one uses the token up, so a token permits only one wrong guess at the current
    // password. Concurrent requests wait for each other here, and then find the token used.
    let _account_guard = lock_account(&auth.password_locks, token.account).await?;
    let token = find_reset(ctx, auth, &reset.token).await?;
    let identity = auth.access.by_account(ctx.source(), token.account, ctx.now).await?;
    let identity = identity.ok_or(AuthError::OneTimeToken)?;
    let current = stored_hash(ctx, model, token.account).await?;
    if auth.hasher.verify(ctx.origin(), reset.new.clone(), current).await? {
        return Err(AuthError::SamePassword { field: reset.field });
    }
    let hash = auth.hasher.hash(ctx.origin(), reset.new).await?;
    ctx.begin().await?;
    ctx.core.auth_hooks.run(AuthOperation::ResetPassword, HookPhase::Before, ctx, &mut ()).await?;
    if !one_time::consume(ctx, &token).await? {
        return Err(AuthError::OneTimeToken);
    }
    verified_by_mail(ctx, model, &token).await?;
    lockout::forgive(ctx, auth, model, token.account).await?;
    let (mut account, _) = replace(ctx, model, token.account, identity.password_changed_at, hash).await?;
    one_time::void_all(ctx, token.account).await?;
    grant::end_all(ctx, token.account, None).await?;
    record(ctx, Event::PasswordReset, Some(token.account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::ResetPassword, HookPhase::After, ctx, account.as_mut()).await?;
    ctx.commit().await?;
    Ok(account)
}

async fn find_reset(ctx: &Context<'_>, auth: &Auth, token: &str) -> Result<OneTime, AuthError> {
    one_time::find(ctx, auth, token, &[Purpose::ResetPassword]).await?.ok_or(AuthError::OneTimeToken)
}

async fn verified_by_mail(ctx: &Context<'_>, model: &Model, token: &OneTime) -> Result<(), AuthError> {
    let Some(column) = address_column(model) else { return Ok(()) };
    let text =
        format!(r#"UPDATE "{}" SET "is_email_verified" = ? WHERE "id" = ? AND "{column}" = ?"#, model.meta.table);
    let update = BoundSql::named(text, values![true, token.account, token.address.as_str()]);
    ctx.source().execute(update).await?;
    Ok(())
}
