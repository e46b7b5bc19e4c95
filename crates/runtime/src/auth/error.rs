//! Why the core refuses. A surface puts each reason into its own words; nothing here knows a status code.

use crate::db::DbError;
use crate::http::ApiError;
use crate::input::Problem;

/// Small, so that a `Result` that went well stays so.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// What identifies an account, or its password, was not sent; `field` is what the client calls the identifier.
    MissingCredentials {
        field: String,
    },
    /// No identifier of this name may be logged in with.
    IdentifierNotAllowed,
    /// No such account, a wrong password, or an account that may not act: never told apart.
    IncorrectCredentials {
        field: String,
    },
    /// Too many wrong passwords.
    Locked,
    /// The password is right, but the address must be verified first.
    EmailNotVerified,
    IncorrectCurrentPassword,
    /// A change of password lacks one of the two; `missing` names them.
    PasswordsRequired {
        missing: Vec<Problem>,
    },
    /// The new password is the current one; `field` is what the client calls the new one.
    SamePassword {
        field: &'static str,
    },
    /// The new password breaks the policy or a rule of the route, and nothing else is wrong with the body.
    PasswordRefused {
        problems: Vec<Problem>,
    },
    /// A password does not change on this way.
    PasswordNotHere,
    /// The account went away meanwhile.
    AccountGone,
    /// A one-time token or code that was never made, was used, or was replaced.
    OneTimeToken,
    /// A one-time token or code that was mailed and not used in time.
    OneTimeTokenExpired,
    /// A refresh token that does not hold.
    RefreshToken,
    /// There is no such log-in of this account.
    NoSuchSession,
    /// The log-in that the request came by does not end as one of the others do.
    CurrentSession,
    /// Said already, by another room or by an interceptor.
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
    /// A body with problems.
    pub(super) fn invalid(problems: Vec<Problem>) -> Self {
        Self::Other(ApiError::invalid_body(problems))
    }
}

/// What stage 3 answers to a credential that does not hold, on whatever route: the documented codes, to the letter.
pub(crate) mod credential {
    use crate::http::ApiError;

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
