//! Reads the role tables.

use std::collections::{BTreeMap, BTreeSet};

use super::grant::Grant;
use crate::access::{DynamicModels, role_permissions};
use crate::db::{BoundSql, DbError, Row, Source, values};
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

    pub(super) fn ids(&self, grant: &Grant) -> Option<(Id, Id)> {
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
