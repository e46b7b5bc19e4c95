//! Where the link of a mail may lead in the end: to one of the URIs that the application names.

use crate::app_meta::VerificationMethod;
use crate::auth::Auth;
use crate::http::ApiError;
use crate::input::Problem;

/// Where a browser is to go in the end.
pub(super) const REDIRECT: &str = "redirectUri";

/// One of the URIs that the application names, compared to the letter: anything looser has been an open redirect
/// somewhere.
///
/// # Errors
/// 400 for every other one.
pub(super) fn redirect(auth: &Auth, wanted: Option<String>) -> Result<Option<&'static str>, ApiError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let known = auth.meta.token_pair.redirects.iter().copied().find(|known| *known == wanted);
    known
        .map(Some)
        .ok_or_else(|| refused("RedirectNotAllowed", "is not one of the addresses that this application redirects to"))
}

/// Like `redirect`, for a mail that verifies an address: where that mail holds a code, it has no link that could lead
/// anywhere.
///
/// # Errors
/// 400 for a URI that is not named, or that would be of no use.
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
