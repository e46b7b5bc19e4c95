//! Invariants of the models that the runtime itself reads: accounts, roles and permissions. They are checked after a
//! write and inside its transaction, so that an error rolls it back.

use std::collections::BTreeMap;

use sea_orm::Value;

use super::write::row_id;
use crate::access::{Authority, Change, Giving, Scope, cannot_grant, check_giving, check_taking_over};
use crate::auth::{end_log_ins, last_super_user_stays};
use crate::context::Context;
use crate::core::{Core, Model};
use crate::db::{RawRow, Row, Statement};
use crate::http::ApiError;
use crate::input::Problem;
use crate::resource::{FieldKind, Id, ModelKind, ModelMeta, RowValues};

/// Makes sure, before rows of a guarded model are written, that the caller's rights cannot change until the commit.
///
/// # Errors
/// 401 if the caller's log-in is no longer valid, 409 if the caller's rights have changed meanwhile.
pub(super) async fn hold(ctx: &Context<'_>, model: &Model, scope: &Scope) -> Result<(), ApiError> {
    if model.meta.kind == ModelKind::Ordinary { Ok(()) } else { ctx.hold_rights(scope.authority).await }
}

/// Reads and locks the rows of a role or permission model that are about to change, because the rights that they
/// granted or denied before are checked as well as the new ones. Rows of other models are not read.
pub(super) async fn rows_before(
    ctx: &Context<'_>,
    model: &Model,
    select: impl FnOnce() -> Statement,
) -> Result<BTreeMap<Id, RawRow>, ApiError> {
    if matches!(model.meta.kind, ModelKind::Ordinary | ModelKind::Account) {
        return Ok(BTreeMap::new());
    }
    let mut select = select();
    select.push(ctx.core.db.dialect().lock());
    let rows = ctx.answer.read(ctx.source(), select).await?;
    rows.into_iter().map(|row| Ok((row_id(model, &row)?, row))).collect()
}

/// Checks a row that was just written or deleted.
///
/// # Errors
/// As for `look_at_all`.
pub(super) async fn look_at(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    row: &RawRow,
    giving: Giving<'_>,
) -> Result<(), ApiError> {
    look_at_all(ctx, model, scope, std::slice::from_ref(row), giving).await
}

/// Checks rows that one statement wrote or deleted.
///
/// # Errors
/// 400 for a permission that the schema does not have, 403 for granting more than the caller holds or for changing a
/// super user without being one, 409 for removing the last super user.
pub(super) async fn look_at_all(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    rows: &[RawRow],
    giving: Giving<'_>,
) -> Result<(), ApiError> {
    if model.meta.kind == ModelKind::Ordinary {
        return Ok(());
    }
    for row in rows {
        look(ctx, model, scope, row, giving).await?;
    }
    if model.meta.kind == ModelKind::Account { look_at_accounts(ctx, model, rows, giving).await } else { Ok(()) }
}

async fn look(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    row: &RawRow,
    giving: Giving<'_>,
) -> Result<(), ApiError> {
    if model.meta.kind == ModelKind::Permission && !matches!(giving, Giving::Deleted) {
        permission_exists(ctx.core, model.meta, row)?;
    }
    if scope.authority == Authority::Caller {
        if model.meta.kind == ModelKind::Account {
            if !ctx.principal.is_super_user() && is_super_user(model, row)? {
                return Err(ApiError::not_enough_permissions());
            }
            check_take_over(ctx, model, row, giving).await?;
        }
        check_giving(ctx, model.meta, row, giving).await?;
    }
    match (model.meta.kind, giving) {
        (ModelKind::Role, Giving::Changed(change)) => name_stays(ctx, model, row, change),
        _ => Ok(()),
    }
}

/// The numbers of super users and denials before a deletion whose cascades may remove some of them.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    super_users: Option<i64>,
    denials: Option<i64>,
}

impl Guarded {
    /// Counts the rows that the database may delete by cascade from rows of this model. An accepted schema has no such
    /// cascades, so nothing is counted there.
    pub(super) async fn before(ctx: &Context<'_>, model: &Model) -> Result<Self, ApiError> {
        let takes = model.takes_along;
        Ok(Self {
            super_users: if takes.accounts { Some(super_users(ctx).await?) } else { None },
            denials: if takes.overrides { Some(denials(ctx).await?) } else { None },
        })
    }

    /// # Errors
    /// 403 when a caller who is not a super user removed a super user or a denial, 409 when no super user is left.
    pub(super) async fn check(self, ctx: &Context<'_>, scope: &Scope) -> Result<(), ApiError> {
        let bounded = scope.authority == Authority::Caller && !ctx.principal.is_super_user();
        if let Some(before) = self.super_users {
            if bounded && super_users(ctx).await? < before {
                return Err(ApiError::not_enough_permissions());
            }
            last_super_user_stays(ctx).await?;
        }
        match self.denials {
            Some(before) if bounded && denials(ctx).await? < before => Err(cannot_grant()),
            _ => Ok(()),
        }
    }
}

async fn super_users(ctx: &Context<'_>) -> Result<i64, ApiError> {
    let model = ctx.core.account_model()?;
    let mut count = model.sql.statement("SELECT count(*) FROM ");
    count.identifier(model.meta.table).push(" WHERE \"is_super_user\" = ").bind(true);
    counted(ctx, count).await
}

async fn denials(ctx: &Context<'_>) -> Result<i64, ApiError> {
    let Some(model) = ctx.core.model_of(ModelKind::AccountPermission) else { return Ok(0) };
    let mut count = model.sql.statement("SELECT count(*) FROM ");
    count.identifier(model.meta.table).push(" WHERE \"effect\" = ").bind("deny");
    counted(ctx, count).await
}

async fn counted(ctx: &Context<'_>, count: Statement) -> Result<i64, ApiError> {
    let counted = ctx.source().one(count).await?;
    Ok(counted.as_ref().map_or(Ok(0), |row| Row::new(row).next())?)
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
fn name_stays(ctx: &Context<'_>, model: &Model, row: &RawRow, change: Change<'_>) -> Result<(), ApiError> {
    let renamed = model.meta.field_index("name").and_then(|field| change.values.get(field)).is_some();
    let Some(auth) = ctx.core.auth.as_ref().filter(|_| renamed) else { return Ok(()) };
    let before: String = column(model.meta, change.old(row_id(model, row)?)?, "name")?;
    let bound = ctx.core.catalogue.names_role(&before) || auth.meta.default_role == Some(before.as_str());
    if !bound || column::<String>(model.meta, row, "name")? == before {
        return Ok(());
    }
    Err(ApiError::conflict("RoleNamedInSchema", format!("The schema knows the role '{before}' by its name")))
}

/// Checks written or deleted accounts together: one super user must remain, and accounts that are locked out are logged
/// out.
async fn look_at_accounts(
    ctx: &Context<'_>,
    model: &Model,
    rows: &[RawRow],
    giving: Giving<'_>,
) -> Result<(), ApiError> {
    let mut lost = false;
    for row in rows {
        lost |= match giving {
            Giving::New => false,
            Giving::Changed(Change { values, .. }) => {
                takes(model.meta, values, "isSuperUser")
                    || (takes(model.meta, values, "isActive") && is_super_user(model, row)?)
            }
            Giving::Deleted => is_super_user(model, row)?,
        };
    }
    if lost {
        last_super_user_stays(ctx).await?;
    }
    if !shuts_out(model.meta, giving) {
        return Ok(());
    }
    let accounts = rows.iter().map(|row| row_id(model, row)).collect::<Result<Vec<_>, _>>()?;
    end_log_ins(ctx, &accounts).await
}

fn is_super_user(model: &Model, row: &RawRow) -> Result<bool, ApiError> {
    column(model.meta, row, "isSuperUser")
}

/// Checks a change of a field that identifies another account, such as its e-mail address: whoever controls the address
/// can reset the password, and so gains the rights of that account.
async fn check_take_over(ctx: &Context<'_>, model: &Model, row: &RawRow, giving: Giving<'_>) -> Result<(), ApiError> {
    let Giving::Changed(Change { values, .. }) = giving else { return Ok(()) };
    let identifies = |field: usize| {
        let field = &model.meta.fields[field];
        field.kind == FieldKind::Email || model.meta.uniques.iter().any(|unique| unique.fields == [field.name])
    };
    if !values.filled().any(|(field, _)| identifies(field)) {
        return Ok(());
    }
    check_taking_over(ctx, row_id(model, row)?).await
}

/// Whether the accounts are suspended or deleted, and so logged out: an old token must not work again after they are
/// restored.
fn shuts_out(meta: &ModelMeta, giving: Giving<'_>) -> bool {
    match giving {
        Giving::New => false,
        Giving::Changed(Change { values, .. }) => takes(meta, values, "isActive"),
        Giving::Deleted => meta.soft_delete,
    }
}

/// Whether the change sets this flag to false.
fn takes(meta: &ModelMeta, values: &RowValues, flag: &str) -> bool {
    let field = meta.field_index(flag);
    field.and_then(|field| values.get(field)).is_some_and(|value| *value == Value::Bool(Some(false)))
}

fn column<T: crate::db::FromColumn>(meta: &ModelMeta, row: &RawRow, name: &str) -> Result<T, ApiError> {
    let position = meta.field_index(name).ok_or_else(|| ApiError::internal(format!("{} has no {name}", meta.name)))?;
    Ok(Row::skipping(row, position).next()?)
}
