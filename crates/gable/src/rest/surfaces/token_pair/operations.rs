//! Requests and responses of the tokenPair surface.

use std::any::Any;

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;

use super::bodies::{REDIRECT, read_changes, read_new, redirect, redirect_of_verification};
use super::responses::{answer, map_proof_error, result};
use crate::access::LoginMethod;
use crate::auth::account::{delete_me, get_me, log_out, update_me};
use crate::auth::authenticate::bearer;
use crate::auth::error::AuthError;
use crate::auth::issued_credential::{IssuedCredential, Pair};
use crate::auth::login::{Credentials, log_in};
use crate::auth::one_time::LinkRedirect;
use crate::auth::password::{ChangeNames, PasswordChange, change_password};
use crate::auth::recovery::{Reset, ResetNames, forgot_password, reset_password};
use crate::auth::renew::renew;
use crate::auth::sign_up::sign_up;
use crate::auth::verification::{ChangeResult, Proof, change_email, resend_verification, verify_email};
use crate::auth::{Auth, recovery};
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::AuthOperation;
use crate::model::{Id, Names};
use crate::query::{no_parameters, parameters};
use crate::rest::surfaces::body::{submitted, texts};
use crate::rest::surfaces::endpoint::Incoming;
use crate::rest::surfaces::response_parts::own_view;

/// The account fields that this surface renames, as (field, name).
const NAMES: Names = &[("id", "_id"), ("isActive", "active"), ("isEmailVerified", "isVerified")];

pub(super) async fn run(
    ctx: &mut Context<'_>,
    auth: &Auth,
    mut incoming: Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    if !is_link(&incoming) {
        no_parameters(incoming.request.query_string())?;
    }
    match incoming.operation {
        AuthOperation::Signup => register(ctx, auth, &mut incoming).await,
        AuthOperation::Login => login(ctx, auth, &mut incoming).await,
        AuthOperation::Renew => {
            let renewed = renew(ctx, auth, presented(incoming.request)?).await?;
            answer_pair(renewed.account, renewed.pair)
        }
        AuthOperation::Logout => {
            log_out(ctx, LoginMethod::TokenPair).await?;
            Ok(result("Logged out successfully")?)
        }
        AuthOperation::ForgotPassword => forgot(ctx, auth, &mut incoming).await,
        AuthOperation::ResetPassword => reset(ctx, auth, &mut incoming).await,
        AuthOperation::ResendVerification => {
            let mut texts = texts(ctx, auth, &mut incoming, &["email"], &[REDIRECT]).await?;
            let redirect = redirect_of_verification(auth, texts.optional(REDIRECT))?;
            resend_verification(ctx, auth, &texts.take("email"), redirect, LoginMethod::TokenPair).await?;
            Ok(result("Verification email sent")?)
        }
        AuthOperation::ChangeEmail => request_change(ctx, auth, &mut incoming).await,
        AuthOperation::UpdatePassword => update_password(ctx, auth, &mut incoming).await,
        AuthOperation::VerifyEmail if is_link(&incoming) => verify_by_link(ctx, auth, incoming.request).await,
        AuthOperation::VerifyEmail => verify_by_code(ctx, auth, &mut incoming).await,
        AuthOperation::GetMe => {
            let me = get_me(ctx).await?;
            own_account(ctx, me.as_ref())
        }
        AuthOperation::UpdateMe => {
            let changes = read_changes(ctx, auth, &mut incoming).await?;
            let me = update_me(ctx, changes).await?;
            own_account(ctx, me.as_ref())
        }
        AuthOperation::DeleteMe => {
            refuse_renewed(ctx)?;
            delete_me(ctx, LoginMethod::TokenPair).await?;
            Ok(result("Account deleted successfully")?)
        }
        other => Err(ApiError::internal(format!("{other:?} is no operation of this surface")).into()),
    }
}

/// Whether the request opens a mailed link, which has its redirect in the query.
fn is_link(incoming: &Incoming<'_>) -> bool {
    incoming.operation == AuthOperation::VerifyEmail && incoming.request.method().is_safe()
}

async fn register(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let new = read_new(ctx, auth, incoming).await?;
    if let Some(redirect) = redirect_of_verification(auth, new.redirect)? {
        ctx.set_local(LinkRedirect(redirect.to_owned()));
    }
    let made = sign_up(ctx, auth, new.fields, LoginMethod::TokenPair, None).await?;
    Ok(answer(&own_view(ctx, made.record.as_ref(), NAMES, None)?)?)
}

async fn login(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, incoming, &["email", "password"], &[]).await?;
    let model = ctx.core.account_model()?;
    let credentials = Credentials::by_email(model, &texts.take("email"), &texts.take("password"));
    let logged_in = log_in(ctx, auth, credentials, LoginMethod::TokenPair, None).await?;
    match logged_in.credential {
        IssuedCredential::Pair(tokens) => answer_pair(logged_in.account, tokens),
        _ => Err(ApiError::internal("a log-in of this surface is a pair").into()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoggedIn {
    user_id: String,
    access_token: String,
    refresh_token: String,
}

fn answer_pair(account: Id, tokens: Pair) -> Result<HttpResponse, AuthError> {
    let Pair { access, refresh } = tokens;
    let body = LoggedIn { user_id: account.to_string(), access_token: access, refresh_token: refresh };
    let mut response = answer(&body)?;
    // RFC 6749, section 5.1: responses with tokens must not be cached.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The refresh token, which is sent as a bearer token.
fn presented(request: &HttpRequest) -> Result<&str, AuthError> {
    let header = request.headers().get(AUTHORIZATION).ok_or_else(ApiError::login_required)?;
    header.to_str().ok().and_then(bearer).ok_or(AuthError::RefreshToken)
}

async fn forgot(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, incoming, &["email"], &[REDIRECT]).await?;
    if let Some(redirect) = redirect(auth, texts.optional(REDIRECT))? {
        ctx.set_local(LinkRedirect(redirect.to_owned()));
    }
    forgot_password(ctx, auth, &texts.take("email"), recovery::Names::Email, LoginMethod::TokenPair).await?;
    Ok(result("Password reset email sent")?)
}

/// The caller's own account, without an envelope.
fn own_account(ctx: &Context<'_>, record: &dyn Any) -> Result<HttpResponse, AuthError> {
    Ok(answer(&own_view(ctx, record, NAMES, None)?.user)?)
}

/// Refuses to delete the account with a pair that was renewed, since it may be a stolen one. Only a pair that a log-in
/// has issued is accepted.
fn refuse_renewed(ctx: &Context<'_>) -> Result<(), ApiError> {
    match ctx.principal.grant() {
        Some(grant) if grant.generation == 0 => Ok(()),
        _ => Err(ApiError::new(403, "FORBIDDEN", "Please log in again before you delete your account")),
    }
}

async fn reset(ctx: &mut Context<'_>, auth: &Auth, incoming: &mut Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, incoming).await?;
    let names = ResetNames { token: "passwordResetToken", password: "password" };
    let reset = Reset::read(&auth.meta.password, names, body)?;
    reset_password(ctx, auth, reset, LoginMethod::TokenPair).await.map_err(map_proof_error)?;
    Ok(result("Password reset successful")?)
}

async fn update_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, incoming).await?;
    let names = ChangeNames { current: "oldPassword", new: "newPassword" };
    let change = PasswordChange::read(&auth.meta.password, names, body)?;
    change_password(ctx, auth, change, LoginMethod::TokenPair).await?;
    Ok(result("Password changed successfully")?)
}

async fn request_change(
    ctx: &mut Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, incoming, &["newEmail"], &[REDIRECT]).await?;
    // The confirmation of a new address is always a link, even if addresses are verified by code.
    let redirect = match auth.meta.email_verification.required {
        true => redirect(auth, texts.optional(REDIRECT))?,
        false => redirect_of_verification(auth, texts.optional(REDIRECT))?,
    };
    let new = texts.optional("newEmail").map(Value::String);
    match change_email(ctx, auth, new, redirect, LoginMethod::TokenPair).await? {
        ChangeResult::Pending => Ok(result("Verification email sent")?),
        ChangeResult::Done => Ok(result("Email changed successfully")?),
    }
}

async fn verify_by_code(
    ctx: &mut Context<'_>,
    auth: &Auth,
    incoming: &mut Incoming<'_>,
) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, incoming, &["email", "code"], &[]).await?;
    let proof = Proof::Code { email: texts.optional("email"), code: texts.take("code") };
    verify_email(ctx, auth, proof, LoginMethod::TokenPair).await.map_err(map_proof_error)?;
    Ok(result("Email verified")?)
}

/// Verifies an address by a mailed link. Redirects to the requested URI, or the first one that the application allows;
/// without any, answers with the result.
async fn verify_by_link(ctx: &mut Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<HttpResponse, AuthError> {
    let [wanted] = parameters(request.query_string(), [REDIRECT])?;
    let redirect = redirect(auth, wanted)?.or_else(|| auth.meta.token_pair.redirects.first().copied());
    let token = request.match_info().query("token").to_owned();
    verify_email(ctx, auth, Proof::Link(token), LoginMethod::TokenPair).await?;
    let Some(target) = redirect else { return Ok(result("Email verified")?) };
    let mut response = HttpResponse::Found();
    // The URL of this request contains the token, which should not be sent on as a referrer, even though it is used.
    response.insert_header((LOCATION, target)).insert_header((REFERRER_POLICY, "no-referrer"));
    Ok(response.finish())
}
