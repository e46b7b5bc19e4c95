//! Verifying that an e-mail address belongs to the owner of its account, and changing the address of an account.

use std::any::Any;

use chrono::TimeDelta;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Auth;
use super::account_columns::{ADDRESS_FIELD, address_column, is_verified, stored_address};
use super::account_lookup::{StoredAccount, email_identifier, find_account};
use super::error::AuthError;
use super::event::{Event, record};
use super::mail_throttle::{limit_address_changes, mail_limit_reached, same_time, too_many};
use super::one_time::{self, LinkRedirect, OneTime, Purpose};
use super::password::required;
use super::recovery::complete;
use crate::access::{Authority, LoginMethod, Scope};
use crate::context::Context;
use crate::context::hooks::{EmailChange, HookPhase, RecoveryRequest};
use crate::db::{BoundSql, Row, values};
use crate::error::{ApiError, Problem};
use crate::mail::{Mail, Template};
use crate::meta::{AuthOperation, VerificationMethod};
use crate::model::input::{Submitted, normal_address};
use crate::model::{Draft, Id};
use crate::query::Model;
use crate::text::with_article;
use crate::{crud, mail};

/// How long a link to verify an address is valid.
const LINK_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How long a code is valid. Short, since a code of six digits can be guessed.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// Minimum time between two verification mails to the same account for callers that are not logged in.
const RESEND_INTERVAL: TimeDelta = TimeDelta::seconds(60);

/// Sends an account a link or code that verifies its address, in the open transaction. Does nothing if the application
/// sends no mail. `redirect` is the URI that the link redirects to.
///
/// # Errors
/// 500 or 503 for a database error.
pub(super) async fn send(
    ctx: &mut Context<'_>,
    auth: &Auth,
    account: Id,
    to: &str,
    redirect: Option<&str>,
) -> Result<(), ApiError> {
    if !auth.sends_mail() {
        return Ok(());
    }
    let (template, purpose, lifetime) = match auth.meta.email_verification.method {
        VerificationMethod::Link => (Template::VerifyEmail, Purpose::VerifyEmail, LINK_LIFETIME),
        VerificationMethod::Code => (Template::VerifyEmailCode, Purpose::VerifyEmailCode, CODE_LIFETIME),
    };
    let token = one_time::issue(ctx, account, purpose, to, lifetime).await?;
    mail(ctx, template, to, token, redirect).await
}

async fn mail(
    ctx: &mut Context<'_>,
    template: Template,
    to: &str,
    token: Uuid,
    redirect: Option<&str>,
) -> Result<(), ApiError> {
    let variables = redirect.map(|redirect| ("redirect_uri", redirect.to_owned())).into_iter().collect();
    mail::enqueue(ctx, Mail { template, to: to.to_owned(), token: Some(token), variables }).await
}

/// Sends the verification mail again. The answer is the same for an unknown account, a verified one, and one that was
/// sent a mail within `RESEND_INTERVAL`; those are sent none.
///
/// # Errors
/// The error of an interceptor, or 500 or 503 for a database error.
pub(crate) async fn resend_verification(
    ctx: &mut Context<'_>,
    auth: &Auth,
    email: &str,
    redirect: Option<&str>,
    via: LoginMethod,
) -> Result<(), AuthError> {
    same_time(async {
        let mut request = RecoveryRequest { identifier: email.to_owned() };
        ctx.core.auth_hooks.run(AuthOperation::ResendVerification, HookPhase::Before, ctx, &mut request).await?;
        let model = ctx.core.account_model()?;
        let found = find_account(ctx, model, &[email_identifier(model)], &request.identifier).await?;
        ctx.begin().await?;
        let found = found.filter(|found| !found.email_verified);
        if let Some((account, to)) = recipient(ctx, auth, found).await? {
            send(ctx, auth, account, &to, redirect).await?;
            record(ctx, Event::VerificationMailed, Some(account), via).await?;
        }
        complete(ctx, AuthOperation::ResendVerification, &mut request, Event::VerificationRequested, via).await
    })
    .await
}

/// Sends the verification mail again to the caller, whose account is known, so that errors may be reported. The number
/// of mails is limited, but there is no minimum time between them.
///
/// # Errors
/// 401 for an anonymous caller, 400 if the address is verified already or the account has none, 429 after too many
/// mails.
pub(crate) async fn resend_own_verification(
    ctx: &mut Context<'_>,
    auth: &Auth,
    via: LoginMethod,
) -> Result<(), AuthError> {
    let account = ctx.principal.require()?.account;
    let model = ctx.core.account_model()?;
    let to = stored_address(ctx, model, account)
        .await?
        .ok_or_else(|| no_mail("NoAddress", "The account has no email address"))?;
    let mut request = RecoveryRequest { identifier: to.clone() };
    ctx.core.auth_hooks.run(AuthOperation::ResendVerification, HookPhase::Before, ctx, &mut request).await?;
    ctx.begin().await?;
    one_time::lock(ctx, account).await?;
    if is_verified(ctx, model, account).await? {
        return Err(no_mail("AlreadyVerified", "The email address is verified already"));
    }
    if mail_limit_reached(ctx, Event::VerificationMailed, account).await? {
        return Err(too_many("Too many verification emails, please try again later").into());
    }
    send(ctx, auth, account, &to, None).await?;
    record(ctx, Event::VerificationMailed, Some(account), via).await?;
    complete(ctx, AuthOperation::ResendVerification, &mut request, Event::VerificationRequested, via).await
}

fn no_mail(code: &str, message: &str) -> AuthError {
    let (field, code, message) = (ADDRESS_FIELD.to_owned(), code.to_owned(), message.to_owned());
    AuthError::invalid(vec![Problem { field, code, message }])
}

/// The account and address to mail to; `None` if no mail is to be sent.
async fn recipient(
    ctx: &Context<'_>,
    auth: &Auth,
    found: Option<StoredAccount>,
) -> Result<Option<(Id, String)>, ApiError> {
    let Some(StoredAccount { account, address: Some(to), .. }) = found else { return Ok(None) };
    one_time::lock(ctx, account).await?;
    let last = one_time::last_issued(ctx, account, Purpose::VerifyEmail).await?;
    let just_now = last.is_some_and(|last| ctx.now - last < RESEND_INTERVAL);
    let enough = mail_limit_reached(ctx, Event::VerificationMailed, account).await?;
    let acts = auth.access.by_account(ctx.source(), account, ctx.now).await?.is_some();
    Ok((acts && !just_now && !enough).then_some((account, to)))
}

/// The proof that a mail was received.
pub(crate) enum Proof {
    /// The token of a link, opened by a browser or a mail scanner.
    Link(String),
    /// The token of a link, sent by a page.
    Token(String),
    /// A code for the account with this address or, without one, the account that is logged in.
    Code { email: Option<String>, code: String },
}

/// The purposes of tokens in links that verify an address.
const LINKS: &[Purpose] = &[Purpose::VerifyEmail, Purpose::ChangeEmail];

/// Marks an address as verified, or replaces the account's address by a confirmed one. A link that is opened again
/// before it expires changes nothing and is not an error: mail scanners open links, and people click twice.
///
/// # Errors
/// `OneTimeToken` for a token or code that was never issued or was used, except for such a link; `OneTimeTokenExpired`
/// for an expired one; 409 if another account has taken the address since.
pub(crate) async fn verify_email(
    ctx: &mut Context<'_>,
    auth: &Auth,
    proof: Proof,
    via: LoginMethod,
) -> Result<(), AuthError> {
    let link = match &proof {
        Proof::Link(token) => Some(token.clone()),
        Proof::Token(_) | Proof::Code { .. } => None,
    };
    match (verify(ctx, auth, proof, via).await, link) {
        (Err(AuthError::OneTimeToken), Some(token)) => {
            ctx.roll_back().await;
            opened_before(ctx, auth, &token).await
        }
        (done, _) => done,
    }
}

/// Succeeds for a link that was used before, as long as its address is still the account's and verified.
async fn opened_before(ctx: &Context<'_>, auth: &Auth, token: &str) -> Result<(), AuthError> {
    let model = ctx.core.account_model()?;
    let used = one_time::find_used(ctx, auth, token, LINKS).await?.ok_or(AuthError::OneTimeToken)?;
    let acts = auth.access.by_account(ctx.source(), used.account, ctx.now).await?.is_some();
    let same = stored_address(ctx, model, used.account).await?.is_some_and(|stored| stored == used.address);
    let verified = is_verified(ctx, model, used.account).await?;
    if acts && same && verified { Ok(()) } else { Err(AuthError::OneTimeToken) }
}

async fn verify(ctx: &mut Context<'_>, auth: &Auth, proof: Proof, via: LoginMethod) -> Result<(), AuthError> {
    let model = ctx.core.account_model()?;
    let token = match proof {
        Proof::Link(token) | Proof::Token(token) => one_time::find(ctx, auth, &token, LINKS).await?,
        Proof::Code { email, code } => same_time(guessed(ctx, auth, model, email, &code)).await?,
    };
    let token = token.ok_or(AuthError::OneTimeToken)?;
    // An account that was deactivated since the mail was sent cannot use the token.
    auth.access.by_account(ctx.source(), token.account, ctx.now).await?.ok_or(AuthError::OneTimeToken)?;
    ctx.begin().await?;
    ctx.core.auth_hooks.run(AuthOperation::VerifyEmail, HookPhase::Before, ctx, &mut ()).await?;
    if !one_time::consume(ctx, &token).await? {
        return Err(AuthError::OneTimeToken);
    }
    let mut account = match token.purpose {
        Purpose::ChangeEmail => apply_change(ctx, model, &token).await?,
        _ => verified(ctx, model, &token).await?.ok_or(AuthError::OneTimeToken)?,
    };
    record(ctx, Event::EmailVerified, Some(token.account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::VerifyEmail, HookPhase::After, ctx, account.as_mut()).await?;
    Ok(ctx.commit().await?)
}

async fn guessed(
    ctx: &mut Context<'_>,
    auth: &Auth,
    model: &Model,
    email: Option<String>,
    code: &str,
) -> Result<Option<OneTime>, AuthError> {
    let account = match email {
        Some(email) => find_account(ctx, model, &[email_identifier(model)], &email).await?.map(|found| found.account),
        None => ctx.principal.account(),
    };
    let Some(account) = account else { return Ok(None) };
    one_time::guess(ctx, auth, account, code).await
}

/// Marks the address of the token as verified; `None` if the account has another address by now.
async fn verified(ctx: &Context<'_>, model: &Model, token: &OneTime) -> Result<Option<Box<dyn Any>>, AuthError> {
    let Some(column) = address_column(model) else { return Ok(None) };
    let (table, live, columns) = (model.meta.table, model.sql.live, &model.sql.columns);
    let text = format!(
        r#"UPDATE "{table}" SET "is_email_verified" = ? WHERE "id" = ?{live} AND "{column}" = ? RETURNING {columns}"#
    );
    let update = BoundSql::named(text, values![true, token.account, token.address.as_str()]);
    let Some(result) = ctx.source().one(update).await? else { return Ok(None) };
    Ok(Some(model.resource.decode(&mut Row::new(&result))?))
}

/// Replaces the account's address by the confirmed one. The unique index refuses an address that another account has
/// taken since the change was requested.
async fn apply_change(ctx: &mut Context<'_>, model: &Model, token: &OneTime) -> Result<Box<dyn Any>, AuthError> {
    let mut body = Map::new();
    body.insert(ADDRESS_FIELD.to_owned(), token.address.clone().into());
    body.insert("isEmailVerified".to_owned(), true.into());
    let input = crud::read_update(ctx, model, Scope::system().write, body)?;
    Ok(crud::update_one(ctx, model, &Scope::system(), token.account, Draft::complete(input)).await?.record)
}

/// The result of a request to change the address.
pub(crate) enum ChangeResult {
    /// The new address was sent a link. The change takes effect when the link is opened.
    Pending,
    Done,
}

/// Changes the address of the caller's own account: immediately, or if addresses must be verified, after the new one
/// was confirmed by a mailed link.
///
/// # Errors
/// 400 for an invalid address or the current one, 401 for an anonymous caller, 409 for an address of another account,
/// 429 after too many changes.
pub(crate) async fn change_email(
    ctx: &mut Context<'_>,
    auth: &Auth,
    new: Option<Value>,
    redirect: Option<&str>,
    via: LoginMethod,
) -> Result<ChangeResult, AuthError> {
    let account = ctx.principal.require()?.account;
    let model = ctx.core.account_model()?;
    let mut change = EmailChange { new_email: read_address(ctx, model, new)? };
    ctx.begin().await?;
    ctx.hold_rights(Authority::System).await?;
    refuse_own(ctx, model, account, &change.new_email).await?;
    ctx.core.auth_hooks.run(AuthOperation::ChangeEmail, HookPhase::Before, ctx, &mut change).await?;
    let (mut record_of, result) = if auth.meta.email_verification.required {
        (confirm_first(ctx, model, account, &change.new_email, redirect).await?, ChangeResult::Pending)
    } else {
        if let Some(redirect) = redirect {
            ctx.set_local(LinkRedirect(redirect.to_owned()));
        }
        (change_now(ctx, model, account, &change.new_email).await?, ChangeResult::Done)
    };
    record(ctx, Event::EmailChangeRequested, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::ChangeEmail, HookPhase::After, ctx, record_of.as_mut()).await?;
    ctx.commit().await?;
    Ok(result)
}

/// Refuses a change to the current address, which would send mails and have no effect.
async fn refuse_own(ctx: &Context<'_>, model: &Model, account: Id, new: &str) -> Result<(), AuthError> {
    let stored = stored_address(ctx, model, account).await?;
    if stored.is_none_or(|stored| normal_address(&stored) != new) {
        return Ok(());
    }
    Err(AuthError::invalid(vec![Problem {
        field: NEW_EMAIL.to_owned(),
        code: "SameEmail".to_owned(),
        message: "The new email can not be the same as the old one".to_owned(),
    }]))
}

async fn change_now(ctx: &mut Context<'_>, model: &Model, account: Id, new: &str) -> Result<Box<dyn Any>, AuthError> {
    let body = Map::from_iter([(ADDRESS_FIELD.to_owned(), new.into())]);
    let input = crud::read_update(ctx, model, Scope::system().write, body)?;
    Ok(crud::update_one(ctx, model, &Scope::system(), account, Draft::complete(input)).await?.record)
}

async fn confirm_first(
    ctx: &mut Context<'_>,
    model: &Model,
    account: Id,
    new: &str,
    redirect: Option<&str>,
) -> Result<Box<dyn Any>, AuthError> {
    let taken = find_account(ctx, model, &[email_identifier(model)], new).await?;
    if taken.is_some_and(|other| other.account != account) {
        return Err(taken_address(model).into());
    }
    limit_address_changes(ctx, Event::EmailChangeRequested, account).await?;
    let token = one_time::issue(ctx, account, Purpose::ChangeEmail, new, LINK_LIFETIME).await?;
    mail(ctx, Template::ConfirmEmail, new, token, redirect).await?;
    let result = ctx.source().one(model.sql.by_id(&Scope::system(), account)).await?.ok_or(AuthError::AccountGone)?;
    Ok(model.resource.decode(&mut Row::new(&result))?)
}

/// The 409 for an address that another account has, with the code and message of the unique index.
fn taken_address(model: &Model) -> ApiError {
    let unique = model.meta.uniques.iter().find(|unique| unique.fields == [ADDRESS_FIELD]);
    let message = format!("{} with this {} already exists", with_article(model.meta.name), ADDRESS_FIELD);
    ApiError::conflict(unique.map_or("UniqueConstraint", |unique| unique.code), message)
}

/// The client's name of the new address.
const NEW_EMAIL: &str = "newEmail";

/// Reads and normalizes the new address. Problems are reported under the client's name of the field.
fn read_address(ctx: &mut Context<'_>, model: &Model, new: Option<Value>) -> Result<String, AuthError> {
    let missing = || AuthError::invalid(vec![required(NEW_EMAIL)]);
    let new = new.filter(|value| !value.is_null()).ok_or_else(missing)?;
    let Some(position) = model.meta.field_index(ADDRESS_FIELD) else { return Err(missing()) };
    let body = Map::from_iter([(NEW_EMAIL.to_owned(), new)]);
    let body = Submitted { field_names: &[(ADDRESS_FIELD, NEW_EMAIL)], ..body.into() };
    let input = crud::read_update(ctx, model, Scope::system().write, body)?;
    match model.resource.update_row(input).get(position) {
        Some(sea_orm::Value::String(Some(address))) => Ok(address.to_string()),
        _ => Err(missing()),
    }
}
