//! Reads the role tables and changes them.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::Value;
use uuid::Uuid;

use super::difference::{Difference, Grant, Mark, Prune};
use crate::access::{DynamicModels, role_permissions};
use crate::context::Core;
use crate::db::{BoundSql, DbError, Row, Source, values};
use crate::meta::{IdKind, ModelMeta, Origin};
use crate::model::{Id, id_from};

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) roles: BTreeMap<String, Id>,
    /// by (resource, action)
    pub(super) permissions: BTreeMap<(String, String), Id>,
    pub(super) grants: BTreeSet<Grant>,
}

/// Whether there are neither roles nor permissions.
pub(super) async fn are_empty(source: Source<'_>, models: &DynamicModels) -> Result<bool, DbError> {
    for meta in [models.role, models.permission] {
        let sql = format!("SELECT \"id\" FROM \"{}\" LIMIT 1", meta.table);
        if source.one(BoundSql::named(sql, values![])).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Tables {
    pub(super) async fn load(source: Source<'_>, models: &DynamicModels) -> Result<Self, DbError> {
        let mut tables = Self::default();
        let sql = format!("SELECT \"id\", \"name\" FROM \"{}\"", models.role.table);
        for result in source.all(BoundSql::named(sql, values![])).await? {
            let mut row = Row::new(&result);
            let id = id_from(&mut row, models.role.id)?;
            tables.roles.insert(row.next()?, id);
        }
        let sql = format!("SELECT \"id\", \"resource\", \"action\" FROM \"{}\"", models.permission.table);
        for result in source.all(BoundSql::named(sql, values![])).await? {
            let mut row = Row::new(&result);
            let id = id_from(&mut row, models.permission.id)?;
            tables.permissions.insert((row.next()?, row.next()?), id);
        }
        tables.grants = load_grants(source, models).await?;
        Ok(tables)
    }

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

    fn ids(&self, grant: &Grant) -> Option<(Id, Id)> {
        let permission = self.permissions.get(&(grant.resource.clone(), grant.action.clone()))?;
        Some((*self.roles.get(&grant.role)?, *permission))
    }
}

async fn load_grants(source: Source<'_>, models: &DynamicModels) -> Result<BTreeSet<Grant>, DbError> {
    let Some((join, role, permission)) = role_permissions(models) else { return Ok(BTreeSet::new()) };
    let sql = format!(
        "SELECT r.\"name\", p.\"resource\", p.\"action\" FROM \"{join}\" j JOIN \"{}\" r ON r.\"id\" = j.\"{role}\" \
         JOIN \"{}\" p ON p.\"id\" = j.\"{permission}\"",
        models.role.table, models.permission.table
    );
    let rows = source.all(BoundSql::named(sql, values![])).await?;
    let grant = |mut row: Row<'_>| Ok(Grant { role: row.next()?, resource: row.next()?, action: row.next()? });
    rows.iter().map(Row::new).map(grant).collect()
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
