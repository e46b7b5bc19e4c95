//! Bodies and answers of the tokenPair surface.

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;

use super::envelope::{answer, result};
use crate::access::Via;
use crate::app_meta::AuthOperation;
use crate::auth::Auth;
use crate::auth::account::log_out;
use crate::auth::authenticate::bearer;
use crate::auth::carrier::{Carrier, Pair};
use crate::auth::error::AuthError;
use crate::auth::login::{Credentials, log_in};
use crate::auth::password::{ChangeNames, PasswordChange, change_password};
use crate::auth::recovery::{self, Reset, ResetNames, forgot_password, reset_password};
use crate::auth::renew::renew;
use crate::auth::sign_up::sign_up;
use crate::auth::surfaces::body::{submitted, texts};
use crate::auth::surfaces::endpoint::Asked;
use crate::auth::surfaces::own_view::own_view;
use crate::auth::verification::{Moved, Proof, change_email, resend_verification, verify_email};
use crate::context::Context;
use crate::http::{ApiError, Names};
use crate::input::Problem;
use crate::query::{no_parameters, parameters};
use crate::resource::Id;

/// What this surface calls the fields of an account that it does not call by their own names.
const NAMES: Names = &[("id", "_id"), ("isActive", "active"), ("isEmailVerified", "isVerified")];
/// Where a browser is to go in the end.
const REDIRECT: &str = "redirectUri";

pub(super) async fn run(ctx: &mut Context<'_>, auth: &Auth, mut asked: Asked<'_>) -> Result<HttpResponse, AuthError> {
    if asked.operation != AuthOperation::VerifyEmail {
        no_parameters(asked.request)?;
    }
    match asked.operation {
        AuthOperation::Signup => new(ctx, auth, &mut asked).await,
        AuthOperation::Login => local(ctx, auth, &mut asked).await,
        AuthOperation::Renew => {
            let renewed = renew(ctx, auth, presented(asked.request)?).await?;
            pair(renewed.account, renewed.pair)
        }
        AuthOperation::Logout => {
            log_out(ctx, auth, Via::TokenPair).await?;
            Ok(result("Logged out successfully")?)
        }
        AuthOperation::ForgotPassword => {
            let mut texts = texts(ctx, auth, &mut asked, &["email"], &[]).await?;
            forgot_password(ctx, auth, &texts.take("email"), recovery::Names::Email, Via::TokenPair).await?;
            Ok(result("Password reset email sent")?)
        }
        AuthOperation::ResetPassword => reset(ctx, auth, &mut asked).await,
        AuthOperation::ResendVerification => {
            let mut texts = texts(ctx, auth, &mut asked, &["email"], &[REDIRECT]).await?;
            let redirect = redirect(auth, texts.optional(REDIRECT))?;
            resend_verification(ctx, auth, &texts.take("email"), redirect, Via::TokenPair).await?;
            Ok(result("Verification email sent")?)
        }
        AuthOperation::ChangeEmail => move_to(ctx, auth, &mut asked).await,
        AuthOperation::UpdatePassword => update_password(ctx, auth, &mut asked).await,
        AuthOperation::VerifyEmail => verify(ctx, auth, asked.request).await,
        other => Err(ApiError::internal(format!("{other:?} is no operation of this surface")).into()),
    }
}

async fn new(ctx: &mut Context<'_>, auth: &Auth, asked: &mut Asked<'_>) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, asked).await?;
    let made = sign_up(ctx, auth, body, Via::TokenPair, None).await?;
    Ok(answer(&own_view(ctx, made.record.as_ref(), NAMES, None)?)?)
}

async fn local(ctx: &mut Context<'_>, auth: &Auth, asked: &mut Asked<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, asked, &["email", "password"], &[]).await?;
    let model = ctx.core.account_model()?;
    let credentials = Credentials::by_email(model, &texts.take("email"), &texts.take("password"));
    let logged_in = log_in(ctx, auth, credentials, Via::TokenPair, None).await?;
    match logged_in.carrier {
        Carrier::Pair(tokens) => pair(logged_in.account, tokens),
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

fn pair(account: Id, tokens: Pair) -> Result<HttpResponse, AuthError> {
    let Pair { access, refresh } = tokens;
    let body = LoggedIn { user_id: account.to_string(), access_token: access, refresh_token: refresh };
    let mut response = answer(&body)?;
    // RFC 6749, 5.1: nobody on the way may keep tokens.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The refresh token, which comes as a bearer token.
fn presented(request: &HttpRequest) -> Result<&str, AuthError> {
    let header = request.headers().get(AUTHORIZATION).ok_or_else(ApiError::login_required)?;
    header.to_str().ok().and_then(bearer).ok_or(AuthError::RefreshToken)
}

async fn reset(ctx: &mut Context<'_>, auth: &Auth, asked: &mut Asked<'_>) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, asked).await?;
    let names = ResetNames { token: "passwordResetToken", password: "password" };
    let reset = Reset::read(&auth.meta.password, names, body)?;
    reset_password(ctx, auth, reset, Via::TokenPair).await?;
    Ok(result("Password reset successful")?)
}

async fn update_password(ctx: &mut Context<'_>, auth: &Auth, asked: &mut Asked<'_>) -> Result<HttpResponse, AuthError> {
    let body = submitted(ctx, auth, asked).await?;
    let names = ChangeNames { current: "oldPassword", new: "newPassword" };
    let change = PasswordChange::read(&auth.meta.password, names, body)?;
    change_password(ctx, auth, change, Via::TokenPair).await?;
    Ok(result("Password changed successfully")?)
}

async fn move_to(ctx: &mut Context<'_>, auth: &Auth, asked: &mut Asked<'_>) -> Result<HttpResponse, AuthError> {
    let mut texts = texts(ctx, auth, asked, &["newEmail"], &[REDIRECT]).await?;
    let redirect = redirect(auth, texts.optional(REDIRECT))?;
    let new = texts.optional("newEmail").map(Value::String);
    match change_email(ctx, auth, new, redirect, Via::TokenPair).await? {
        Moved::Pending => Ok(result("Verification email sent")?),
        Moved::Done => Ok(result("Email changed successfully")?),
    }
}

/// The link of a mail: it ends where the application lets it end, or tells its result.
async fn verify(ctx: &mut Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<HttpResponse, AuthError> {
    let [wanted] = parameters(request, [REDIRECT])?;
    let redirect = redirect(auth, wanted)?.or_else(|| auth.meta.token_pair.redirects.first().copied());
    let token = request.match_info().query("token").to_owned();
    verify_email(ctx, auth, Proof::Token(token), Via::TokenPair).await?;
    let Some(target) = redirect else { return Ok(result("Email verified")?) };
    let mut response = HttpResponse::Found();
    // The address that leads there holds a token; it is spent, but still nobody's business.
    response.insert_header((LOCATION, target)).insert_header((REFERRER_POLICY, "no-referrer"));
    Ok(response.finish())
}

/// One of the URIs that the application names, compared to the letter: anything looser has been an open redirect
/// somewhere.
fn redirect(auth: &Auth, wanted: Option<String>) -> Result<Option<&'static str>, ApiError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let known = auth.meta.token_pair.redirects.iter().copied().find(|known| *known == wanted);
    let refused = || {
        ApiError::invalid_body(vec![Problem {
            field: REDIRECT.to_owned(),
            code: "RedirectNotAllowed".to_owned(),
            message: format!("'{REDIRECT}' is not one of the addresses that this application redirects to"),
        }])
    };
    known.map(Some).ok_or_else(refused)
}
