//! Imports accounts of another system together with their password hashes, so that nobody has to choose a new password.

use std::io::{BufRead, Read};
use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::Auth;
use super::account_columns::password_field;
use super::event::{Event, record};
use super::sign_up::{give_role, set_default_role};
use crate::access::{LoginMethod, Principal, Scope};
use crate::context::{Context, Core, Passwords};
use crate::crud;
use crate::error::ApiError;
use crate::meta::{AuthMode, PasswordPolicy};
use crate::model::Draft;
use crate::model::input::PlainPassword;
use crate::passwords::UnusableHash;
use crate::query::Model;

/// The key of the hash, which replaces the password field.
const HASH: &str = "passwordHash";
/// Maximum length of a line, in bytes.
const LINE: u64 = 1 << 20;

/// Why an import failed. Nothing was imported then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("cannot read: {0}")]
    Input(#[from] std::io::Error),
    #[error("line {line}: {refusal}")]
    Line { line: usize, refusal: Refusal },
    #[error("the database: {}", .0.message())]
    Database(ApiError),
}

/// Why an account is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("longer than {LINE} bytes")]
    TooLong,
    #[error("not a JSON object: {0}")]
    NotAnObject(String),
    #[error("'{HASH}' is required, a text")]
    NoHash,
    #[error("'{0}' is not taken here, '{HASH}' is")]
    PlainPassword(&'static str),
    #[error("'isSuperUser' is not imported; `superuser create` makes super users")]
    SuperUser,
    #[error("'{HASH}' cannot be verified: {0}")]
    Hash(UnusableHash),
    #[error("{}", .0.message())]
    Account(ApiError),
}

/// Creates one account for each line, which is a JSON object of its fields. All lines are imported in one transaction.
/// The accounts get the default role and no mail; the interceptors of the account model run. Returns the number of
/// accounts.
///
/// # Errors
/// The refusal of the first invalid line, a read error, or a database error.
pub(crate) async fn import_accounts(
    core: &Arc<Core>,
    auth: Option<&Auth>,
    input: impl BufRead,
) -> Result<usize, ImportError> {
    let auth = auth.ok_or_else(|| ImportError::Database(ApiError::internal("there are no accounts")))?;
    let mut ctx = Context::new(core, Principal::Anonymous, None);
    ctx.begin().await.map_err(ImportError::Database)?;
    let imported = import_all(&mut ctx, auth, Lines { input, line: 0 }).await;
    match imported {
        Ok(_) => ctx.commit().await.map_err(ImportError::Database)?,
        Err(_) => ctx.roll_back().await,
    }
    imported
}

async fn import_all(ctx: &mut Context<'_>, auth: &Auth, mut lines: Lines<impl BufRead>) -> Result<usize, ImportError> {
    let mut made = 0;
    while let Some(text) = lines.next()? {
        import(ctx, auth, &text).await.map_err(|refusal| ImportError::Line { line: lines.line, refusal })?;
        made += 1;
    }
    Ok(made)
}

struct Lines<I> {
    input: I,
    /// The number of the line that was read last, from 1.
    line: usize,
}

impl<I: BufRead> Lines<I> {
    /// Reads the next line that is not blank. Stops reading a line that is longer than `LINE` bytes and refuses it.
    fn next(&mut self) -> Result<Option<String>, ImportError> {
        loop {
            let mut text = String::new();
            let read = self.input.by_ref().take(LINE + 1).read_line(&mut text)?;
            self.line += 1;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 > LINE {
                return Err(ImportError::Line { line: self.line, refusal: Refusal::TooLong });
            }
            if !text.trim().is_empty() {
                return Ok(Some(text));
            }
        }
    }
}

async fn import(ctx: &mut Context<'_>, auth: &Auth, line: &str) -> Result<(), Refusal> {
    let fields: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| Refusal::NotAnObject(error.to_string()))?;
    let model = ctx.core.account_model().map_err(Refusal::Account)?;
    let fields = prepared(ctx, auth, model, fields)?;
    make(ctx, auth, model, fields).await.map_err(Refusal::Account)
}

/// The fields of the account, with a placeholder password instead of the hash. `ctx.write.passwords` maps the placeholder to
/// the hash, so it is not hashed again.
fn prepared(
    ctx: &mut Context<'_>,
    auth: &Auth,
    model: &Model,
    mut fields: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let password = password_field(model).map_err(Refusal::Account)?.name;
    if fields.contains_key(password) {
        return Err(Refusal::PlainPassword(password));
    }
    if fields.contains_key("isSuperUser") {
        return Err(Refusal::SuperUser);
    }
    let Some(Value::String(hash)) = fields.remove(HASH) else { return Err(Refusal::NoHash) };
    auth.hasher.check(&hash).map_err(Refusal::Hash)?;
    let placeholder = placeholder(&auth.meta.password);
    ctx.write.passwords = Passwords::known(PlainPassword::new(&placeholder), hash);
    fields.insert(password.to_owned(), placeholder.into());
    set_default_role(auth, model, &mut fields);
    Ok(fields)
}

async fn make(ctx: &mut Context<'_>, auth: &Auth, model: &Model, fields: Map<String, Value>) -> Result<(), ApiError> {
    let input = crud::read_create(ctx, model, Scope::system().write, fields)?;
    let account = crud::create_one(ctx, model, &Scope::system(), Draft::complete(input)).await?.record;
    let id = model.resource.id(account.as_ref());
    if let (AuthMode::Dynamic, Some(role)) = (auth.meta.mode, auth.meta.default_role) {
        give_role(ctx, id, role).await?;
    }
    record(ctx, Event::SignedUp, Some(id), LoginMethod::Console).await?;
    Ok(())
}

/// A random password that satisfies the policy. It is never stored.
fn placeholder(policy: &PasswordPolicy) -> String {
    let parts = [("A", policy.upper), ("a", policy.lower), ("1", policy.digit), ("!", policy.symbol)];
    let wanted: String = parts.into_iter().map(|(letter, count)| letter.repeat(count as usize)).collect();
    let least = (policy.min as usize).max(wanted.len());
    let random = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let length = (policy.max as usize).max(least).min(wanted.len() + random.len()).max(least);
    let padded = format!("{wanted}{random:x<length$}");
    padded.chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::input::password_problems;

    #[test]
    fn a_placeholder_satisfies_every_policy() {
        let refuse_common = true;
        for (min, max, each) in [(1, 72, 0), (8, 72, 1), (72, 72, 10), (20, 20, 5), (8, 8, 2), (70, 72, 3), (1, 5, 1)] {
            let policy =
                PasswordPolicy { min, max, upper: each, lower: each, digit: each, symbol: each, refuse_common };
            let made = placeholder(&policy);
            assert_eq!(password_problems(&policy, "password", &made), [], "{made}");
        }
    }
}
