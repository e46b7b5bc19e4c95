//! Interceptors of what accounts do, and of the two stages that decide who may do anything.

use std::marker::PhantomData;

use super::HookTable;
use super::registry::{Slot, registrations};
use crate::access::Principal;
use crate::app_meta::AuthOperation;
use crate::http::ApiError;
use crate::resource::Resource;

/// The two stages that every request passes.
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

/// A log-in before its password is looked at.
#[derive(Debug)]
pub struct LoginAttempt {
    /// What the client calls the identifier: `username`, `email`.
    pub field: String,
    /// What was typed for it.
    pub identifier: String,
}

/// Somebody who cannot log in asks for a mail: to set a new password, or to verify an address. Whether there is such an
/// account is not known yet, and is never told.
#[derive(Debug)]
pub struct RecoveryRequest {
    /// What was typed: an e-mail address, or another identifier that the application logs in with.
    pub identifier: String,
}

/// An account is about to get another e-mail address.
#[derive(Debug)]
pub struct EmailChange {
    /// As it will be stored.
    pub new_email: String,
}

/// A request before its credential is looked at. With a principal in it, the credential is not looked at: an API key,
/// or another identity provider, has said who it is.
#[derive(Debug, Default)]
pub struct Authentication {
    pub principal: Option<Principal>,
}

/// A credential that was refused. With a principal in it, the request goes on as that one: a guest, for example.
#[derive(Debug)]
pub struct AuthenticationFailure {
    pub error: ApiError,
    pub principal: Option<Principal>,
}

/// What is about to be allowed or refused; it can be refused here, but not allowed.
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
        /// Given the account.
        after_login(AuthOperation::Login, After): R;
        on_login_error(AuthOperation::Login, Error): ApiError;

        /// Given the validated input, in the transaction that writes it.
        before_signup(AuthOperation::Signup, Before): R::Create;
        /// Given the new account, with its default role.
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
        /// Given the account.
        after_update_password(AuthOperation::UpdatePassword, After): R;
        on_update_password_error(AuthOperation::UpdatePassword, Error): ApiError;

        before_forgot_password(AuthOperation::ForgotPassword, Before): RecoveryRequest;
        /// Runs alike for known and unknown accounts.
        after_forgot_password(AuthOperation::ForgotPassword, After): RecoveryRequest;
        on_forgot_password_error(AuthOperation::ForgotPassword, Error): ApiError;

        /// The token holds, and the new password satisfies the policy.
        before_reset_password(AuthOperation::ResetPassword, Before): ();
        /// Given the account.
        after_reset_password(AuthOperation::ResetPassword, After): R;
        on_reset_password_error(AuthOperation::ResetPassword, Error): ApiError;

        /// The token or the code holds.
        before_verify_email(AuthOperation::VerifyEmail, Before): ();
        /// Given the account.
        after_verify_email(AuthOperation::VerifyEmail, After): R;
        on_verify_email_error(AuthOperation::VerifyEmail, Error): ApiError;

        before_resend_verification(AuthOperation::ResendVerification, Before): RecoveryRequest;
        /// Runs alike for known and unknown accounts.
        after_resend_verification(AuthOperation::ResendVerification, After): RecoveryRequest;
        on_resend_verification_error(AuthOperation::ResendVerification, Error): ApiError;

        before_change_email(AuthOperation::ChangeEmail, Before): EmailChange;
        /// Given the account; it has its new address already, unless that must be confirmed first.
        after_change_email(AuthOperation::ChangeEmail, After): R;
        on_change_email_error(AuthOperation::ChangeEmail, Error): ApiError;

        /// The refresh token holds.
        before_renew(AuthOperation::Renew, Before): ();
        after_renew(AuthOperation::Renew, After): ();
        on_renew_error(AuthOperation::Renew, Error): ApiError;

        before_get_me(AuthOperation::GetMe, Before): ();
        /// Given the account.
        after_get_me(AuthOperation::GetMe, After): R;
        on_get_me_error(AuthOperation::GetMe, Error): ApiError;

        /// Given the validated input.
        before_update_me(AuthOperation::UpdateMe, Before): R::Update;
        /// Given the account.
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

        /// May say who asks, from whatever the request carries.
        before_authenticate(Pipeline::Authenticate, Before): Authentication;
        /// Given who asks, anonymous callers too.
        after_authenticate(Pipeline::Authenticate, After): Principal;
        /// A credential did not hold. May let the request go on as somebody.
        on_authenticate_error(Pipeline::Authenticate, Error): AuthenticationFailure;

        /// May refuse more than the permissions do. Runs for what a request is about, and once for every action on another
        /// model that its body nests.
        before_authorize(Pipeline::Authorize, Before): Authorization;
        after_authorize(Pipeline::Authorize, After): Authorization;
        /// A permission was missing. May log or reword the refusal.
        on_authorize_error(Pipeline::Authorize, Error): ApiError;
    }
}
