//! Reads the bodies of the surfaces. Most of them consist of a few texts.

use serde_json::{Map, Value};

use super::endpoint::Incoming;
use crate::auth::Auth;
use crate::auth::error::AuthError;
use crate::auth::password::required as is_required;
use crate::context::Context;
use crate::error::Problem;
use crate::http::{read_object, read_object_if_any};
use crate::model::input::{FromJson, Submitted, together};
use crate::text::upper_first;

/// The texts of a body by key.
pub(super) struct Texts(Map<String, Value>);

impl Texts {
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Takes the text of a required key.
    pub(super) fn take(&mut self, key: &str) -> String {
        self.optional(key).unwrap_or_default()
    }

    pub(super) fn optional(&mut self, key: &str) -> Option<String> {
        match self.0.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads the body as a model's input, with the problems that the rules of the route find.
pub(super) async fn submitted(
    ctx: &Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<Submitted, AuthError> {
    let body = read_object(incoming.request, &mut incoming.payload, ctx.core.app.body_limit).await?;
    Ok(auth.rules.judge(incoming.operation, body))
}

/// Reads a body of optional texts. The body itself may be missing.
pub(super) async fn texts_if_any(
    ctx: &Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
    optional: &[&str],
) -> Result<Texts, AuthError> {
    let body = read_object_if_any(incoming.request, &mut incoming.payload, ctx.core.app.body_limit).await?;
    read_texts(auth.rules.judge(incoming.operation, body), &[], optional)
}

/// Reads a body of texts.
pub(super) async fn texts(
    ctx: &Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
    required: &[&str],
    optional: &[&str],
) -> Result<Texts, AuthError> {
    read_texts(submitted(ctx, auth, incoming).await?, required, optional)
}

/// Checks that a body consists of the required and optional texts.
///
/// # Errors
/// 400 with every problem: required keys that are missing or empty, values that are not text, unknown keys, and broken
/// rules of the route.
fn read_texts(body: Submitted, required: &[&str], optional: &[&str]) -> Result<Texts, AuthError> {
    let Submitted { mut entries, broken, .. } = body;
    let absent = |value: &Value| value.is_null() || value.as_str().is_some_and(str::is_empty);
    entries.retain(|_, value| !absent(value));
    let mut found: Vec<Problem> =
        required.iter().filter(|key| !entries.contains_key(**key)).map(|key| is_required(key)).collect();
    for (key, value) in &entries {
        if !required.contains(&key.as_str()) && !optional.contains(&key.as_str()) {
            found.push(Problem::unknown_field(key));
        } else if let Err(mismatch) = String::from_json(value.clone()) {
            let code = format!("{}IsStringConstraint", upper_first(key));
            found.push(Problem { field: key.clone(), code, message: format!("'{key}' must be {}", mismatch.0) });
        }
    }
    let found = together(found, broken);
    if found.is_empty() { Ok(Texts(entries)) } else { Err(AuthError::invalid(found)) }
}
