//! Reads the bodies that create or change an account, whose fields are in `userData`, as clients of Conduit send them,
//! or at the top level; and the URIs that mailed links redirect to.

use serde_json::{Map, Value};

use crate::auth::Auth;
use crate::auth::error::AuthError;
use crate::auth::password::required;
use crate::context::Context;
use crate::error::{ApiError, Problem};
use crate::http::read_object;
use crate::meta::VerificationMethod;
use crate::model::input::Submitted;
use crate::rest::surfaces::endpoint::Incoming;

/// The key of the URI to redirect to.
pub(super) const REDIRECT: &str = "redirectUri";
const USER_DATA: &str = "userData";
/// Keys that are not allowed in `userData`: they belong at the top level, or have a separate route.
const CREDENTIALS: [&str; 2] = ["email", "password"];

/// The body of a sign-up: the fields of the account, and the redirect of the mailed link.
pub(super) struct NewUser {
    pub(super) fields: Submitted,
    pub(super) redirect: Option<String>,
}

pub(super) async fn read_new(
    ctx: &Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<NewUser, AuthError> {
    let mut body = read_object(incoming.request, &mut incoming.payload, ctx.core.app.body_limit).await?;
    let mut problems = Vec::new();
    let redirect = take_redirect(&mut body, &mut problems);
    unfold(&mut body, &mut problems);
    Ok(NewUser { fields: judged(auth, incoming, body, problems), redirect })
}

/// Reads changes of the caller's own account. The e-mail address has a separate route, since a new one may have to be
/// confirmed.
pub(super) async fn read_changes(
    ctx: &Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<Submitted, AuthError> {
    let mut body = read_object(incoming.request, &mut incoming.payload, ctx.core.app.body_limit).await?;
    if body.get(USER_DATA).is_none_or(Value::is_null) && body.keys().all(|key| key == USER_DATA) {
        return Err(AuthError::invalid(vec![required(USER_DATA)]));
    }
    let mut problems = Vec::new();
    unfold(&mut body, &mut problems);
    if body.remove("email").is_some() {
        problems.push(misplaced("email", "'email' cannot be changed here, please use change-email"));
    }
    Ok(judged(auth, incoming, body, problems))
}

/// Adds the problems that the rules of the route and this surface have found, to be reported with those of the fields.
fn judged(auth: &Auth, incoming: &Incoming<'_>, body: Map<String, Value>, problems: Vec<Problem>) -> Submitted {
    let mut fields = auth.rules.judge(incoming.operation, body);
    fields.broken.extend(problems);
    fields
}

fn take_redirect(body: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<String> {
    match body.remove(REDIRECT)? {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        _ => {
            problems.push(Problem {
                field: REDIRECT.to_owned(),
                code: "RedirectUriTypeConstraint".to_owned(),
                message: format!("'{REDIRECT}' must be a text"),
            });
            None
        }
    }
}

/// Moves the fields in `userData` to the top level. A key that is in both places is a problem, since it is ambiguous.
fn unfold(body: &mut Map<String, Value>, problems: &mut Vec<Problem>) {
    let data = match body.remove(USER_DATA) {
        None | Some(Value::Null) => return,
        Some(Value::Object(data)) => data,
        Some(_) => {
            problems.push(Problem {
                field: USER_DATA.to_owned(),
                code: "UserDataTypeConstraint".to_owned(),
                message: format!("'{USER_DATA}' must be an object"),
            });
            return;
        }
    };
    for (key, value) in data {
        if CREDENTIALS.contains(&key.as_str()) {
            problems.push(misplaced(&key, &format!("'{key}' does not belong into '{USER_DATA}'")));
        } else if body.contains_key(&key) {
            problems.push(misplaced(&key, &format!("'{key}' is given both inside and outside '{USER_DATA}'")));
        } else {
            body.insert(key, value);
        }
    }
}

fn misplaced(key: &str, message: &str) -> Problem {
    Problem { field: key.to_owned(), code: "Misplaced".to_owned(), message: message.to_owned() }
}

/// Checks a redirect against the URIs that the application lists. They must be equal: looser comparisons lead to open
/// redirects.
///
/// # Errors
/// 400 for a URI that is not listed.
pub(super) fn redirect(auth: &Auth, wanted: Option<String>) -> Result<Option<&'static str>, ApiError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let known = auth.meta.token_pair.redirects.iter().copied().find(|known| *known == wanted);
    known
        .map(Some)
        .ok_or_else(|| refused("RedirectNotAllowed", "is not one of the addresses that this application redirects to"))
}

/// Like `redirect`, for a mail that verifies an address. If the application mails codes, there is no link that could
/// redirect.
///
/// # Errors
/// 400 for a URI that is not listed, or for any URI if codes are mailed.
pub(super) fn redirect_of_verification(auth: &Auth, wanted: Option<String>) -> Result<Option<&'static str>, ApiError> {
    match (redirect(auth, wanted)?, auth.meta.email_verification.method) {
        (Some(_), VerificationMethod::Code) => {
            Err(refused("RedirectUnused", "leads nowhere: this application mails codes, not links"))
        }
        (redirect, _) => Ok(redirect),
    }
}

fn refused(code: &str, why: &str) -> ApiError {
    ApiError::invalid_body(vec![Problem {
        field: REDIRECT.to_owned(),
        code: code.to_owned(),
        message: format!("'{REDIRECT}' {why}"),
    }])
}
