//! The URIs that a mailed link may redirect to. The application lists them.

use crate::auth::Auth;
use crate::error::{ApiError, Problem};
use crate::meta::VerificationMethod;

/// The key of the URI to redirect to.
pub(super) const REDIRECT: &str = "redirectUri";

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
