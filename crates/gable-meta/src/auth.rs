//! Choices of `auth:` in `app.yaml`, and the operations of accounts.

use serde::Serialize;

/// Where roles and permissions are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AuthMode {
    /// In tables, which are filled from the YAML once.
    Dynamic,
    /// In the YAML alone.
    Static,
}

/// A wire format for authentication, with paths, bodies, codes and credentials of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Surface {
    /// A signed token, in a header or a cookie.
    Jwt,
    /// An opaque cookie.
    Session,
    /// A short-lived access token and a refresh token.
    TokenPair,
}

/// How the `jwt` surface sends a token to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum TokenDelivery {
    /// In the body and in a cookie.
    Both,
    /// In a cookie.
    CookieOnly,
    /// In the body.
    ResponseOnly,
}

/// The `SameSite` attribute of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum SameSite {
    /// `Lax`
    Lax,
    /// `Strict`
    Strict,
    /// `None`
    None,
}

/// The content of a verification mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum VerificationMethod {
    /// A link to a page.
    Link,
    /// A code to be typed.
    Code,
}

/// An operation of accounts, which surfaces assign to paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AuthOperation {
    /// Opens a log-in with an identifier and a password.
    Login,
    /// Creates an account.
    Signup,
    /// Ends the log-in of the request.
    Logout,
    /// Ends all log-ins of the account.
    LogoutAll,
    /// Sets a new password with the current one.
    UpdatePassword,
    /// Requests a mail with a token for a new password.
    ForgotPassword,
    /// Sets a new password with a mailed token.
    ResetPassword,
    /// Verifies an address with a mailed token or code.
    VerifyEmail,
    /// Requests another verification mail.
    ResendVerification,
    /// Changes the address of the account.
    ChangeEmail,
    /// Replaces a token pair.
    Renew,
    /// Reads the own account.
    GetMe,
    /// Updates the own account.
    UpdateMe,
    /// Deletes the own account.
    DeleteMe,
    /// Lists the log-ins of the account.
    ListSessions,
    /// Ends one log-in of the account.
    RevokeSession,
    /// Lists past attempts to log in to the account.
    LoginHistory,
}

impl AuthOperation {
    /// All operations, in the order of the documentation.
    pub const ALL: [AuthOperation; 17] = [
        AuthOperation::Login,
        AuthOperation::Signup,
        AuthOperation::Logout,
        AuthOperation::LogoutAll,
        AuthOperation::UpdatePassword,
        AuthOperation::ForgotPassword,
        AuthOperation::ResetPassword,
        AuthOperation::VerifyEmail,
        AuthOperation::ResendVerification,
        AuthOperation::ChangeEmail,
        AuthOperation::Renew,
        AuthOperation::GetMe,
        AuthOperation::UpdateMe,
        AuthOperation::DeleteMe,
        AuthOperation::ListSessions,
        AuthOperation::RevokeSession,
        AuthOperation::LoginHistory,
    ];

    /// Returns true for operations by which an account reads or writes its own data. By default, only the global
    /// limit counts them.
    pub fn is_own_page(self) -> bool {
        use AuthOperation::{DeleteMe, GetMe, ListSessions, LoginHistory, RevokeSession, UpdateMe};
        matches!(self, GetMe | UpdateMe | DeleteMe | ListSessions | RevokeSession | LoginHistory)
    }
}
