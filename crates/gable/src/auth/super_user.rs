//! Super users: the command line creates the first one, and the last one cannot be removed.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::event::{Event, record};
use crate::access::{LoginMethod, Principal, Scope};
use crate::context::{Context, Core};
use crate::crud;
use crate::db::{AdvisoryLock, BoundSql, values};
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
    let account = crud::create_one(&mut ctx, model, &Scope::system(), Draft::complete(input)).await?.record;
    let id = model.resource.id(account.as_ref());
    let (table, live) = (model.meta.table, model.sql.live);
    let text = format!(
        r#"UPDATE "{table}" SET "is_super_user" = ?, "is_staff" = ?, "is_email_verified" = ? WHERE "id" = ?{live}"#
    );
    ctx.source().execute(BoundSql::named(text, values![true, true, true, id])).await?;
    record(&ctx, Event::SignedUp, Some(id), LoginMethod::Console).await?;
    ctx.commit().await?;
    Ok(id.to_string())
}

/// Checks that an active super user remains. Must be called after a super user was demoted, deactivated or deleted, in
/// the same transaction. Takes a lock, so that two super users who demote each other at once cannot both succeed.
///
/// # Errors
/// 409 `LastSuperUser` if none remains.
pub(super) async fn check_super_user_remains(ctx: &Context<'_>) -> Result<(), ApiError> {
    let model = ctx.core.account_model()?;
    ctx.core.db.lock(ctx.source(), AdvisoryLock::SuperUsers).await?;
    let (table, live) = (model.meta.table, model.sql.live);
    let text = format!(
        r#"SELECT "id" FROM "{table}" WHERE "is_super_user" = ? AND "is_active" = ?
           AND "deleted_self_account_at" IS NULL{live} LIMIT 1"#
    );
    let select = BoundSql::named(text, values![true, true]);
    match ctx.source().one(select).await? {
        Some(_) => Ok(()),
        None => {
            Err(ApiError::conflict("LastSuperUser", "The last super user cannot be deleted, deactivated or demoted"))
        }
    }
}
