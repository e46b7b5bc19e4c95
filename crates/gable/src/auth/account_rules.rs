//! The rules of accounts, roles and permissions: what a write to them must observe beyond the rules of every model.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::Value;

use super::escalation_guard::{self, cannot_grant};
use super::grant::end_log_ins;
use super::super_user::check_super_user_remains;
use super::{Auth, address};
use crate::access::{Authority, Scope};
use crate::context::{AfterUpdate, Context, Core, ModelRules, ProtectedRows, RowChange, RowWrite};
use crate::db::{BoundSql, RawRow, Row, values};
use crate::error::{ApiError, Problem};
use crate::meta::{FieldKind, ModelKind, ModelMeta};
use crate::model::{Id, RowValues};
use crate::query::Model;

/// Implements the rules of all models that have some.
pub(crate) struct AccountRules {
    auth: Arc<Auth>,
}

impl AccountRules {
    pub(crate) fn new(auth: Arc<Auth>) -> Self {
        Self { auth }
    }
}

#[async_trait(?Send)]
impl ModelRules for AccountRules {
    async fn before_update(
        &self,
        ctx: &Context<'_>,
        model: &Model,
        id: Id,
        row: &mut RowValues,
    ) -> Result<Option<Box<dyn AfterUpdate>>, ApiError> {
        address::before_change(ctx, &self.auth, model, id, row).await
    }

    async fn check(
        &self,
        ctx: &Context<'_>,
        model: &Model,
        scope: &Scope,
        rows: &[RawRow],
        write: RowWrite<'_>,
    ) -> Result<(), ApiError> {
        if model.meta.kind == ModelKind::Ordinary {
            return Ok(());
        }
        for row in rows {
            check_row(ctx, &self.auth, model, scope, row, write).await?;
        }
        if model.meta.kind == ModelKind::Account { check_accounts(ctx, model, rows, write).await } else { Ok(()) }
    }

    async fn before_delete(&self, ctx: &Context<'_>, model: &Model) -> Result<ProtectedRows, ApiError> {
        let effects = model.cascade_effects;
        Ok(ProtectedRows {
            super_users: if effects.accounts { Some(super_users(ctx).await?) } else { None },
            denials: if effects.overrides { Some(denials(ctx).await?) } else { None },
        })
    }

    async fn after_delete(&self, ctx: &Context<'_>, scope: &Scope, before: ProtectedRows) -> Result<(), ApiError> {
        let bounded = scope.authority == Authority::Caller && !ctx.principal.is_super_user();
        if let Some(before) = before.super_users {
            if bounded && super_users(ctx).await? < before {
                return Err(ApiError::not_enough_permissions());
            }
            check_super_user_remains(ctx).await?;
        }
        match before.denials {
            Some(before) if bounded && denials(ctx).await? < before => Err(cannot_grant()),
            _ => Ok(()),
        }
    }
}

async fn super_users(ctx: &Context<'_>) -> Result<i64, ApiError> {
    let model = ctx.core.account_model()?;
    let text = format!(r#"SELECT count(*) FROM "{}" WHERE "is_super_user" = ?"#, model.meta.table);
    counted(ctx, BoundSql::named(text, values![true])).await
}

async fn denials(ctx: &Context<'_>) -> Result<i64, ApiError> {
    let Some(model) = ctx.core.model_of(ModelKind::AccountPermission) else { return Ok(0) };
    let text = format!(r#"SELECT count(*) FROM "{}" WHERE "effect" = ?"#, model.meta.table);
    counted(ctx, BoundSql::named(text, values!["deny"])).await
}

async fn counted(ctx: &Context<'_>, count: BoundSql) -> Result<i64, ApiError> {
    let counted = ctx.source().one(count).await?;
    Ok(counted.as_ref().map_or(Ok(0), |row| Row::new(row).next())?)
}

async fn check_row(
    ctx: &Context<'_>,
    auth: &Auth,
    model: &Model,
    scope: &Scope,
    row: &RawRow,
    write: RowWrite<'_>,
) -> Result<(), ApiError> {
    if model.meta.kind == ModelKind::Permission && !matches!(write, RowWrite::Deleted) {
        permission_exists(ctx.core, model.meta, row)?;
    }
    if scope.authority == Authority::Caller {
        if model.meta.kind == ModelKind::Account {
            if !ctx.principal.is_super_user() && is_super_user(model, row)? {
                return Err(ApiError::not_enough_permissions());
            }
            check_identifying_fields(ctx, model, row, write).await?;
        }
        escalation_guard::check_granting(ctx, model.meta, row, write).await?;
    }
    match (model.meta.kind, write) {
        (ModelKind::Role, RowWrite::Changed(change)) => refuse_rename(ctx, auth, model, row, change),
        _ => Ok(()),
    }
}

/// Checks that the schema has the pair of resource and action: a misspelt permission would silently grant nothing.
fn permission_exists(core: &Core, meta: &ModelMeta, row: &RawRow) -> Result<(), ApiError> {
    let (resource, action): (String, String) = (column(meta, row, "resource")?, column(meta, row, "action")?);
    if core.catalogue.find(&resource, &action).is_some() {
        return Ok(());
    }
    Err(ApiError::invalid_body(vec![Problem {
        field: "action".to_owned(),
        code: "UnknownPermission".to_owned(),
        message: format!("There is no action '{action}' on a resource '{resource}'"),
    }]))
}

/// Refuses to rename a role that the schema refers to by name: its rules would no longer apply to the role.
fn refuse_rename(
    ctx: &Context<'_>,
    auth: &Auth,
    model: &Model,
    row: &RawRow,
    change: RowChange<'_>,
) -> Result<(), ApiError> {
    let renamed = model.meta.field_index("name").and_then(|field| change.values.get(field)).is_some();
    if !renamed {
        return Ok(());
    }
    let before: String = column(model.meta, change.old(model.row_id(row)?)?, "name")?;
    let bound = ctx.core.catalogue.names_role(&before) || auth.meta.default_role == Some(before.as_str());
    if !bound || column::<String>(model.meta, row, "name")? == before {
        return Ok(());
    }
    Err(ApiError::conflict("RoleNamedInSchema", format!("The schema knows the role '{before}' by its name")))
}

/// Checks written or deleted accounts together: one super user must remain, and accounts that are locked out are logged
/// out.
async fn check_accounts(
    ctx: &Context<'_>,
    model: &Model,
    rows: &[RawRow],
    write: RowWrite<'_>,
) -> Result<(), ApiError> {
    let mut lost = false;
    for row in rows {
        lost |= match write {
            RowWrite::Created => false,
            RowWrite::Changed(RowChange { values, .. }) => {
                clears_flag(model.meta, values, "isSuperUser")
                    || (clears_flag(model.meta, values, "isActive") && is_super_user(model, row)?)
            }
            RowWrite::Deleted => is_super_user(model, row)?,
        };
    }
    if lost {
        check_super_user_remains(ctx).await?;
    }
    if !locks_out(model.meta, write) {
        return Ok(());
    }
    let accounts = rows.iter().map(|row| model.row_id(row)).collect::<Result<Vec<_>, _>>()?;
    end_log_ins(ctx, &accounts).await
}

fn is_super_user(model: &Model, row: &RawRow) -> Result<bool, ApiError> {
    column(model.meta, row, "isSuperUser")
}

/// Checks a change of a field that identifies another account, such as its e-mail address: whoever controls the address
/// can reset the password, and so gains the rights of that account.
async fn check_identifying_fields(
    ctx: &Context<'_>,
    model: &Model,
    row: &RawRow,
    write: RowWrite<'_>,
) -> Result<(), ApiError> {
    let RowWrite::Changed(RowChange { values, .. }) = write else { return Ok(()) };
    let identifies = |field: usize| {
        let field = &model.meta.fields[field];
        field.kind == FieldKind::Email || model.meta.uniques.iter().any(|unique| unique.fields == [field.name])
    };
    if !values.filled().any(|(field, _)| identifies(field)) {
        return Ok(());
    }
    escalation_guard::check_take_over(ctx, model.row_id(row)?).await
}

/// Whether the accounts are suspended or deleted, and so logged out: an old token must not work again after they are
/// restored.
fn locks_out(meta: &ModelMeta, write: RowWrite<'_>) -> bool {
    match write {
        RowWrite::Created => false,
        RowWrite::Changed(RowChange { values, .. }) => clears_flag(meta, values, "isActive"),
        RowWrite::Deleted => meta.soft_delete,
    }
}

/// Whether the change sets this flag to false.
fn clears_flag(meta: &ModelMeta, values: &RowValues, flag: &str) -> bool {
    let field = meta.field_index(flag);
    field.and_then(|field| values.get(field)).is_some_and(|value| *value == Value::Bool(Some(false)))
}

fn column<T: crate::db::FromColumn>(meta: &ModelMeta, row: &RawRow, name: &str) -> Result<T, ApiError> {
    let position = meta.field_index(name).ok_or_else(|| ApiError::internal(format!("{} has no {name}", meta.name)))?;
    Ok(Row::skipping(row, position).next()?)
}
