//! Logging in: whatever identifies the account, its password is looked at once, and a log-in is opened.

use std::any::Any;
use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::Auth;
use super::address;
use super::attempt::{Attempt, Verdict, failed};
use super::carrier::{self, Carrier};
use super::error::AuthError;
use super::event::{self, Event, Reason};
use super::find::{Found, by_email, counted, find_all};
use super::grant;
use super::lockout::{Guess, Typed, account_turn, typed_turn};
use super::password::password_field;
use crate::access::{Identity, Principal, Scope, Via};
use crate::app_meta::{AuthOperation, IdentifierMeta};
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::hooks::{LoginAttempt, Moment};
use crate::input::{PlainPassword, Problem};
use crate::resource::Id;

/// A log-in that succeeded.
pub(crate) struct LoggedIn {
    pub(crate) account: Id,
    /// The account's row.
    pub(crate) record: Box<dyn Any>,
    pub(crate) carrier: Carrier,
}

/// What was sent to log in with.
pub(crate) struct Credentials {
    attempt: LoginAttempt,
    /// Tried in this order; the first account that fits is meant.
    identifiers: Vec<IdentifierMeta>,
    password: PlainPassword,
}

impl Credentials {
    /// Reads a log-in body of named identifiers; `password_field` is what the account model calls it, and `password`
    /// itself is taken as well.
    ///
    /// `wanted` is the query's `usernameField`; without it the body's own key decides, and the key
    /// `username` also stands for any plain identifier.
    ///
    /// # Errors
    /// `MissingCredentials`, or `IdentifierNotAllowed` for a `usernameField` that is not one.
    pub(crate) fn read(
        auth: &Auth,
        password_field: &str,
        wanted: Option<&str>,
        body: &Map<String, Value>,
    ) -> Result<Self, AuthError> {
        let (called, identifiers) = identify(auth, wanted, body)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text(&called), text(password_field).or_else(|| text("password"))) {
            (Some(value), Some(password)) => {
                refuse_unknown(auth, password_field, body)?;
                let attempt = LoginAttempt { identifier: value.to_owned(), field: called };
                Ok(Self { attempt, identifiers, password: PlainPassword::new(password) })
            }
            _ => Err(AuthError::MissingCredentials { field: called }),
        }
    }

    /// Any plain identifier that may be logged in with.
    pub(crate) fn by_identifier(auth: &Auth, typed: &str, password: &str) -> Self {
        let attempt = LoginAttempt { identifier: typed.to_owned(), field: "identifier".to_owned() };
        Self { attempt, identifiers: plain(auth, typed), password: PlainPassword::new(password) }
    }

    /// The e-mail address and nothing else.
    pub(crate) fn by_email(model: &Model, typed: &str, password: &str) -> Self {
        let identifiers = vec![by_email(model)];
        let attempt = LoginAttempt { identifier: typed.to_owned(), field: identifiers[0].body_key.to_owned() };
        Self { attempt, identifiers, password: PlainPassword::new(password) }
    }

    fn incorrect(&self) -> AuthError {
        AuthError::IncorrectCredentials { field: self.attempt.field.clone() }
    }
}

/// A key that means nothing here is a mistake that its sender should hear of.
fn refuse_unknown(auth: &Auth, password: &str, body: &Map<String, Value>) -> Result<(), AuthError> {
    let known = |key: &str| {
        [GENERIC, "password", password].contains(&key)
            || auth.meta.identifiers.iter().any(|identifier| identifier.body_key == key)
    };
    let unknown: Vec<Problem> = body.keys().filter(|key| !known(key)).map(|key| Problem::unknown_field(key)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(AuthError::invalid(unknown)) }
}

/// The identifiers that stand in the account's own row. What looks like an e-mail address is one first of all: nobody
/// must come before its owner by taking it as a name.
pub(super) fn plain(auth: &Auth, typed: &str) -> Vec<IdentifierMeta> {
    let mut plain: Vec<IdentifierMeta> =
        auth.meta.identifiers.iter().filter(|identifier| identifier.relation.is_none()).copied().collect();
    if typed.contains('@') {
        plain.sort_by_key(|identifier| identifier.field != address::FIELD);
    }
    plain
}

/// What the identifier is called in the body, and which columns may hold it.
fn identify(
    auth: &Auth,
    wanted: Option<&str>,
    body: &Map<String, Value>,
) -> Result<(String, Vec<IdentifierMeta>), AuthError> {
    let allowed = auth.meta.identifiers;
    if let Some(path) = wanted {
        let identifier = allowed.iter().find(|identifier| identifier.path == path);
        let identifier = identifier.ok_or(AuthError::IdentifierNotAllowed)?;
        return Ok((identifier.body_key.to_owned(), vec![*identifier]));
    }
    let named =
        allowed.iter().find(|identifier| identifier.body_key != GENERIC && body.contains_key(identifier.body_key));
    match named {
        Some(identifier) if !body.contains_key(GENERIC) => Ok((identifier.body_key.to_owned(), vec![*identifier])),
        _ if body.contains_key(GENERIC) => {
            let typed = body[GENERIC].as_str().unwrap_or_default();
            Ok((GENERIC.to_owned(), plain(auth, typed)))
        }
        _ => Ok((allowed.first().map_or(GENERIC, |identifier| identifier.body_key).to_owned(), Vec::new())),
    }
}

/// The key that stands for whatever an application logs in with.
const GENERIC: &str = "username";

/// Verifies the credentials and opens a log-in; `replaced` is one of the same browser, which ends. An unknown account
/// costs as much time as a wrong password, and is answered alike.
///
/// # Errors
/// `IncorrectCredentials`, `Locked`, `EmailNotVerified`, 503 when too many log in at once.
pub(crate) async fn log_in(
    ctx: &mut Context<'_>,
    auth: &Auth,
    mut credentials: Credentials,
    via: Via,
    replaced: Option<(Id, Uuid)>,
) -> Result<LoggedIn, AuthError> {
    auth.hooks.run(AuthOperation::Login, Moment::Before, ctx, &mut credentials.attempt).await?;
    let model = ctx.core.account_model()?;
    let found = verify(ctx, auth, model, &credentials, via).await?;
    let identity = admitted(ctx, auth, &credentials, &found, via).await?;
    let stronger = rehashed(ctx, auth, &credentials, &found).await;
    let account = found.account;
    ctx.principal = Principal::Account(identity);
    ctx.begin().await?;
    let mut record = remember(ctx, model, account).await?;
    // Whoever changed the account meanwhile has ended its log-ins, but not this one, which they could not see. Its row
    // is written by now, so nobody changes it any more.
    match ctx.still_stands().await {
        Err(over) if over.status() == 401 => return Err(credentials.incorrect()),
        standing => standing?,
    }
    if let Some(hash) = stronger {
        store(ctx, model, (account, &found.password), hash).await?;
    }
    if let Some((before, grant)) = replaced {
        grant::end(ctx, before, grant).await?;
    }
    let carrier = carrier::open(ctx, auth, account, found.password_changed_at, via).await?;
    event::record(ctx, Event::LoggedIn, Some(account), via).await?;
    auth.hooks.run(AuthOperation::Login, Moment::After, ctx, record.as_mut()).await?;
    ctx.commit().await?;
    Ok(LoggedIn { account, record, carrier })
}

/// Whether somebody with the right password may come in.
async fn admitted(
    ctx: &mut Context<'_>,
    auth: &Auth,
    credentials: &Credentials,
    found: &Found,
    via: Via,
) -> Result<Arc<Identity>, AuthError> {
    let account = found.account;
    let identity = auth.access.by_account(ctx.source(), ctx.core.db.dialect(), account, ctx.now).await?;
    let Some(identity) = identity else {
        // An account that may not act does not log in, and learns no more than that.
        failed(ctx, Reason::NotActive, Some(account), via).await?;
        return Err(credentials.incorrect());
    };
    // The password was right, and is not any more: it was changed while this log-in waited for its turn.
    if identity.password_changed_at != found.password_changed_at {
        failed(ctx, Reason::WrongPassword, Some(account), via).await?;
        return Err(credentials.incorrect());
    }
    if auth.meta.email_verification.required && !found.email_verified {
        failed(ctx, Reason::NotVerified, Some(account), via).await?;
        return Err(AuthError::EmailNotVerified);
    }
    Ok(identity)
}

/// The same password, hashed as today's are. When the threads are busy, the next log-in will do.
async fn rehashed(ctx: &Context<'_>, auth: &Auth, credentials: &Credentials, found: &Found) -> Option<String> {
    let outdated = auth.hasher.is_outdated(&found.password, &credentials.password);
    if outdated { auth.hasher.hash(ctx.origin(), credentials.password.clone()).await.ok() } else { None }
}

/// Replaces the hash that was verified, unless another one is stored by now. The password stays what it is, so nothing else
/// about it changes.
async fn store(ctx: &Context<'_>, model: &Model, (account, before): (Id, &str), hash: String) -> Result<(), AuthError> {
    let column = password_field(model)?.column;
    let mut update = model.sql.statement("UPDATE ");
    update.identifier(model.meta.table).push(" SET ").identifier(column).push(" = ").bind(hash);
    update.push(" WHERE \"id\" = ").bind(account).push(" AND ").identifier(column).push(" = ").bind(before);
    ctx.source().execute(update).await?;
    Ok(())
}

/// Looks at the password of the account that is meant, one at a time. Does the same queueing, counting and hashing for
/// an unknown identifier, so that neither timing nor lockout reveals whether an account exists.
async fn verify(
    ctx: &mut Context<'_>,
    auth: &Auth,
    model: &Model,
    credentials: &Credentials,
    via: Via,
) -> Result<Found, AuthError> {
    let text = &credentials.attempt.identifier;
    let typed = Typed::new(&auth.secrets, &counted(ctx.core, auth, model, text));
    let _typed_turn = typed_turn(&auth.turns, &typed).await?;
    let named = find_all(ctx, auth, model, &credentials.identifiers, text).await?;
    let guess = Guess::with(typed, &named);
    let _turn = match guess.meant() {
        Some(account) => Some(account_turn(&auth.turns, account).await?),
        None => None,
    };
    let hash = named.found.as_ref().map(|found| found.password.clone());
    let attempt = Attempt { guess, hash, via };
    match (attempt.verify(ctx, auth, model, credentials.password.clone()).await?, named.found) {
        (Verdict::Right, Some(found)) => Ok(found),
        (Verdict::Locked, _) => Err(AuthError::Locked),
        _ => Err(credentials.incorrect()),
    }
}

/// Dates the log-in and answers with the account's row.
async fn remember(ctx: &Context<'_>, model: &Model, account: Id) -> Result<Box<dyn Any>, AuthError> {
    let mut update = model.sql.statement("UPDATE ");
    update.identifier(model.meta.table).push(" SET \"last_login_at\" = ").bind(ctx.now).push(" WHERE ");
    model.sql.row(&mut update, &Scope::system(), account);
    update.push(" RETURNING ").push(&model.sql.columns);
    let result = ctx.source().one(update).await?.ok_or(AuthError::AccountGone)?;
    Ok(model.resource.decode(&mut Row::new(&result))?)
}
