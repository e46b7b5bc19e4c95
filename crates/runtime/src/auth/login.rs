//! Logging in: whatever identifies the account, it is found with one statement.

use std::any::Any;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Auth;
use super::attempt::{Attempt, Verdict, failed};
use super::event::{self, Event, Reason};
use super::grant::{self, Via};
use super::lockout::Count;
use super::password::password_field;
use super::surfaces::jwt::errors;
use crate::access::{Principal, Scope, id_from};
use crate::app_meta::{AuthOperation, IdentifierMeta};
use crate::context::Context;
use crate::core::{Core, Model};
use crate::db::{Row, Statement};
use crate::hooks::{LoginAttempt, Moment};
use crate::http::ApiError;
use crate::input::{PlainPassword, Problem};
use crate::query::typed_value;
use crate::resource::{Id, ModelMeta, RelationKind};

/// A log-in that succeeded.
pub(crate) struct LoggedIn {
    /// The account's row.
    pub(crate) record: Box<dyn Any>,
    pub(crate) token: String,
}

/// What was sent to log in with.
pub(crate) struct Credentials {
    attempt: LoginAttempt,
    /// Tried in this order; the first account that fits is meant.
    identifiers: Vec<&'static IdentifierMeta>,
    password: PlainPassword,
}

impl Credentials {
    /// Reads a log-in body; `password_field` is what the account model calls it, and `password` itself is taken as well.
    ///
    /// `wanted` is the query's `usernameField`; without it the body's own key decides, and the key
    /// `username` also stands for any plain identifier.
    ///
    /// # Errors
    /// 400 `MissingCredentialFields`, or `InvalidRequestQuery` for a `usernameField` that is not allowed.
    pub(crate) fn read(
        auth: &Auth,
        password_field: &str,
        wanted: Option<&str>,
        body: &Map<String, Value>,
    ) -> Result<Self, ApiError> {
        let (called, identifiers) = identify(auth, wanted, body)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text(&called), text(password_field).or_else(|| text("password"))) {
            (Some(value), Some(password)) => {
                refuse_unknown(auth, password_field, body)?;
                let attempt = LoginAttempt { identifier: value.to_owned(), field: called };
                Ok(Self { attempt, identifiers, password: PlainPassword::new(password) })
            }
            _ => Err(errors::missing_credential_fields(&called)),
        }
    }

    fn incorrect(&self) -> ApiError {
        errors::incorrect_credentials(&self.attempt.field)
    }
}

/// A key that means nothing here is a mistake that its sender should hear of.
fn refuse_unknown(auth: &Auth, password: &str, body: &Map<String, Value>) -> Result<(), ApiError> {
    let known = |key: &str| {
        [GENERIC, "password", password].contains(&key)
            || auth.meta.identifiers.iter().any(|identifier| identifier.body_key == key)
    };
    let unknown: Vec<Problem> = body.keys().filter(|key| !known(key)).map(|key| Problem::unknown_field(key)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(ApiError::invalid_body(unknown)) }
}

/// What the identifier is called in the body, and which columns may hold it.
fn identify(
    auth: &Auth,
    wanted: Option<&str>,
    body: &Map<String, Value>,
) -> Result<(String, Vec<&'static IdentifierMeta>), ApiError> {
    let allowed = auth.meta.identifiers;
    if let Some(path) = wanted {
        let identifier = allowed.iter().find(|identifier| identifier.path == path);
        let identifier = identifier.ok_or_else(errors::username_field_not_allowed)?;
        return Ok((identifier.body_key.to_owned(), vec![identifier]));
    }
    let named =
        allowed.iter().find(|identifier| identifier.body_key != GENERIC && body.contains_key(identifier.body_key));
    match named {
        Some(identifier) if !body.contains_key(GENERIC) => Ok((identifier.body_key.to_owned(), vec![identifier])),
        _ if body.contains_key(GENERIC) => {
            let plain: Vec<_> = allowed.iter().filter(|identifier| identifier.relation.is_none()).collect();
            Ok((GENERIC.to_owned(), plain))
        }
        _ => Ok((allowed.first().map_or(GENERIC, |identifier| identifier.body_key).to_owned(), Vec::new())),
    }
}

/// The key that stands for whatever an application logs in with.
const GENERIC: &str = "username";

/// Verifies the credentials and issues a token. An unknown account costs as much time as a wrong password, and is
/// answered alike.
///
/// # Errors
/// 401 `IncorrectCredentials`, 423 `AccountLocked`, 503 when too many log in at once.
pub(crate) async fn log_in(
    ctx: &mut Context<'_>,
    auth: &Auth,
    mut credentials: Credentials,
    via: Via,
) -> Result<LoggedIn, ApiError> {
    auth.hooks.run(AuthOperation::Login, Moment::Before, ctx, &mut credentials.attempt).await?;
    let model = ctx.core.account_model()?;
    let Some(found) = find(ctx.core, model, &credentials).await? else {
        return Err(unknown(ctx, auth, credentials, via).await?);
    };
    let (account, password_changed_at) = (found.account, found.password_changed_at);
    verify(ctx, auth, model, &credentials, found, via).await?;
    let identity = auth.access.by_account(&ctx.core.db, account, ctx.now).await?;
    let Some(identity) = identity else {
        // An account that may not act does not log in, and learns no more than that.
        failed(ctx, Reason::NotActive, Some(account), via).await?;
        return Err(credentials.incorrect());
    };
    // The password was right, and is not any more: it was changed while this log-in waited for its turn.
    if identity.password_changed_at != password_changed_at {
        failed(ctx, Reason::WrongPassword, Some(account), via).await?;
        return Err(credentials.incorrect());
    }
    ctx.principal = Principal::Account(identity);
    ctx.begin().await?;
    let mut record = remember(ctx, model, account).await?;
    let grant = grant::open(ctx, account, via, auth.meta.jwt.expires_in_seconds).await?;
    event::record(ctx, Event::LoggedIn, Some(account), via).await?;
    auth.hooks.run(AuthOperation::Login, Moment::After, ctx, record.as_mut()).await?;
    let token = auth.tokens.issue(account, grant, password_changed_at, ctx.now)?;
    ctx.commit().await?;
    Ok(LoggedIn { record, token })
}

/// Looks at the password of an account that is there, one at a time.
async fn verify(
    ctx: &mut Context<'_>,
    auth: &Auth,
    model: &Model,
    credentials: &Credentials,
    found: Found,
    via: Via,
) -> Result<(), ApiError> {
    let _turn = auth.turns.wait(found.account).await;
    let attempt = Attempt { account: found.account, hash: found.password, via };
    match attempt.verify(ctx, auth, model, credentials.password.clone()).await? {
        Verdict::Right => Ok(()),
        Verdict::Wrong => Err(credentials.incorrect()),
        Verdict::Locked => Err(errors::account_locked()),
    }
}

/// The same for nobody: a turn, a count, a lock, and as much work.
async fn unknown(ctx: &mut Context<'_>, auth: &Auth, credentials: Credentials, via: Via) -> Result<ApiError, ApiError> {
    let identifier = &credentials.attempt.identifier;
    let _turn = auth.turns.wait(identifier).await;
    if auth.strangers.count(identifier, auth.meta.lockout, ctx.now) == Count::Locked {
        failed(ctx, Reason::Locked, None, via).await?;
        return Ok(errors::account_locked());
    }
    auth.hasher.verify(credentials.password.clone(), None).await?;
    failed(ctx, Reason::UnknownAccount, None, via).await?;
    Ok(credentials.incorrect())
}

struct Found {
    account: Id,
    password: String,
    /// Which password that is: a token names it, and dies with it.
    password_changed_at: i64,
}

async fn find(core: &Core, model: &Model, credentials: &Credentials) -> Result<Option<Found>, ApiError> {
    let password = password_field(model)?.column;
    let mut statement = Statement::new(
        core.db.dialect(),
        format!("SELECT a.\"id\", a.\"{password}\", a.\"password_changed_at\" FROM \"{}\" a WHERE (", model.meta.table),
    );
    let mut matching = Vec::new();
    for identifier in &credentials.identifiers {
        let Some(holder) = core.model(identifier.model) else { continue };
        let Some(field) = holder.meta.field_index(identifier.field) else { continue };
        // What could never be this identifier is not asked for: an e-mail address is no phone number.
        let Ok(value) = typed_value(holder.meta.fields[field].kind, &credentials.attempt.identifier) else { continue };
        matching.push((identifier, holder.meta, field, value));
    }
    if matching.is_empty() {
        return Ok(None);
    }
    statement.join(" OR ", &matching, |statement, (identifier, holder, field, value)| {
        condition(statement, model.meta, identifier, holder, *field, value)
    });
    statement.push(if model.meta.soft_delete {
        ") AND a.\"deleted_at\" IS NULL ORDER BY CASE"
    } else {
        ") ORDER BY CASE"
    });
    for (rank, (identifier, holder, field, value)) in matching.iter().enumerate() {
        statement.push(" WHEN ");
        condition(&mut statement, model.meta, identifier, holder, *field, value);
        statement.push(&format!(" THEN {rank}"));
    }
    statement.push(" END LIMIT 1");
    let Some(result) = core.db.reader().one(statement).await? else { return Ok(None) };
    let mut row = Row::new(&result);
    let account = id_from(&mut row, model.meta.id)?;
    let (password, changed): (String, Option<DateTime<Utc>>) = (row.next()?, row.next()?);
    let password_changed_at = changed.map_or(0, |time| time.timestamp_millis());
    Ok(Some(Found { account, password, password_changed_at }))
}

/// `a."email" = $1`, or for a field of a related model `a."id" IN (SELECT …)`.
fn condition<'s>(
    statement: &'s mut Statement,
    account: &ModelMeta,
    identifier: &IdentifierMeta,
    holder: &ModelMeta,
    field: usize,
    value: &sea_orm::Value,
) -> &'s mut Statement {
    let column = holder.fields[field].column;
    let relation = identifier.relation.and_then(|name| account.relations.iter().find(|relation| relation.name == name));
    let key = match relation.map(|relation| relation.kind) {
        Some(RelationKind::HasOne { field } | RelationKind::HasMany { field }) => holder.field_index(field),
        _ => None,
    };
    match key {
        None => statement.push("a.").identifier(column).push(" = ").bind(value.clone()),
        Some(key) => {
            statement.push("a.\"id\" IN (SELECT ").identifier(holder.fields[key].column).push(" FROM ");
            statement.identifier(holder.table).push(" WHERE ").identifier(column).push(" = ").bind(value.clone());
            statement.push(if holder.soft_delete { " AND \"deleted_at\" IS NULL)" } else { ")" })
        }
    }
}

/// Dates the log-in and answers with the account's row.
async fn remember(ctx: &Context<'_>, model: &Model, account: Id) -> Result<Box<dyn Any>, ApiError> {
    let mut update = model.sql.statement("UPDATE ");
    update.identifier(model.meta.table).push(" SET \"last_login_at\" = ").bind(ctx.now).push(" WHERE ");
    model.sql.row(&mut update, &Scope::system(), account);
    update.push(" RETURNING ").push(&model.sql.columns);
    let result = ctx.source().one(update).await?.ok_or_else(errors::user_no_longer_exists)?;
    Ok(model.resource.decode(&mut Row::new(&result))?)
}
