//! Requests and responses of the session surface.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;

use super::reports;
use super::responses::success;
use crate::access::LoginMethod;
use crate::auth::account::{get_me, log_out, log_out_everywhere, update_me};
use crate::auth::authenticate::{clear_session_cookie, of_session, session_cookie};
use crate::auth::error::AuthError;
use crate::auth::issued_credential::IssuedCredential;
use crate::auth::login::{Credentials, log_in};
use crate::auth::password::{ChangeNames, PasswordChange, change_password};
use crate::auth::recovery::{Reset, ResetNames, forgot_password, reset_password};
use crate::auth::session::revoke_session;
use crate::auth::sign_up::sign_up;
use crate::auth::verification::{Proof, resend_own_verification, resend_verification, verify_email};
use crate::auth::{Auth, recovery};
use crate::context::Context;
use crate::error::{ApiError, Problem};
use crate::meta::{AuthOperation, VerificationMethod};
use crate::model::input::Submitted;
use crate::model::{Id, Names};
use crate::query::{no_parameters, parameters};
use crate::rest::surfaces::body::{submitted, texts, texts_if_any};
use crate::rest::surfaces::endpoint::Incoming;
use crate::rest::surfaces::response_parts::own_view;

/// The account fields that this surface renames, as (field, name).
const NAMES: Names = &[("id", "_id")];

pub(super) async fn run(
    ctx: &mut Context<'_>,
    auth: &Auth,
    mut incoming: Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    if !takes_parameters(&incoming) {
        no_parameters(incoming.request.query_string())?;
    }
    match incoming.operation {
        AuthOperation::Signup => register(ctx, auth, &mut incoming).await,
        AuthOperation::Login => login(ctx, auth, &mut incoming).await,
        AuthOperation::Logout => {
            log_out(ctx, LoginMethod::Session).await?;
            logged_out(ctx, auth)
        }
        AuthOperation::LogoutAll => {
            log_out_everywhere(ctx, LoginMethod::Session).await?;
            logged_out(ctx, auth)
        }
        AuthOperation::GetMe => {
            let me = get_me(ctx).await?;
            Ok(success(StatusCode::OK, "Profile retrieved successfully", own_view(ctx, me.as_ref(), NAMES, None)?)?)
        }
        AuthOperation::UpdateMe => update_profile(ctx, auth, &mut incoming).await,
        AuthOperation::UpdatePassword => update_password(ctx, auth, &mut incoming).await,
        AuthOperation::ForgotPassword => forgot(ctx, auth, &mut incoming).await,
        AuthOperation::ResetPassword => reset(ctx, auth, &mut incoming).await,
        AuthOperation::VerifyEmail => verify(ctx, auth, &mut incoming).await,
        AuthOperation::ResendVerification => resend(ctx, auth, &mut incoming).await,
        AuthOperation::ListSessions => reports::sessions(ctx).await,
        AuthOperation::LoginHistory => reports::history(ctx, incoming.request).await,
        AuthOperation::RevokeSession => {
            let session = incoming.request.match_info().query("id");
            revoke_session(ctx, session, LoginMethod::Session).await?;
            done("Session revoked successfully")
        }
        other => Err(ApiError::internal(format!("{other:?} is no operation of this surface")).into()),
    }
}

/// Whether the operation takes query parameters: a mailed link has its token there, a history its page.
fn takes_parameters(incoming: &Incoming<'_>) -> bool {
    let link = incoming.operation == AuthOperation::VerifyEmail && incoming.request.method().is_safe();
    link || incoming.operation == AuthOperation::LoginHistory
}

async fn register(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, incoming).await?;
    let replaced = presented(ctx, auth, incoming.request).await?;
    let made = sign_up(ctx, auth, body, LoginMethod::Session, replaced).await?;
    // The documentation of the surface has this field in this answer only.
    let user = own_view(ctx, made.record.as_ref(), NAMES, Some("failedLoginAttempts"))?;
    let response = success(StatusCode::CREATED, "Registration successful", user)?;
    with_cookie(ctx, auth, response, made.credential)
}

async fn login(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, incoming, &["identifier", "password"], &[]).await?;
    let credentials = Credentials::by_identifier(auth, &texts.take("identifier"), &texts.take("password"));
    let replaced = presented(ctx, auth, incoming.request).await?;
    let logged_in = log_in(ctx, auth, credentials, LoginMethod::Session, replaced).await?;
    let user = own_view(ctx, logged_in.record.as_ref(), NAMES, None)?;
    let response = success(StatusCode::OK, "Login successful", user)?;
    with_cookie(ctx, auth, response, Some(logged_in.credential))
}

/// The log-in of the browser's session cookie. It ends when a new one replaces it, which prevents session fixation.
async fn presented(ctx: &Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<Option<(Id, Uuid)>, AuthError> {
    let Some(cookie) = request.cookie(auth.meta.session.cookie) else { return Ok(None) };
    let identity = of_session(ctx.core, auth, cookie.value()).await?;
    Ok(identity.and_then(|identity| Some((identity.account, identity.grant?.id))))
}

async fn update_profile(
    ctx: &mut Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, incoming).await?;
    refuse_email(&body)?;
    let me = update_me(ctx, body).await?;
    Ok(success(StatusCode::OK, "Profile updated successfully", own_view(ctx, me.as_ref(), NAMES, None)?)?)
}

/// Refuses to change the e-mail address together with other fields of the profile.
fn refuse_email(body: &Submitted) -> Result<(), AuthError> {
    match body.entries.contains_key("email") {
        true => Err(AuthError::invalid(vec![Problem::unknown_field("email")])),
        false => Ok(()),
    }
}

async fn update_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, incoming).await?;
    let names = ChangeNames { current: "currentPassword", new: "newPassword" };
    let change = PasswordChange::read(&auth.meta.password, names, body)?;
    change_password(ctx, auth, change, LoginMethod::Session).await?;
    done("Password changed successfully")
}

async fn forgot(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, incoming, &["identifier"], &[]).await?;
    forgot_password(ctx, auth, &texts.take("identifier"), recovery::Names::Any, LoginMethod::Session).await?;
    done("If an account exists with that identifier, a password reset link has been sent")
}

async fn reset(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, incoming).await?;
    let names = ResetNames { token: "token", password: "newPassword" };
    let reset = Reset::read(&auth.meta.password, names, body)?;
    reset_password(ctx, auth, reset, LoginMethod::Session).await?;
    let mut response = done("Password has been reset successfully")?;
    // The reset has ended the sessions of its account, so the browser's cookie is removed, unless its session belongs
    // to another account and is still valid.
    if !matches!(presented(ctx, auth, incoming.request).await, Ok(Some(_))) {
        forget(ctx, auth, &mut response)?;
    }
    Ok(response)
}

/// Verifies an address by `{ token }` of a link, by `{ code, email }`, or by `{ code }` for the account that is logged
/// in.
async fn verify(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let proof = if incoming.request.method().is_safe() {
        let [token] = parameters(incoming.request.query_string(), ["token"])?;
        Proof::Link(token.unwrap_or_default())
    } else {
        let mut texts = texts(ctx, auth, incoming, &[], &["token", "code", "email"]).await?;
        if texts.has("token") == texts.has("code") {
            return Err(AuthError::invalid(vec![either_token_or_code()]));
        }
        if texts.has("token") {
            Proof::Token(texts.take("token"))
        } else {
            logged_in_or_not(ctx, auth, incoming.request).await?;
            Proof::Code { email: texts.optional("email"), code: texts.take("code") }
        }
    };
    verify_email(ctx, auth, proof, LoginMethod::Session).await?;
    done("Email verified successfully")
}

fn either_token_or_code() -> Problem {
    Problem {
        field: "token".to_owned(),
        code: "EitherTokenOrCode".to_owned(),
        message: "Either 'token' or 'code' is required, and not both".to_owned(),
    }
}

/// Identifies the caller if the request has a valid session cookie. No error if it does not.
async fn logged_in_or_not(ctx: &mut Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<(), AuthError> {
    let Some(cookie) = request.cookie(auth.meta.session.cookie) else { return Ok(()) };
    if let Some(identity) = of_session(ctx.core, auth, cookie.value()).await? {
        ctx.principal = crate::access::Principal::Account(identity);
    }
    Ok(())
}

async fn resend(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts_if_any(ctx, auth, incoming, &["email"]).await?;
    if let Some(email) = texts.optional("email") {
        resend_verification(ctx, auth, &email, None, LoginMethod::Session).await?;
        return done("If the account exists and is not verified, a verification email has been sent");
    }
    logged_in_or_not(ctx, auth, incoming.request).await?;
    if ctx.principal.account().is_none() {
        return Err(clear_session_cookie(ctx.core, auth, incoming.request, ApiError::login_required()).into());
    }
    resend_own_verification(ctx, auth, LoginMethod::Session).await?;
    done(match auth.meta.email_verification.method {
        VerificationMethod::Code => "Verification code has been sent",
        VerificationMethod::Link => "Verification link has been sent",
    })
}

/// A success with a message and without data.
fn done(message: &str) -> Result<HttpResponse, AuthError> {
    Ok(success(StatusCode::OK, message, ())?)
}

fn with_cookie(
    ctx: &Context<'_>,
    auth: &Auth,
    mut response: HttpResponse,
    credential: Option<IssuedCredential>,
) -> Result<HttpResponse, AuthError> {
    if let Some(IssuedCredential::Session(session)) = credential {
        let cookie = session_cookie(auth, &ctx.core.settings).holding(session);
        response.add_cookie(&cookie).map_err(ApiError::internal)?;
    }
    Ok(response)
}

fn logged_out(ctx: &Context<'_>, auth: &Auth) -> Result<HttpResponse, AuthError> {
    let mut response = done("Logged out successfully")?;
    forget(ctx, auth, &mut response)?;
    Ok(response)
}

fn forget(ctx: &Context<'_>, auth: &Auth, response: &mut HttpResponse) -> Result<(), AuthError> {
    let cookie = session_cookie(auth, &ctx.core.settings).removal();
    Ok(response.add_cookie(&cookie).map_err(ApiError::internal)?)
}
