//! Interceptors of the account operations, and of authentication and authorization.

use std::marker::PhantomData;

use super::HookTable;
use super::registry::{Slot, registrations};
use crate::access::Principal;
use crate::error::ApiError;
use crate::meta::AuthOperation;
use crate::model::Resource;

/// The two stages of every request that can be intercepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipeline {
    Authenticate,
    Authorize,
}

impl Slot for AuthOperation {
    fn place(self) -> usize {
        self as usize
    }
}

impl Slot for Pipeline {
    fn place(self) -> usize {
        AuthOperation::ALL.len() + self as usize
    }
}

/// A log-in, before its password is checked. See [`AuthHooks::before_login`].
#[derive(Debug)]
pub struct LoginAttempt {
    /// The key of the identifier in the request body: `username`, `email`.
    pub field: String,
    /// The value of the identifier.
    pub identifier: String,
}

/// A request for an e-mail to set a new password or to verify an address. It is not known yet whether the account
/// exists, and the response never reveals it. See [`AuthHooks::before_forgot_password`] and
/// [`AuthHooks::before_resend_verification`].
#[derive(Debug)]
pub struct RecoveryRequest {
    /// The identifier in the request: an e-mail address, or another identifier that the application accepts for
    /// log-ins.
    pub identifier: String,
}

/// A change of an account's e-mail address, before it is made. See [`AuthHooks::before_change_email`].
#[derive(Debug)]
pub struct EmailChange {
    /// The address as it will be stored.
    pub new_email: String,
}

/// A request before its credential is checked. If an interceptor sets the principal, for example from an API key or
/// another identity provider, the credential is not checked. See [`AuthHooks::before_authenticate`].
#[derive(Debug, Default)]
pub struct Authentication {
    /// The caller to continue with; `None` if the credential of the request is to be checked.
    pub principal: Option<Principal>,
}

/// A credential that was refused. If an interceptor sets the principal, for example a guest, the request continues
/// with it. See [`AuthHooks::on_authenticate_error`].
#[derive(Debug)]
pub struct AuthenticationFailure {
    /// The error of the refused credential, which is the response unless an interceptor sets `principal`.
    pub error: ApiError,
    /// The caller to continue with; `None` if the request fails with `error`.
    pub principal: Option<Principal>,
}

/// An authorization decision before it is made. An interceptor can refuse it, but cannot allow more than the
/// permissions do. See [`AuthHooks::before_authorize`].
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use api::User;
/// use gable::{ApiError, AuthHooks, Authorization, Context};
///
/// fn install(auth: &mut AuthHooks<User>) {
///     auth.before_authorize(no_deletions_by_scripts);
/// }
///
/// async fn no_deletions_by_scripts(ctx: &mut Context<'_>, asked: &mut Authorization) -> Result<(), ApiError> {
///     let is_script = ctx.user_agent().is_some_and(|agent| agent.starts_with("curl/"));
///     if asked.action == "Delete" && is_script { Err(ApiError::not_enough_permissions()) } else { Ok(()) }
/// }
/// ```
#[derive(Debug)]
pub struct Authorization {
    /// The resource of the permission: `post`.
    pub resource: &'static str,
    /// The action of the permission: `Update`.
    pub action: &'static str,
}

/// The interceptors of the operations of accounts, and of authentication and authorization; `R` is the account model.
///
/// Interceptors of operations run for every surface (`jwt`, `session`, `tokenPair`). Those of writes run in the
/// transaction of their operation, and an error rolls it back, including mail. `on_…_error` interceptors run after the
/// rollback, receive the error with the code and the message of the surface, and may change it or return another one.
/// The following have no transaction: `before_login`, `before_forgot_password`, `before_resend_verification`, and the
/// interceptors of reads, of authentication and of authorization.
///
/// Authentication and authorization precede every request: their interceptors may identify the caller, or refuse the
/// request, but cannot allow more than the permissions of that caller.
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use api::User;
/// use gable::{ApiError, AuthHooks, Authentication, Context, LoginAttempt};
///
/// fn install(auth: &mut AuthHooks<User>, robot: uuid::Uuid) {
///     auth.before_login(refuse_old_addresses).before_authenticate(
///         async move |ctx: &mut Context<'_>, request: &mut Authentication| {
///             // A real application compares keys in constant time.
///             if ctx.header("X-Api-Key") == Some("a key from the environment") {
///                 request.principal = Some(ctx.identify(robot).await?);
///             }
///             Ok(())
///         },
///     );
/// }
///
/// async fn refuse_old_addresses(_: &mut Context<'_>, attempt: &mut LoginAttempt) -> Result<(), ApiError> {
///     if attempt.identifier.ends_with("@old.example.com") {
///         return Err(ApiError::bad_request("AddressMoved", "Please log in with your new address"));
///     }
///     Ok(())
/// }
/// ```
pub struct AuthHooks<R> {
    table: HookTable,
    model: PhantomData<fn() -> R>,
}

impl<R> Default for AuthHooks<R> {
    fn default() -> Self {
        Self { table: HookTable::default(), model: PhantomData }
    }
}

impl<R: Resource> AuthHooks<R> {
    pub(crate) fn into_table(self) -> HookTable {
        self.table
    }

    registrations! {
        /// Runs before an account logs in. Receives the identifier; the password is not verified yet.
        before_login(AuthOperation::Login, Before): LoginAttempt;
        /// Runs after an account has logged in. Receives the account.
        after_login(AuthOperation::Login, After): R;
        /// Runs if a log-in failed.
        on_login_error(AuthOperation::Login, Error): ApiError;

        /// Runs before an account is created by a sign-up. Receives the validated input.
        before_signup(AuthOperation::Signup, Before): R::Create;
        /// Runs after an account was created by a sign-up. Receives the new account, which already has its default
        /// role.
        after_signup(AuthOperation::Signup, After): R;
        /// Runs if a sign-up failed.
        on_signup_error(AuthOperation::Signup, Error): ApiError;

        /// Runs before the log-in of the request ends.
        before_logout(AuthOperation::Logout, Before): ();
        /// Runs after the log-in of the request has ended.
        after_logout(AuthOperation::Logout, After): ();
        /// Runs if a log-out failed.
        on_logout_error(AuthOperation::Logout, Error): ApiError;

        /// Runs before all log-ins of the account end.
        before_logout_all(AuthOperation::LogoutAll, Before): ();
        /// Runs after all log-ins of the account have ended.
        after_logout_all(AuthOperation::LogoutAll, After): ();
        /// Runs if ending all log-ins failed.
        on_logout_all_error(AuthOperation::LogoutAll, Error): ApiError;

        /// Runs before an account changes its password. The current password was verified, and the new one satisfies
        /// the policy.
        before_update_password(AuthOperation::UpdatePassword, Before): ();
        /// Runs after an account has changed its password. Receives the account.
        after_update_password(AuthOperation::UpdatePassword, After): R;
        /// Runs if a change of a password failed.
        on_update_password_error(AuthOperation::UpdatePassword, Error): ApiError;

        /// Runs before a mail for a forgotten password is written. Receives the identifier of the request.
        before_forgot_password(AuthOperation::ForgotPassword, Before): RecoveryRequest;
        /// Runs after a mail for a forgotten password was requested. Receives the identifier of the request. Runs
        /// alike for known and unknown accounts.
        after_forgot_password(AuthOperation::ForgotPassword, After): RecoveryRequest;
        /// Runs if a request for a mail for a forgotten password failed.
        on_forgot_password_error(AuthOperation::ForgotPassword, Error): ApiError;

        /// Runs before a new password is set with a mailed token. The token is valid, and the new password satisfies
        /// the policy.
        before_reset_password(AuthOperation::ResetPassword, Before): ();
        /// Runs after a new password was set with a mailed token. Receives the account.
        after_reset_password(AuthOperation::ResetPassword, After): R;
        /// Runs if setting a new password with a mailed token failed.
        on_reset_password_error(AuthOperation::ResetPassword, Error): ApiError;

        /// Runs before an address is verified with a mailed token or code. The token or code is valid.
        before_verify_email(AuthOperation::VerifyEmail, Before): ();
        /// Runs after an address was verified with a mailed token or code. Receives the account.
        after_verify_email(AuthOperation::VerifyEmail, After): R;
        /// Runs if the verification of an address failed.
        on_verify_email_error(AuthOperation::VerifyEmail, Error): ApiError;

        /// Runs before another verification mail is written. Receives the identifier of the request.
        before_resend_verification(AuthOperation::ResendVerification, Before): RecoveryRequest;
        /// Runs after another verification mail was requested. Receives the identifier of the request. Runs alike for
        /// known and unknown accounts.
        after_resend_verification(AuthOperation::ResendVerification, After): RecoveryRequest;
        /// Runs if a request for another verification mail failed.
        on_resend_verification_error(AuthOperation::ResendVerification, Error): ApiError;

        /// Runs before the address of an account changes. Receives the new address.
        before_change_email(AuthOperation::ChangeEmail, Before): EmailChange;
        /// Runs after a change of the address was made or requested. Receives the account, which already has its new
        /// address unless that must be confirmed first.
        after_change_email(AuthOperation::ChangeEmail, After): R;
        /// Runs if a change of the address failed.
        on_change_email_error(AuthOperation::ChangeEmail, Error): ApiError;

        /// Runs before a token pair is renewed. The refresh token is valid.
        before_renew(AuthOperation::Renew, Before): ();
        /// Runs after a token pair was renewed.
        after_renew(AuthOperation::Renew, After): ();
        /// Runs if renewing a token pair failed.
        on_renew_error(AuthOperation::Renew, Error): ApiError;

        /// Runs before an account reads its own row.
        before_get_me(AuthOperation::GetMe, Before): ();
        /// Runs after an account has read its own row. Receives the account.
        after_get_me(AuthOperation::GetMe, After): R;
        /// Runs if reading the own account failed.
        on_get_me_error(AuthOperation::GetMe, Error): ApiError;

        /// Runs before an account changes its own row. Receives the validated input.
        before_update_me(AuthOperation::UpdateMe, Before): R::Update;
        /// Runs after an account has changed its own row. Receives the account.
        after_update_me(AuthOperation::UpdateMe, After): R;
        /// Runs if a change of the own account failed.
        on_update_me_error(AuthOperation::UpdateMe, Error): ApiError;

        /// Runs before an account deletes itself.
        before_delete_me(AuthOperation::DeleteMe, Before): ();
        /// Runs after an account has deleted itself.
        after_delete_me(AuthOperation::DeleteMe, After): ();
        /// Runs if deleting the own account failed.
        on_delete_me_error(AuthOperation::DeleteMe, Error): ApiError;

        /// Runs before an account lists its log-ins.
        before_list_sessions(AuthOperation::ListSessions, Before): ();
        /// Runs after an account has listed its log-ins.
        after_list_sessions(AuthOperation::ListSessions, After): ();
        /// Runs if listing log-ins failed.
        on_list_sessions_error(AuthOperation::ListSessions, Error): ApiError;

        /// Runs before an account ends one of its log-ins.
        before_revoke_session(AuthOperation::RevokeSession, Before): ();
        /// Runs after an account has ended one of its log-ins.
        after_revoke_session(AuthOperation::RevokeSession, After): ();
        /// Runs if ending a log-in failed.
        on_revoke_session_error(AuthOperation::RevokeSession, Error): ApiError;

        /// Runs before an account reads the history of its log-ins.
        before_login_history(AuthOperation::LoginHistory, Before): ();
        /// Runs after an account has read the history of its log-ins.
        after_login_history(AuthOperation::LoginHistory, After): ();
        /// Runs if reading the history of log-ins failed.
        on_login_history_error(AuthOperation::LoginHistory, Error): ApiError;

        /// Runs before the credential of the request is checked. May set the principal, from any part of the request;
        /// then the credential is not checked.
        before_authenticate(Pipeline::Authenticate, Before): Authentication;
        /// Runs after the caller was determined. Receives the principal, including anonymous callers.
        after_authenticate(Pipeline::Authenticate, After): Principal;
        /// Runs after a credential was refused. May set a principal with which the request continues.
        on_authenticate_error(Pipeline::Authenticate, Error): AuthenticationFailure;

        /// Runs before a permission is checked. May refuse more than the permissions do. Runs for the action of the
        /// request, and once for every action on another model that its body nests.
        before_authorize(Pipeline::Authorize, Before): Authorization;
        /// Runs after a permission was found to suffice. May refuse the request.
        after_authorize(Pipeline::Authorize, After): Authorization;
        /// Runs after a permission was missing. May change the error, or return another one.
        on_authorize_error(Pipeline::Authorize, Error): ApiError;
    }
}
