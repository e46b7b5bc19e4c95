//! Requests and responses of the jwt surface.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::responses::{data, delivered, without_cookie};
use crate::access::LoginMethod;
use crate::auth::Auth;
use crate::auth::account::{delete_me, get_me, log_out, update_me};
use crate::auth::account_columns::password_field;
use crate::auth::error::AuthError;
use crate::auth::issued_credential::IssuedCredential;
use crate::auth::login::{Credentials, log_in};
use crate::auth::password::{ChangeNames, PasswordChange, change_password};
use crate::auth::sign_up::{SignedUp, sign_up};
use crate::context::Context;
use crate::error::ApiError;
use crate::http::{json_response, read_object};
use crate::meta::AuthOperation;
use crate::query::{no_parameters, parameters};
use crate::rest::surfaces::endpoint::Incoming;

pub(super) async fn run(ctx: &mut Context<'_>, auth: &Auth, incoming: Incoming<'_>) -> Result<HttpResponse, AuthError> {
    let Incoming { operation, request, payload } = incoming;
    if operation != AuthOperation::Login {
        no_parameters(request.query_string())?;
    }
    match operation {
        AuthOperation::Signup => signup(ctx, auth, request, payload).await,
        AuthOperation::Login => login(ctx, auth, request, payload).await,
        AuthOperation::Logout => logout(ctx, auth, request).await,
        AuthOperation::UpdatePassword => update_password(ctx, auth, request, payload).await,
        AuthOperation::GetMe => {
            let me = get_me(ctx).await?;
            Ok(json_response(StatusCode::OK, data(ctx, me.as_ref())?))
        }
        AuthOperation::UpdateMe => own_update(ctx, auth, request, payload).await,
        AuthOperation::DeleteMe => {
            delete_me(ctx, LoginMethod::Jwt).await?;
            Ok(without_cookie(ctx, auth, request)?)
        }
        other => Err(ApiError::internal(format!("{other:?} is no operation of this surface")).into()),
    }
}

async fn signup(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, AuthError> {
    let body = read_object(request, &mut payload, ctx.core.app.body_limit).await?;
    let body = auth.rules.judge(AuthOperation::Signup, body);
    let SignedUp { record, .. } = sign_up(ctx, auth, body, LoginMethod::Jwt, None).await?;
    Ok(json_response(StatusCode::CREATED, data(ctx, record.as_ref())?))
}

/// Logs in. Answers `{ "token": …, "accessToken": …, "data": … }` and sets the cookie; `sendAccessTokenThrough` selects
/// the body, the cookie or both.
async fn login(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, AuthError> {
    let body = read_object(request, &mut payload, ctx.core.app.body_limit).await?;
    auth.rules.check(AuthOperation::Login, &body)?;
    let password = password_field(ctx.core.account_model()?)?.name;
    let [username_field] = parameters(request.query_string(), ["usernameField"])?;
    let credentials = Credentials::read(auth, password, username_field.as_deref(), &body)?;
    let logged_in = log_in(ctx, auth, credentials, LoginMethod::Jwt, None).await?;
    let data = data(ctx, logged_in.record.as_ref())?;
    let token = if let IssuedCredential::Token(token) = logged_in.credential { Some(token) } else { None };
    Ok(delivered(ctx, auth, request, "", token, data)?)
}

async fn logout(ctx: &mut Context<'_>, auth: &Auth, request: &HttpRequest) -> Result<HttpResponse, AuthError> {
    log_out(ctx, LoginMethod::Jwt).await?;
    Ok(without_cookie(ctx, auth, request)?)
}

async fn update_password(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, AuthError> {
    let body = read_object(request, &mut payload, ctx.core.app.body_limit).await?;
    let body = auth.rules.judge(AuthOperation::UpdatePassword, body);
    let names = ChangeNames { current: "currentPassword", new: "newPassword" };
    let change = PasswordChange::read(&auth.meta.password, names, body)?;
    let changed = change_password(ctx, auth, change, LoginMethod::Jwt).await?;
    let data = data(ctx, changed.record.as_ref())?;
    let members = "\"status\":\"success\",\"message\":\"Password updated successfully!\",";
    Ok(delivered(ctx, auth, request, members, changed.token, data)?)
}

async fn own_update(
    ctx: &mut Context<'_>,
    auth: &Auth,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<HttpResponse, AuthError> {
    let body = read_object(request, &mut payload, ctx.core.app.body_limit).await?;
    let me = update_me(ctx, auth.rules.judge(AuthOperation::UpdateMe, body)).await?;
    Ok(json_response(StatusCode::OK, data(ctx, me.as_ref())?))
}
