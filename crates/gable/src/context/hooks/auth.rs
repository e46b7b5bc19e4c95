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

/// A log-in, before its password is checked.
#[derive(Debug)]
pub struct LoginAttempt {
    /// The key of the identifier in the request body: `username`, `email`.
    pub field: String,
    /// The value of the identifier.
    pub identifier: String,
}

/// A request for an e-mail to set a new password or to verify an address. It is not known yet whether the account
/// exists, and the response never reveals it.
#[derive(Debug)]
pub struct RecoveryRequest {
    /// The identifier in the request: an e-mail address, or another identifier that the application accepts for
    /// log-ins.
    pub identifier: String,
}

/// A change of an account's e-mail address, before it is made.
#[derive(Debug)]
pub struct EmailChange {
    /// The address as it will be stored.
    pub new_email: String,
}

/// A request before its credential is checked. If an interceptor sets the principal, for example from an API key or
/// another identity provider, the credential is not checked.
#[derive(Debug, Default)]
pub struct Authentication {
    pub principal: Option<Principal>,
}

/// A credential that was refused. If an interceptor sets the principal, for example a guest, the request continues
/// with it.
#[derive(Debug)]
pub struct AuthenticationFailure {
    pub error: ApiError,
    pub principal: Option<Principal>,
}

/// An authorization decision before it is made. An interceptor can refuse it, but cannot allow more than the
/// permissions do.
#[derive(Debug)]
pub struct Authorization {
    /// `post`
    pub resource: &'static str,
    /// `Update`
    pub action: &'static str,
}

/// The interceptors of the account operations; `R` is the account model.
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
        before_login(AuthOperation::Login, Before): LoginAttempt;
        /// Receives the account.
        after_login(AuthOperation::Login, After): R;
        on_login_error(AuthOperation::Login, Error): ApiError;

        /// Receives the validated input; runs in the transaction that writes it.
        before_signup(AuthOperation::Signup, Before): R::Create;
        /// Receives the new account, with its default role.
        after_signup(AuthOperation::Signup, After): R;
        on_signup_error(AuthOperation::Signup, Error): ApiError;

        before_logout(AuthOperation::Logout, Before): ();
        after_logout(AuthOperation::Logout, After): ();
        on_logout_error(AuthOperation::Logout, Error): ApiError;

        before_logout_all(AuthOperation::LogoutAll, Before): ();
        after_logout_all(AuthOperation::LogoutAll, After): ();
        on_logout_all_error(AuthOperation::LogoutAll, Error): ApiError;

        /// The current password was verified, and the new one satisfies the policy.
        before_update_password(AuthOperation::UpdatePassword, Before): ();
        /// Receives the account.
        after_update_password(AuthOperation::UpdatePassword, After): R;
        on_update_password_error(AuthOperation::UpdatePassword, Error): ApiError;

        before_forgot_password(AuthOperation::ForgotPassword, Before): RecoveryRequest;
        /// Runs alike for known and unknown accounts.
        after_forgot_password(AuthOperation::ForgotPassword, After): RecoveryRequest;
        on_forgot_password_error(AuthOperation::ForgotPassword, Error): ApiError;

        /// The token holds, and the new password satisfies the policy.
        before_reset_password(AuthOperation::ResetPassword, Before): ();
        /// Receives the account.
        after_reset_password(AuthOperation::ResetPassword, After): R;
        on_reset_password_error(AuthOperation::ResetPassword, Error): ApiError;

        /// The token or the code holds.
        before_verify_email(AuthOperation::VerifyEmail, Before): ();
        /// Receives the account.
        after_verify_email(AuthOperation::VerifyEmail, After): R;
        on_verify_email_error(AuthOperation::VerifyEmail, Error): ApiError;

        before_resend_verification(AuthOperation::ResendVerification, Before): RecoveryRequest;
        /// Runs alike for known and unknown accounts.
        after_resend_verification(AuthOperation::ResendVerification, After): RecoveryRequest;
        on_resend_verification_error(AuthOperation::ResendVerification, Error): ApiError;

        before_change_email(AuthOperation::ChangeEmail, Before): EmailChange;
        /// Receives the account, which already has its new address unless that must be confirmed first.
        after_change_email(AuthOperation::ChangeEmail, After): R;
        on_change_email_error(AuthOperation::ChangeEmail, Error): ApiError;

        /// The refresh token holds.
        before_renew(AuthOperation::Renew, Before): ();
        after_renew(AuthOperation::Renew, After): ();
        on_renew_error(AuthOperation::Renew, Error): ApiError;

        before_get_me(AuthOperation::GetMe, Before): ();
        /// Receives the account.
        after_get_me(AuthOperation::GetMe, After): R;
        on_get_me_error(AuthOperation::GetMe, Error): ApiError;

        /// Receives the validated input.
        before_update_me(AuthOperation::UpdateMe, Before): R::Update;
        /// Receives the account.
        after_update_me(AuthOperation::UpdateMe, After): R;
        on_update_me_error(AuthOperation::UpdateMe, Error): ApiError;

        before_delete_me(AuthOperation::DeleteMe, Before): ();
        after_delete_me(AuthOperation::DeleteMe, After): ();
        on_delete_me_error(AuthOperation::DeleteMe, Error): ApiError;

        before_list_sessions(AuthOperation::ListSessions, Before): ();
        after_list_sessions(AuthOperation::ListSessions, After): ();
        on_list_sessions_error(AuthOperation::ListSessions, Error): ApiError;

        before_revoke_session(AuthOperation::RevokeSession, Before): ();
        after_revoke_session(AuthOperation::RevokeSession, After): ();
        on_revoke_session_error(AuthOperation::RevokeSession, Error): ApiError;

        before_login_history(AuthOperation::LoginHistory, Before): ();
        after_login_history(AuthOperation::LoginHistory, After): ();
        on_login_history_error(AuthOperation::LoginHistory, Error): ApiError;

        /// May set the principal, from any part of the request.
        before_authenticate(Pipeline::Authenticate, Before): Authentication;
        /// Receives the principal, including anonymous callers.
        after_authenticate(Pipeline::Authenticate, After): Principal;
        /// Runs after a credential was refused. May set a principal with which the request continues.
        on_authenticate_error(Pipeline::Authenticate, Error): AuthenticationFailure;

        /// May refuse more than the permissions do. Runs for the action of the request, and once for every action on
        /// another model that its body nests.
        before_authorize(Pipeline::Authorize, Before): Authorization;
        after_authorize(Pipeline::Authorize, After): Authorization;
        /// Runs after a permission was missing. May log or reword the error.
        on_authorize_error(Pipeline::Authorize, Error): ApiError;
    }
}
