//! Super users: the command line creates the first one, and the last one cannot be removed.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::event::{Event, record};
use crate::access::{LoginMethod, Principal, Scope};
use crate::context::{Context, Core};
use crate::crud;
use crate::db::AdvisoryLock;
use crate::error::ApiError;
use crate::model::Draft;

/// The new account, as given on the command line.
#[derive(Debug)]
pub(crate) struct SuperUser {
    /// Fields by their JSON names, the password among them.
    pub(crate) fields: Map<String, Value>,
}

/// Creates a super user and returns its id.
///
/// # Errors
/// 400 or 409, as for a sign-up with the same fields.
pub(crate) async fn create_super_user(core: &Arc<Core>, account: SuperUser) -> Result<String, ApiError> {
    let model = core.account_model()?;
    let mut ctx = Context::new(core, Principal::Anonymous, None);
    let writable = model.masks.own(model.meta, &ctx.principal);
    let input = crud::read_create(&mut ctx, model, writable, account.fields)?;
    ctx.begin().await?;
    let account = crud::create_one(&mut ctx, model, &Scope::system(), Draft::complete(input)).await?;
    let id = model.resource.id(account.as_ref());
    let mut update = model.sql.statement("UPDATE ");
    update.identifier(model.meta.table).push(" SET \"is_super_user\" = ").bind(true);
    update.push(", \"is_staff\" = ").bind(true).push(", \"is_email_verified\" = ").bind(true).push(" WHERE ");
    model.sql.row(&mut update, &Scope::system(), id);
    ctx.source().execute(update).await?;
    record(&ctx, Event::SignedUp, Some(id), LoginMethod::Console).await?;
    ctx.commit().await?;
    Ok(id.to_string())
}

/// Checks that an active super user remains. Must be called after a super user was demoted, deactivated or deleted, in
/// the same transaction. Takes a lock, so that two super users who demote each other at once cannot both succeed.
///
/// # Errors
/// 409 `LastSuperUser` if none remains.
pub(crate) async fn last_super_user_stays(ctx: &Context<'_>) -> Result<(), ApiError> {
    let model = ctx.core.account_model()?;
    ctx.core.db.lock(ctx.source(), AdvisoryLock::SuperUsers).await?;
    let hidden = if model.meta.soft_delete { " AND \"deleted_at\" IS NULL" } else { "" };
    let mut select =
        model.sql.statement(format!("SELECT \"id\" FROM \"{}\" WHERE \"is_super_user\" = ", model.meta.table));
    select.bind(true).push(" AND \"is_active\" = ").bind(true);
    select.push(" AND \"deleted_self_account_at\" IS NULL").push(hidden).push(" LIMIT 1");
    match ctx.source().one(select).await? {
        Some(_) => Ok(()),
        None => {
            Err(ApiError::conflict("LastSuperUser", "The last super user cannot be deleted, deactivated or demoted"))
        }
    }
}
