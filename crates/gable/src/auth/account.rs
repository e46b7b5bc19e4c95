//! Operations on one's own account: read, update, log out, delete.

use std::any::Any;

use super::error::AuthError;
use super::event::{Event, record};
use super::grant;
use super::super_user::check_super_user_remains;
use crate::access::{LoginMethod, Scope};
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::crud;
use crate::db::{BoundSql, Row, values};
use crate::meta::{AuthOperation, FieldKind};
use crate::model::input::{Form, Submitted};

/// The caller's own account.
///
/// # Errors
/// 401 for an anonymous caller.
pub(crate) async fn get_me(ctx: &mut Context<'_>) -> Result<Box<dyn Any>, AuthError> {
    let account = ctx.principal.require()?.account;
    ctx.core.auth_hooks.run(AuthOperation::GetMe, HookPhase::Before, ctx, &mut ()).await?;
    let model = ctx.core.account_model()?;
    let found = ctx.source().one(model.sql.by_id(&Scope::system(), account)).await?;
    let row = found.ok_or(AuthError::AccountGone)?;
    let mut account = model.resource.decode(&mut Row::new(&row))?;
    ctx.core.auth_hooks.run(AuthOperation::GetMe, HookPhase::After, ctx, account.as_mut()).await?;
    Ok(account)
}

/// Changes the caller's own account.
///
/// # Errors
/// 401 for an anonymous caller, 400 for each field that the account may not set.
pub(crate) async fn update_me(ctx: &mut Context<'_>, body: Submitted) -> Result<Box<dyn Any>, AuthError> {
    let account = ctx.principal.require()?.account;
    let model = ctx.core.account_model()?;
    let password = model.meta.fields.iter().find(|field| field.kind == FieldKind::Password);
    if password.is_some_and(|field| body.entries.contains_key(field.name)) {
        return Err(AuthError::PasswordNotHere);
    }
    let writable = model.masks.own(model.meta, &ctx.principal);
    let mut draft = crud::read_own(ctx, model, Form::Update, writable, body).await?;
    ctx.begin().await?;
    crud::check_own_references(ctx, model, Form::Update, &draft).await?;
    ctx.core.auth_hooks.run(AuthOperation::UpdateMe, HookPhase::Before, ctx, draft.input.as_any()).await?;
    let mut changed = crud::update_one(ctx, model, &Scope::own(), account, draft).await?.record;
    ctx.core.auth_hooks.run(AuthOperation::UpdateMe, HookPhase::After, ctx, changed.as_mut()).await?;
    ctx.commit().await?;
    Ok(changed)
}

/// Ends the caller's log-in.
///
/// # Errors
/// 401 for an anonymous caller.
pub(crate) async fn log_out(ctx: &mut Context<'_>, via: LoginMethod) -> Result<(), AuthError> {
    let account = ctx.principal.require()?.account;
    ctx.begin().await?;
    ctx.core.auth_hooks.run(AuthOperation::Logout, HookPhase::Before, ctx, &mut ()).await?;
    // A caller that an interceptor has identified has no log-in to end.
    if let Some(grant) = ctx.principal.grant() {
        grant::end(ctx, account, grant.id).await?;
    }
    record(ctx, Event::LoggedOut, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::Logout, HookPhase::After, ctx, &mut ()).await?;
    Ok(ctx.commit().await?)
}

/// Ends all log-ins of the caller, including the current one.
///
/// # Errors
/// 401 for an anonymous caller.
pub(crate) async fn log_out_everywhere(ctx: &mut Context<'_>, via: LoginMethod) -> Result<(), AuthError> {
    let account = ctx.principal.require()?.account;
    ctx.begin().await?;
    ctx.core.auth_hooks.run(AuthOperation::LogoutAll, HookPhase::Before, ctx, &mut ()).await?;
    grant::end_all(ctx, account, None).await?;
    record(ctx, Event::LoggedOutEverywhere, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::LogoutAll, HookPhase::After, ctx, &mut ()).await?;
    Ok(ctx.commit().await?)
}

/// Deletes the caller's own account and ends all its log-ins. The row is only marked as deleted, because other rows may
/// refer to it.
///
/// # Errors
/// 401 for an anonymous caller, 409 `LastSuperUser`.
pub(crate) async fn delete_me(ctx: &mut Context<'_>, via: LoginMethod) -> Result<(), AuthError> {
    let account = ctx.principal.require()?.account;
    let model = ctx.core.account_model()?;
    ctx.begin().await?;
    ctx.core.auth_hooks.run(AuthOperation::DeleteMe, HookPhase::Before, ctx, &mut ()).await?;
    let (table, live) = (model.meta.table, model.sql.live);
    let text = format!(r#"UPDATE "{table}" SET "deleted_self_account_at" = ? WHERE "id" = ?{live}"#);
    ctx.source().execute(BoundSql::named(text, values![ctx.now, account])).await?;
    if ctx.principal.is_super_user() {
        check_super_user_remains(ctx).await?;
    }
    grant::end_all(ctx, account, None).await?;
    record(ctx, Event::Deleted, Some(account), via).await?;
    ctx.core.auth_hooks.run(AuthOperation::DeleteMe, HookPhase::After, ctx, &mut ()).await?;
    Ok(ctx.commit().await?)
}
