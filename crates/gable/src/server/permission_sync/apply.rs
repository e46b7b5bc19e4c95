//! Changes the role tables.

use sea_orm::Value;
use uuid::Uuid;

use super::difference::Difference;
use super::grant::{Grant, Mark, Prune};
use super::tables::Tables;
use crate::access::{DynamicModels, role_permissions};
use crate::context::Core;
use crate::db::{BoundSql, DbError, Row, Source, values};
use crate::meta::{IdKind, ModelMeta, Origin};
use crate::model::{Id, id_from};

impl Tables {
    /// Writes the difference to the tables, so that they agree with the YAML.
    pub(super) async fn apply(
        mut self,
        core: &Core,
        source: Source<'_>,
        models: &DynamicModels,
        difference: &Difference,
        prune: Prune,
    ) -> Result<(), DbError> {
        for role in &difference.missing_roles {
            let id = insert(core, source, models.role, &[("name", role)]).await?;
            self.roles.insert(role.clone(), id);
        }
        for (resource, action) in &difference.missing_permissions {
            let id = insert(core, source, models.permission, &[("resource", resource), ("action", action)]).await?;
            self.permissions.insert((resource.clone(), action.clone()), id);
        }
        for grant in difference.marked(Mark::YamlOnly) {
            self.link(source, models, grant).await?;
        }
        if prune == Prune::Yes {
            self.prune(source, models, difference).await?;
        }
        Ok(())
    }

    async fn link(&self, source: Source<'_>, models: &DynamicModels, grant: &Grant) -> Result<(), DbError> {
        let Some((role, permission)) = self.ids(grant) else { return Ok(()) };
        let Some((table, role_column, permission_column)) = role_permissions(models) else { return Ok(()) };
        let text = format!(
            r#"INSERT INTO "{table}" ("{role_column}", "{permission_column}") VALUES (?, ?) ON CONFLICT DO NOTHING"#
        );
        source.execute(BoundSql::named(text, values![role, permission])).await?;
        Ok(())
    }

    /// Removes grants that the YAML does not have, and permissions that the schema does not have. Roles stay, since
    /// accounts may have them.
    async fn prune(&self, source: Source<'_>, models: &DynamicModels, difference: &Difference) -> Result<(), DbError> {
        let Some((table, role_column, permission_column)) = role_permissions(models) else { return Ok(()) };
        for grant in difference.marked(Mark::TablesOnly) {
            let Some((role, permission)) = self.ids(grant) else { continue };
            let text = format!(r#"DELETE FROM "{table}" WHERE "{role_column}" = ? AND "{permission_column}" = ?"#);
            source.execute(BoundSql::named(text, values![role, permission])).await?;
        }
        for pair in &difference.unknown_permissions {
            let Some(id) = self.permissions.get(pair) else { continue };
            let text = format!(r#"DELETE FROM "{}" WHERE "id" = ?"#, models.permission.table);
            source.execute(BoundSql::named(text, values![*id])).await?;
        }
        Ok(())
    }
}

/// Inserts a row of a role model with these field values and returns its id.
async fn insert(
    core: &Core,
    source: Source<'_>,
    meta: &'static ModelMeta,
    given: &[(&str, &String)],
) -> Result<Id, DbError> {
    let mut columns: Vec<(&str, Value)> = Vec::new();
    for field in meta.fields {
        match field.origin {
            Origin::Id if meta.id == IdKind::Uuid => columns.push((field.column, Uuid::now_v7().into())),
            Origin::CreatedAt | Origin::UpdatedAt => columns.push((field.column, core.now().into())),
            _ => {
                let text = given.iter().find(|(name, _)| *name == field.name);
                columns.extend(text.map(|(_, text)| (field.column, Value::from(text.as_str()))));
            }
        }
    }
    let mut insert = source.statement("INSERT INTO ");
    insert.identifier(meta.table).push(" (");
    insert.join(", ", &columns, |insert, (column, _)| insert.identifier(column)).push(") VALUES (");
    insert.join(", ", &columns, |insert, (_, value)| insert.bind(value.clone())).push(") RETURNING \"id\"");
    match source.one(insert).await? {
        Some(result) => id_from(&mut Row::new(&result), meta.id),
        None => Err(DbError::other("an INSERT answered with no row")),
    }
}
