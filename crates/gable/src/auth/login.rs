//! Logging in: finds the account by an identifier, verifies the password once, and opens a log-in.

use std::any::Any;
use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::account_columns::{ADDRESS_FIELD, password_field};
use super::account_lookup::{StoredAccount, attempt_key, email_identifier, find_account_and_holders};
use super::attempt::{Attempt, Verdict, failed};
use super::error::AuthError;
use super::event::{self, Event, Reason};
use super::issued_credential::{self, IssuedCredential};
use super::lockout::{Guess, Typed, lock_account, lock_typed};
use super::{Auth, grant};
use crate::access::{Identity, LoginMethod, Principal};
use crate::context::Context;
use crate::context::hooks::{HookPhase, LoginAttempt};
use crate::db::{BoundSql, Row, values};
use crate::error::{ErrorKind, Problem};
use crate::meta::{AuthOperation, IdentifierMeta};
use crate::model::Id;
use crate::model::input::PlainPassword;
use crate::query::Model;

/// A log-in that succeeded.
pub(crate) struct LoggedIn {
    pub(crate) account: Id,
    /// The account's row.
    pub(crate) record: Box<dyn Any>,
    pub(crate) credential: IssuedCredential,
}

/// The identifier and the password of a log-in request.
pub(crate) struct Credentials {
    attempt: LoginAttempt,
    /// Tried in this order. The first account that matches is used.
    identifiers: Vec<IdentifierMeta>,
    password: PlainPassword,
}

impl Credentials {
    /// Reads a log-in body whose key names the identifier. The password is expected under `password_field`, its name in
    /// the account model, or under `password`.
    ///
    /// `wanted` is the query parameter `usernameField`. Without it, the key in the body selects the identifier, and the
    /// key `username` stands for any identifier in the account's own row.
    ///
    /// # Errors
    /// `MissingCredentials`, `IdentifierNotAllowed` for a `usernameField` that is not an identifier, or 400 for unknown
    /// keys.
    pub(crate) fn read(
        auth: &Auth,
        password_field: &str,
        wanted: Option<&str>,
        body: &Map<String, Value>,
    ) -> Result<Self, AuthError> {
        let (body_key, identifiers) = identify(auth, wanted, body)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text(&body_key), text(password_field).or_else(|| text("password"))) {
            (Some(value), Some(password)) => {
                refuse_unknown(auth, password_field, body)?;
                let attempt = LoginAttempt { identifier: value.to_owned(), field: body_key };
                Ok(Self { attempt, identifiers, password: PlainPassword::new(password) })
            }
            _ => Err(AuthError::MissingCredentials { field: body_key }),
        }
    }

    /// Credentials whose text may be any identifier in the account's own row.
    pub(crate) fn by_identifier(auth: &Auth, typed: &str, password: &str) -> Self {
        let attempt = LoginAttempt { identifier: typed.to_owned(), field: "identifier".to_owned() };
        Self { attempt, identifiers: identifiers_of_own_row(auth, typed), password: PlainPassword::new(password) }
    }

    /// Credentials whose text is an e-mail address.
    pub(crate) fn by_email(model: &Model, typed: &str, password: &str) -> Self {
        let identifiers = vec![email_identifier(model)];
        let attempt = LoginAttempt { identifier: typed.to_owned(), field: identifiers[0].body_key.to_owned() };
        Self { attempt, identifiers, password: PlainPassword::new(password) }
    }

    fn incorrect(&self) -> AuthError {
        AuthError::IncorrectCredentials { field: self.attempt.field.clone() }
    }
}

/// Refuses unknown keys, so that mistakes of the client do not go unnoticed.
fn refuse_unknown(auth: &Auth, password: &str, body: &Map<String, Value>) -> Result<(), AuthError> {
    let known = |key: &str| {
        [ANY_IDENTIFIER, "password", password].contains(&key)
            || auth.meta.identifiers.iter().any(|identifier| identifier.body_key == key)
    };
    let unknown: Vec<Problem> = body.keys().filter(|key| !known(key)).map(|key| Problem::unknown_field(key)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(AuthError::invalid(unknown)) }
}

/// The identifiers in the account's own row. For a text with `@`, the e-mail address comes first, so that nobody can
/// capture log-ins by choosing the address of another account as a user name.
pub(super) fn identifiers_of_own_row(auth: &Auth, typed: &str) -> Vec<IdentifierMeta> {
    let mut plain: Vec<IdentifierMeta> =
        auth.meta.identifiers.iter().filter(|identifier| identifier.relation.is_none()).copied().collect();
    if typed.contains('@') {
        plain.sort_by_key(|identifier| identifier.field != ADDRESS_FIELD);
    }
    plain
}

/// The key of the identifier in the body, and the identifiers that it may stand for.
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
    let named = allowed
        .iter()
        .find(|identifier| identifier.body_key != ANY_IDENTIFIER && body.contains_key(identifier.body_key));
    match named {
        Some(identifier) if !body.contains_key(ANY_IDENTIFIER) => {
            Ok((identifier.body_key.to_owned(), vec![*identifier]))
        }
        _ if body.contains_key(ANY_IDENTIFIER) => {
            let typed = body[ANY_IDENTIFIER].as_str().unwrap_or_default();
            Ok((ANY_IDENTIFIER.to_owned(), identifiers_of_own_row(auth, typed)))
        }
        _ => Ok((allowed.first().map_or(ANY_IDENTIFIER, |identifier| identifier.body_key).to_owned(), Vec::new())),
    }
}

/// The key that stands for any identifier.
const ANY_IDENTIFIER: &str = "username";

/// Verifies the credentials and opens a log-in. `replaced` is the previous log-in of the same browser, which ends. An
/// unknown account takes the same time and gets the same answer as a wrong password.
///
/// # Errors
/// `IncorrectCredentials`, `Locked`, `EmailNotVerified`, or 503 if too many log-ins are waiting.
pub(crate) async fn log_in(
    ctx: &mut Context<'_>,
    auth: &Auth,
    mut credentials: Credentials,
    via: LoginMethod,
    replaced: Option<(Id, Uuid)>,
) -> Result<LoggedIn, AuthError> {
    ctx.core.auth_hooks.run(AuthOperation::Login, HookPhase::Before, ctx, &mut credentials.attempt).await?;
    let model = ctx.core.account_model()?;
    let found = verify(ctx, auth, model, &credentials, via).await?;
    let identity = check_admission(ctx, auth, &credentials, &found, via).await?;
    let new_hash = rehashed(ctx, auth, &credentials, &found).await;
    let account = found.account;
    ctx.principal = Principal::Account(identity);
    ctx.begin().await?;
    let mut record = record_log_in(ctx, model, account).await?;
    // A concurrent change of the account may have ended its log-ins, but not this one, which does not exist yet. The
    // account's row is locked since `record_log_in` has written it, so the check stays valid until the commit.
    match ctx.revalidate_principal().await {
        Err(ended) if ended.kind() == ErrorKind::Unauthenticated => return Err(credentials.incorrect()),
        revalidated => revalidated?,
    }
    if let Some(hash) = new_hash {
        replace_hash(ctx, model, (account, &found.password), hash).await?;
    }
    if let Some((before, grant)) = replaced {
        grant::end(ctx, before, grant).await?;
    }
    let credential = issued_credential::open(ctx, auth, account, found.password_changed_at, via).await?;
    event::record(ctx, Event::LoggedIn, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::Login, HookPhase::After, ctx, record.as_mut()).await?;
    ctx.commit().await?;
    Ok(LoggedIn { account, record, credential })
}

/// Checks whether the account may log in, after its password was verified.
async fn check_admission(
    ctx: &mut Context<'_>,
    auth: &Auth,
    credentials: &Credentials,
    found: &StoredAccount,
    via: LoginMethod,
) -> Result<Arc<Identity>, AuthError> {
    let account = found.account;
    let identity = auth.access.by_account(ctx.source(), account, ctx.now).await?;
    let Some(identity) = identity else {
        // An inactive account is answered like a wrong password.
        failed(ctx, Reason::NotActive, Some(account), via).await?;
        return Err(credentials.incorrect());
    };
    // The password was changed while this log-in waited, so the verified one is outdated.
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

/// A new hash of the password if the stored one is outdated. `None` also if the hasher is busy; the next log-in tries
/// again.
async fn rehashed(ctx: &Context<'_>, auth: &Auth, credentials: &Credentials, found: &StoredAccount) -> Option<String> {
    let outdated = auth.hasher.is_outdated(&found.password, &credentials.password);
    if outdated { auth.hasher.hash(ctx.origin(), credentials.password.clone()).await.ok() } else { None }
}

/// Replaces the verified hash by a new one, unless the stored hash has changed since. The password is the same, so
/// `password_changed_at` stays.
async fn replace_hash(
    ctx: &Context<'_>,
    model: &Model,
    (account, before): (Id, &str),
    hash: String,
) -> Result<(), AuthError> {
    let (table, column) = (model.meta.table, password_field(model)?.column);
    let text = format!(r#"UPDATE "{table}" SET "{column}" = ? WHERE "id" = ? AND "{column}" = ?"#);
    let update = BoundSql::named(text, values![hash, account, before]);
    ctx.source().execute(update).await?;
    Ok(())
}

/// Verifies the password, one attempt per account at a time. Does the same queueing, counting and hashing for an
/// unknown identifier, so that neither timing nor lockout reveals whether an account exists.
async fn verify(
    ctx: &mut Context<'_>,
    auth: &Auth,
    model: &Model,
    credentials: &Credentials,
    via: LoginMethod,
) -> Result<StoredAccount, AuthError> {
    let text = &credentials.attempt.identifier;
    let typed = Typed::new(&ctx.core.secrets, &attempt_key(ctx.core, auth, model, text));
    let _typed_guard = lock_typed(&auth.password_locks, &typed).await?;
    let lookup = find_account_and_holders(ctx, auth, model, &credentials.identifiers, text).await?;
    let guess = Guess::with(typed, &lookup);
    let _account_guard = match guess.wanted_account() {
        Some(account) => Some(lock_account(&auth.password_locks, account).await?),
        None => None,
    };
    let hash = lookup.found.as_ref().map(|found| found.password.clone());
    let attempt = Attempt { guess, hash, via };
    match (attempt.verify(ctx, auth, model, credentials.password.clone()).await?, lookup.found) {
        (Verdict::Right, Some(found)) => Ok(found),
        (Verdict::Locked, _) => Err(AuthError::Locked),
        _ => Err(credentials.incorrect()),
    }
}

/// Stores the time of the log-in and returns the account's row.
async fn record_log_in(ctx: &Context<'_>, model: &Model, account: Id) -> Result<Box<dyn Any>, AuthError> {
    let (table, live, columns) = (model.meta.table, model.sql.live, &model.sql.columns);
    let text = format!(r#"UPDATE "{table}" SET "last_login_at" = ? WHERE "id" = ?{live} RETURNING {columns}"#);
    let update = BoundSql::named(text, values![ctx.now, account]);
    let result = ctx.source().one(update).await?.ok_or(AuthError::AccountGone)?;
    Ok(model.resource.decode(&mut Row::new(&result))?)
}
