//! The errors of the auth core. Each surface maps them to its own status codes and messages.

use crate::db::DbError;
use crate::error::{ApiError, Problem};

/// An error of the auth core. Kept small, because its size is also that of every `Result`.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// The identifier or the password is missing; `field` is the client's name of the identifier.
    MissingCredentials {
        field: String,
    },
    /// The `usernameField` of the query is not an identifier that may be used to log in.
    IdentifierNotAllowed,
    /// The account does not exist or is inactive, or the password is wrong. The client cannot distinguish these cases.
    IncorrectCredentials {
        field: String,
    },
    /// Too many wrong passwords.
    Locked,
    /// The password is right, but the address must be verified first.
    EmailNotVerified,
    IncorrectCurrentPassword,
    /// The current or the new password is missing; `missing` has one problem for each.
    PasswordsRequired {
        missing: Vec<Problem>,
    },
    /// The new password equals the current one; `field` is the client's name of the new one.
    SamePassword {
        field: &'static str,
    },
    /// The new password breaks the policy or a rule of the route, and the body has no other problem.
    PasswordRefused {
        problems: Vec<Problem>,
    },
    /// The password cannot be changed through this operation.
    PasswordNotHere,
    /// The account was deleted during the request.
    AccountGone,
    /// A one-time token or code that was never issued, was used, or was replaced.
    OneTimeToken,
    /// A one-time token or code that was issued but has expired.
    OneTimeTokenExpired,
    /// An invalid refresh token.
    RefreshToken,
    /// The account has no log-in with this id.
    NoSuchSession,
    /// The log-in of the request itself, which must be ended by logging out.
    CurrentSession,
    /// An error of another module or an interceptor, which is returned unchanged.
    Other(ApiError),
}

impl From<ApiError> for AuthError {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<DbError> for AuthError {
    fn from(error: DbError) -> Self {
        Self::Other(error.into())
    }
}

impl AuthError {
    /// 400 `InvalidRequestBody` with these problems.
    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        Self::Other(ApiError::invalid_body(problems))
    }
}

/// The errors of stage 3 for invalid credentials, on every route. Codes and messages are exactly the documented ones.
pub(crate) mod credential {
    use crate::error::ApiError;

    pub(crate) fn invalid() -> ApiError {
        ApiError::unauthorized("InvalidToken", "Invalid token. Please log in again!")
    }

    pub(crate) fn expired() -> ApiError {
        ApiError::unauthorized("ExpiredToken", "Your token has expired, Please log again!")
    }

    pub(crate) fn account_gone() -> ApiError {
        ApiError::unauthorized("UserNoLongerExists", "The user belonging to this token does no longer exists")
    }

    pub(crate) fn password_changed() -> ApiError {
        ApiError::unauthorized("PasswordChanged", "User recently changed password! Please log in again.")
    }
}
