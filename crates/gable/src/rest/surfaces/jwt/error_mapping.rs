//! The codes and messages of the jwt surface, exactly as documented.

use crate::auth::error::{AuthError, credential};
use crate::error::ApiError;

/// Maps an error of the core to the status, code and message of this surface.
pub(super) fn map_error(error: AuthError) -> ApiError {
    match error {
        AuthError::MissingCredentials { field } => {
            ApiError::bad_request("MissingCredentialFields", format!("Please provide both {field} and password"))
        }
        AuthError::IdentifierNotAllowed => ApiError::bad_request(
            "InvalidRequestQuery",
            "'usernameField' is not one of the fields that may be logged in with",
        ),
        AuthError::IncorrectCredentials { field } => {
            ApiError::unauthorized("IncorrectCredentials", format!("Incorrect {field} or password"))
        }
        AuthError::Locked => ApiError::new(423, "AccountLocked", "Too many failed attempts. Please try again later."),
        AuthError::EmailNotVerified => {
            ApiError::new(403, "EmailNotVerified", "Please verify your e-mail address before you log in")
        }
        // The misspelt code is the documented one. Clients depend on it.
        AuthError::IncorrectCurrentPassword => {
            ApiError::bad_request("IncorrentCurrentPassword", "Current password is incorrect")
        }
        AuthError::PasswordsRequired { .. } => {
            ApiError::bad_request("SameCurrentAndNewPassword", "currentPassword and newPassword are required")
        }
        AuthError::SamePassword { .. } => {
            ApiError::bad_request("SameCurrentAndNewPassword", "The new password must differ from the current one")
        }
        AuthError::PasswordRefused { problems } => {
            let message = problems.first().map_or("The new password is refused", |problem| problem.message.as_str());
            ApiError::bad_request("PasswordDoesNotMeetRequirements", message.to_owned()).with_problems(problems)
        }
        AuthError::PasswordNotHere => ApiError::bad_request(
            "InvalidFieldPassword",
            "The password cannot be changed here, please use update-password",
        ),
        AuthError::AccountGone => credential::account_gone(),
        AuthError::OneTimeToken | AuthError::RefreshToken => credential::invalid(),
        AuthError::OneTimeTokenExpired => credential::expired(),
        AuthError::NoSuchSession => ApiError::not_found("Session"),
        AuthError::CurrentSession => ApiError::bad_request("CurrentSession", "Please log out to end this session"),
        AuthError::Other(error) => error,
    }
}
