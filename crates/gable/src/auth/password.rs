//! The password policy, and changing one's own password.

use std::any::Any;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::account_columns::password_field;
use super::attempt::{Attempt, Verdict};
use super::error::AuthError;
use super::event::{self, Event};
use super::lockout::{Guess, lock_account};
use super::{Auth, grant, issued_credential, one_time};
use crate::access::{GrantState, LoginMethod};
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::{BoundSql, Row, values};
use crate::error::{ApiError, Problem};
use crate::meta::{AuthOperation, PasswordPolicy};
use crate::model::Id;
use crate::model::input::{self, FromJson, Mismatch, PlainPassword, Submitted, together};
use crate::query::Model;
use crate::text::upper_first;

/// Every rule that a password breaks: those of the policy, and those of text fields.
pub(super) fn password_problems(policy: &PasswordPolicy, field: &str, password: &str) -> Vec<Problem> {
    unreadable(field, password).into_iter().chain(input::password_problems(policy, field, password)).collect()
}

/// The body of a password change.
pub(crate) struct PasswordChange {
    current: PlainPassword,
    new: PlainPassword,
}

/// A surface's names of the two passwords in the body.
#[derive(Clone, Copy)]
pub(crate) struct ChangeNames {
    pub(crate) current: &'static str,
    pub(crate) new: &'static str,
}

impl PasswordChange {
    /// Reads the body of a password change.
    ///
    /// # Errors
    /// `PasswordsRequired`, `SamePassword`, `PasswordRefused` if only the new password breaks rules, or 400
    /// `InvalidRequestBody` if the body has other problems as well.
    pub(crate) fn read(policy: &PasswordPolicy, names: ChangeNames, body: Submitted) -> Result<Self, AuthError> {
        let Submitted { entries, broken, .. } = body;
        let text = |key: &str| entries.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(current), Some(new)) = (text(names.current), text(names.new)) else {
            let missing = [names.current, names.new].into_iter().filter(|key| text(key).is_none());
            return Err(AuthError::PasswordsRequired { missing: missing.map(required).collect() });
        };
        let unknown = entries.keys().filter(|key| ![names.current, names.new].contains(&key.as_str()));
        let mut found: Vec<Problem> = unknown.map(|key| Problem::unknown_field(key)).collect();
        found.extend(unreadable(names.new, new));
        let readable = found.is_empty() && broken.iter().all(|problem| problem.field == names.new);
        found.extend(input::password_problems(policy, names.new, new));
        let found = together(found, broken);
        if !found.is_empty() {
            let weak = |problems| AuthError::PasswordRefused { problems };
            return Err(if readable { weak(found) } else { AuthError::invalid(found) });
        }
        if current == new {
            return Err(AuthError::SamePassword { field: names.new });
        }
        Ok(Self { current: PlainPassword::new(current), new: PlainPassword::new(new) })
    }
}

/// The problem of a text that no text field of a model would accept, such as one with a NUL character.
fn unreadable(field: &str, text: &str) -> Option<Problem> {
    let Err(Mismatch(expected)) = String::from_json(text.into()) else { return None };
    let code = format!("{}IsStringConstraint", upper_first(field));
    Some(Problem { field: field.to_owned(), code, message: format!("'{field}' must be {expected}") })
}

/// The result of a password change.
pub(crate) struct Changed {
    pub(crate) record: Box<dyn Any>,
    /// The new token of a jwt log-in, whose old one became invalid. `None` for other log-ins.
    pub(crate) token: Option<String>,
}

/// Verifies the current password and replaces it. The caller's log-in continues; every other one ends.
///
/// # Errors
/// `IncorrectCurrentPassword`, `Locked` after too many wrong ones, 409 `ConcurrentUpdate` if another request has
/// changed the password or the log-in, 401 for a caller without a log-in, or 503 if too many passwords are waiting.
pub(crate) async fn change_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    change: PasswordChange,
    via: LoginMethod,
) -> Result<Changed, AuthError> {
    let account = ctx.principal.require()?.account;
    let before = ctx.principal.require()?.password_changed_at;
    let grant = ctx.principal.grant().ok_or_else(ApiError::login_required)?;
    let model = ctx.core.account_model()?;
    let verified = verify(ctx, auth, model, account, change.current, via).await?;
    let hash = auth.hasher.hash(ctx.origin(), change.new).await?;
    ctx.begin().await?;
    still_is(ctx, model, account, &verified).await?;
    ctx.core.auth_hooks.run(AuthOperation::UpdatePassword, HookPhase::Before, ctx, &mut ()).await?;
    let (mut record, changed_at) = replace(ctx, model, account, before, hash).await?;
    one_time::void_all(ctx, account).await?;
    grant::end_all(ctx, account, Some(grant.id)).await?;
    event::record(ctx, Event::PasswordChanged, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::UpdatePassword, HookPhase::After, ctx, record.as_mut()).await?;
    let token = succeed(ctx, auth, account, grant, changed_at).await?;
    ctx.commit().await?;
    Ok(Changed { record, token })
}

/// Issues a new token for a jwt log-in, because a JWT is valid only for the password that it was issued with. Sessions
/// and token pairs stay valid.
async fn succeed(
    ctx: &mut Context<'_>,
    auth: &Auth,
    account: Id,
    grant: GrantState,
    changed_at: DateTime<Utc>,
) -> Result<Option<String>, AuthError> {
    if grant.via != LoginMethod::Jwt {
        return Ok(None);
    }
    let renewed = grant::renew(ctx, auth.meta, account, grant).await?;
    let meanwhile = || ApiError::conflict("ConcurrentUpdate", "The session was changed meanwhile");
    let renewed = renewed.ok_or_else(meanwhile)?;
    Ok(Some(issued_credential::token(ctx, auth, account, renewed, changed_at.timestamp_millis())?))
}

/// Checks under a lock that the stored hash is still the verified one, so that of two concurrent changes only one
/// succeeds.
async fn still_is(ctx: &Context<'_>, model: &Model, account: Id, verified: &str) -> Result<(), AuthError> {
    one_time::lock(ctx, account).await?;
    match stored_hash(ctx, model, account).await? {
        Some(hash) if hash == verified => Ok(()),
        Some(_) => Err(ApiError::conflict("ConcurrentUpdate", "The password was changed meanwhile").into()),
        None => Err(AuthError::AccountGone),
    }
}

/// Verifies the current password and returns its stored hash. Each attempt counts toward the lockout, so that a stolen
/// token cannot be used to guess the password.
async fn verify(
    ctx: &mut Context<'_>,
    auth: &Auth,
    model: &Model,
    account: Id,
    password: PlainPassword,
    via: LoginMethod,
) -> Result<String, AuthError> {
    let _account_guard = lock_account(&auth.password_locks, account).await?;
    let Some(hash) = stored_hash(ctx, model, account).await? else { return Err(AuthError::AccountGone) };
    let attempt = Attempt { guess: Guess::at(account), hash: Some(hash.clone()), via };
    match attempt.verify(ctx, auth, model, password).await? {
        Verdict::Right => Ok(hash),
        Verdict::Wrong => Err(AuthError::IncorrectCurrentPassword),
        Verdict::Locked => Err(AuthError::Locked),
    }
}

pub(super) async fn stored_hash(ctx: &Context<'_>, model: &Model, account: Id) -> Result<Option<String>, ApiError> {
    let (table, column) = (model.meta.table, password_field(model)?.column);
    let text = format!(r#"SELECT "{column}" FROM "{table}" WHERE "id" = ?"#);
    let found = ctx.source().one(BoundSql::named(text, values![account])).await?;
    Ok(found.map(|result| Row::new(&result).next()).transpose()?)
}

/// Stores a new hash and the time of the change. That time is at least one millisecond after `before`, the previous
/// time in milliseconds since the Unix epoch, so that no older token has the same time.
pub(super) async fn replace(
    ctx: &Context<'_>,
    model: &Model,
    account: Id,
    before: i64,
    hash: String,
) -> Result<(Box<dyn Any>, DateTime<Utc>), AuthError> {
    let earliest = DateTime::from_timestamp_millis(before).unwrap_or_default() + TimeDelta::milliseconds(1);
    let changed_at = ctx.now.max(earliest);
    let (table, column) = (model.meta.table, password_field(model)?.column);
    let (live, columns) = (model.sql.live, &model.sql.columns);
    let text = format!(
        r#"UPDATE "{table}" SET "{column}" = ?, "password_changed_at" = ? WHERE "id" = ?{live} RETURNING {columns}"#
    );
    let update = BoundSql::named(text, values![hash, changed_at, account]);
    let result = ctx.source().one(update).await?.ok_or(AuthError::AccountGone)?;
    Ok((model.resource.decode(&mut Row::new(&result))?, changed_at))
}

/// The problem of a missing key of the body.
pub(crate) fn required(key: &str) -> Problem {
    let code = format!("{}RequiredConstraint", upper_first(key));
    Problem { field: key.to_owned(), code, message: format!("'{key}' is required") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::input::validation::Broken;

    static POLICY: PasswordPolicy =
        PasswordPolicy { min: 8, max: 72, upper: 1, lower: 1, digit: 1, symbol: 0, refuse_common: true };

    const NAMES: ChangeNames = ChangeNames { current: "currentPassword", new: "newPassword" };

    /// The messages for a refused password change, on a route that requires twelve characters.
    fn refusals(body: Value) -> Vec<Value> {
        let Value::Object(entries) = body else { return Vec::new() };
        let broken = vec![Broken::MinLength("12".to_owned()).problem("newPassword")];
        let refused = PasswordChange::read(&POLICY, NAMES, Submitted { broken, ..entries.into() });
        let Err(AuthError::PasswordRefused { problems }) = refused else { panic!("it is not refused") };
        problems.into_iter().map(|problem| problem.message.into()).collect()
    }

    #[test]
    fn a_rule_of_the_route_is_reported_with_the_policy_and_replaces_its_length() {
        let messages = refusals(json!({ "currentPassword": "Correct-Horse-7", "newPassword": "short" }));
        let expected = [
            "'newPassword' must have at least 1 uppercase letter",
            "'newPassword' must have at least 1 digit",
            "'newPassword' must be at least 12 characters",
        ];
        assert_eq!(messages, expected);
    }

    #[test]
    fn a_missing_password_is_reported_before_any_rule() {
        let Value::Object(entries) = json!({ "newPassword": "short" }) else { unreachable!("an object") };
        let broken = vec![Problem::unknown_field("newPassword")];
        let refused = PasswordChange::read(&POLICY, NAMES, Submitted { broken, ..entries.into() });
        let Err(AuthError::PasswordsRequired { missing }) = refused else { panic!("it is not refused so") };
        assert_eq!(missing.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["currentPassword"]);
    }
}
