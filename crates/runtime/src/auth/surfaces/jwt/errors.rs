//! The documented codes and messages, to the letter.

use crate::http::ApiError;

pub(crate) fn invalid_token() -> ApiError {
    ApiError::unauthorized("InvalidToken", "Invalid token. Please log in again!")
}

pub(crate) fn expired_token() -> ApiError {
    ApiError::unauthorized("ExpiredToken", "Your token has expired, Please log again!")
}

pub(crate) fn user_no_longer_exists() -> ApiError {
    ApiError::unauthorized("UserNoLongerExists", "The user belonging to this token does no longer exists")
}

pub(crate) fn password_changed() -> ApiError {
    ApiError::unauthorized("PasswordChanged", "User recently changed password! Please log in again.")
}

pub(crate) fn missing_credential_fields(field: &str) -> ApiError {
    ApiError::bad_request("MissingCredentialFields", format!("Please provide both {field} and password"))
}

pub(crate) fn incorrect_credentials(field: &str) -> ApiError {
    ApiError::unauthorized("IncorrectCredentials", format!("Incorrect {field} or password"))
}

pub(crate) fn username_field_not_allowed() -> ApiError {
    ApiError::bad_request("InvalidRequestQuery", "'usernameField' is not one of the fields that may be logged in with")
}

pub(crate) fn invalid_field_password() -> ApiError {
    ApiError::bad_request("InvalidFieldPassword", "The password cannot be changed here, please use update-password")
}

pub(crate) fn account_locked() -> ApiError {
    ApiError::new(423, "AccountLocked", "Too many failed attempts. Please try again later.")
}

pub(crate) fn passwords_required() -> ApiError {
    ApiError::bad_request("SameCurrentAndNewPassword", "currentPassword and newPassword are required")
}

pub(crate) fn same_password() -> ApiError {
    ApiError::bad_request("SameCurrentAndNewPassword", "The new password must differ from the current one")
}

/// The code is spelt as documented: clients match on it.
pub(crate) fn incorrect_current_password() -> ApiError {
    ApiError::bad_request("IncorrentCurrentPassword", "Current password is incorrect")
}
