//! Prevents privilege escalation: a caller cannot grant permissions that they do not hold. Checked after the write and
//! inside its transaction, so that the check sees the resulting state of the tables.

use crate::access::{AccessModels, CatalogueEntry, DynamicModels, Role, RowRule, granted, key_to, role_permissions};
use crate::context::{Context, RowWrite};
use crate::db::{BoundSql, RawRow, Row, values};
use crate::error::{ApiError, ErrorKind};
use crate::meta::{FieldKind, FieldMeta, IdKind, ModelKind, ModelMeta, Permission, PermissionSet};
use crate::model::{Id, RowValues, id_from};

/// Checks that a write to a role model grants nobody permissions that the caller does not hold. Super users may grant everything.
///
/// # Errors
/// 403 `CannotGrant` if it does.
pub(super) async fn check_granting(
    ctx: &Context<'_>,
    meta: &'static ModelMeta,
    row: &RawRow,
    write: RowWrite<'_>,
) -> Result<(), ApiError> {
    let Some(AccessModels { account, dynamic: Some(models), .. }) = access_models(ctx) else { return Ok(()) };
    if ctx.principal.is_super_user() {
        return Ok(());
    }
    let granter = Granter { ctx, account, models };
    match (meta.kind, write) {
        (ModelKind::Role, RowWrite::Created) => granter.role(id(meta, row, "id")?).await,
        // The YAML refers to roles by name: a new name changes which rules limit the role and which fields it opens.
        (ModelKind::Role, RowWrite::Changed(change)) if sets(meta, change.values, "name") => {
            granter.name(&text(meta, row, "name")?)?;
            granter.role(id(meta, row, "id")?).await
        }
        (ModelKind::Permission, _) => {
            let renames = |values| sets(meta, values, "resource") || sets(meta, values, "action");
            if matches!(write, RowWrite::Changed(change) if renames(change.values)) {
                granter.check_not_denied(id(meta, row, "id")?).await?;
            }
            // Checked on deletion as well: deleting a permission also deletes every denial of it.
            granter.pair(&text(meta, row, "resource")?, &text(meta, row, "action")?)
        }
        (ModelKind::AccountRole, RowWrite::Created | RowWrite::Changed(_)) => {
            granter.assignment(id(meta, row, key_to(meta, models.role))?).await
        }
        (ModelKind::AccountPermission, _) => granter.account_permission(meta, row, write).await,
        _ => Ok(()),
    }
}

/// Checks a change that would let the caller log in as another account, such as a change of its e-mail address.
///
/// # Errors
/// 403 `CannotGrant` if that account may do more than the caller. Super users and changes of one's own account pass.
pub(super) async fn check_take_over(ctx: &Context<'_>, account: Id) -> Result<(), ApiError> {
    let Some(access) = &ctx.core.access else { return Ok(()) };
    if ctx.principal.is_super_user() || ctx.principal.account() == Some(account) {
        return Ok(());
    }
    // A deactivated account has no rights at present, but may be activated again.
    let Some(other) = access.by_account(ctx.source(), account, ctx.now).await? else {
        return Err(cannot_grant());
    };
    let own = ctx.principal.require()?;
    let shared = |role: &Role| own.has_role(&role.name) && role.permissions.is_subset_of(&own.held);
    let mut more = other.allowed.clone();
    other.roles.iter().filter(|role| !shared(role)).for_each(|role| more.union(&role.permissions));
    more.subtract(&other.denied);
    let everywhere = |entry: &CatalogueEntry| granted(entry.meta, entry.action, &ctx.principal) == Some(RowRule::Every);
    let within = ctx.core.catalogue.iter().all(|entry| !more.contains(entry.action.permission) || everywhere(entry));
    if within && !other.super_user { Ok(()) } else { Err(cannot_grant()) }
}

fn access_models<'r>(ctx: &Context<'r>) -> Option<&'r AccessModels> {
    ctx.core.access.as_ref().map(|access| &access.models)
}

struct Granter<'a, 'r> {
    ctx: &'a Context<'r>,
    account: &'static ModelMeta,
    models: &'a DynamicModels,
}

impl Granter<'_, '_> {
    /// Checks every permission of a role.
    async fn role(&self, role: Id) -> Result<(), ApiError> {
        let Some((join, role_column, permission_column)) = role_permissions(self.models) else { return Ok(()) };
        let text = format!(
            r#"SELECT p."resource", p."action" FROM "{join}" j JOIN "{}" p ON p."id" = j."{permission_column}"
               WHERE j."{role_column}" = ?"#,
            self.models.permission.table
        );
        self.pairs(BoundSql::named(text, values![role])).await
    }

    /// Checks the assignment of a role. Giving away a role that the caller has is allowed, unless the caller was denied
    /// one of its permissions; for any other role the caller must hold each permission.
    async fn assignment(&self, role: Id) -> Result<(), ApiError> {
        let text = format!(r#"SELECT "name" FROM "{}" WHERE "id" = ?"#, self.models.role.table);
        let found = self.ctx.source().one(BoundSql::named(text, values![role])).await?;
        let name: Option<String> = found.map(|result| Row::new(&result).next()).transpose()?;
        let Some(name) = name else { return self.role(role).await };
        self.name(&name)?;
        if self.own_role(&name).is_some_and(|(own, held)| own.permissions.is_subset_of(held)) {
            return Ok(());
        }
        self.role(role).await
    }

    /// The caller's role of this name, and all permissions that the caller holds; `None` if they do not have the role.
    fn own_role(&self, name: &str) -> Option<(&Role, &PermissionSet)> {
        let identity = self.ctx.principal.identity()?;
        let role = identity.roles.iter().find(|role| role.name == name)?;
        Some((role, &identity.held))
    }

    /// Checks the name of a role: if `access` of a field lists it, the name alone grants access to that field, so the
    /// caller must have the role.
    fn name(&self, name: &str) -> Result<(), ApiError> {
        let opens = |field: &FieldMeta| {
            [field.read_roles, field.write_roles].iter().flatten().any(|roles| roles.contains(&name))
        };
        let opens_fields = self.ctx.core.catalogue.iter().any(|entry| entry.meta.fields.iter().any(opens));
        if opens_fields && self.own_role(name).is_none() { Err(cannot_grant()) } else { Ok(()) }
    }

    /// Checks an override of an account. A change counts as the deletion of the old override and the creation of a new
    /// one.
    async fn account_permission(&self, meta: &ModelMeta, row: &RawRow, write: RowWrite<'_>) -> Result<(), ApiError> {
        match write {
            RowWrite::Created => self.check_added_override(meta, row).await,
            RowWrite::Deleted => self.check_removed_override(meta, row).await,
            RowWrite::Changed(change) => {
                let old = change.old(id(meta, row, "id")?)?;
                if !self.is_same_override(meta, old, row)? {
                    self.check_removed_override(meta, old).await?;
                }
                self.check_added_override(meta, row).await
            }
        }
    }

    /// Checks a new override: allowing a permission grants it.
    async fn check_added_override(&self, meta: &ModelMeta, row: &RawRow) -> Result<(), ApiError> {
        if denies(meta, row)? { Ok(()) } else { self.permission(self.overridden(meta, row)?).await }
    }

    /// Checks a removed override: removing a denial grants the permission.
    async fn check_removed_override(&self, meta: &ModelMeta, row: &RawRow) -> Result<(), ApiError> {
        if denies(meta, row)? { self.permission(self.overridden(meta, row)?).await } else { Ok(()) }
    }

    fn overridden(&self, meta: &ModelMeta, row: &RawRow) -> Result<Id, ApiError> {
        id(meta, row, key_to(self.models.account_permission, self.models.permission))
    }

    /// Whether two overrides allow or deny the same permission to the same account.
    fn is_same_override(&self, meta: &ModelMeta, old: &RawRow, new: &RawRow) -> Result<bool, ApiError> {
        let account = key_to(self.models.account_permission, self.account);
        let same_account = id(meta, old, account)? == id(meta, new, account)?;
        let same_permission = self.overridden(meta, old)? == self.overridden(meta, new)?;
        Ok(same_account && same_permission && denies(meta, old)? == denies(meta, new)?)
    }

    async fn permission(&self, permission: Id) -> Result<(), ApiError> {
        let text = format!(r#"SELECT "resource", "action" FROM "{}" WHERE "id" = ?"#, self.models.permission.table);
        self.pairs(BoundSql::named(text, values![permission])).await
    }

    /// Refuses to turn a permission into another one while an account is denied it: the denials would move to the new
    /// permission, and the old one would no longer be denied.
    async fn check_not_denied(&self, permission: Id) -> Result<(), ApiError> {
        let overrides = self.models.account_permission;
        let key = key_to(overrides, self.models.permission);
        let text = format!(r#"SELECT "id" FROM "{}" WHERE "effect" = 'deny' AND "{key}" = ? LIMIT 1"#, overrides.table);
        let select = BoundSql::named(text, values![permission]);
        if self.ctx.source().one(select).await?.is_some() { Err(cannot_grant()) } else { Ok(()) }
    }

    async fn pairs(&self, select: BoundSql) -> Result<(), ApiError> {
        for result in self.ctx.source().all(select).await? {
            let mut row = Row::new(&result);
            let (resource, action): (String, String) = (row.next()?, row.next()?);
            self.pair(&resource, &action)?;
        }
        Ok(())
    }

    /// Checks that the caller holds the permission of a pair. A pair that the schema does not have grants nothing.
    fn pair(&self, resource: &str, action: &str) -> Result<(), ApiError> {
        let found = self.ctx.core.catalogue.find(resource, action);
        if found.is_none_or(|permission| self.holds_everywhere(permission)) { Ok(()) } else { Err(cannot_grant()) }
    }

    /// Whether the caller holds the permission for every row: a permission that is limited to some rows cannot be
    /// granted, since the recipient would get it for all rows.
    fn holds_everywhere(&self, permission: Permission) -> bool {
        let entry = self.ctx.core.catalogue.entry(permission);
        entry.is_some_and(|entry| granted(entry.meta, entry.action, &self.ctx.principal) == Some(RowRule::Every))
    }
}

pub(super) fn cannot_grant() -> ApiError {
    ApiError::of(ErrorKind::Forbidden, "CannotGrant", "Nobody can grant more than they hold")
}

fn position(meta: &ModelMeta, column: &str) -> Result<usize, ApiError> {
    let found = meta.fields.iter().position(|field| field.column == column);
    found.ok_or_else(|| ApiError::internal(format!("{} has no column {column}", meta.name)))
}

fn id(meta: &ModelMeta, row: &RawRow, column: &str) -> Result<Id, ApiError> {
    let position = position(meta, column)?;
    let kind = match meta.fields[position].kind {
        FieldKind::Uuid => IdKind::Uuid,
        _ => IdKind::Integer,
    };
    Ok(id_from(&mut Row::skipping(row, position), kind)?)
}

fn text(meta: &ModelMeta, row: &RawRow, column: &str) -> Result<String, ApiError> {
    Ok(Row::skipping(row, position(meta, column)?).next()?)
}

fn denies(meta: &ModelMeta, row: &RawRow) -> Result<bool, ApiError> {
    Ok(text(meta, row, "effect")? != "allow")
}

fn sets(meta: &ModelMeta, values: &RowValues, column: &str) -> bool {
    values.filled().any(|(field, _)| meta.fields[field].column == column)
}
