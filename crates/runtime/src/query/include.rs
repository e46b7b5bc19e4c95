//! Reading included rows: one statement for each relation that is included, however many rows include it.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};

use sea_orm::QueryResult;

use super::selection::{Include, Selection};
use super::sql::{self, Table};
use crate::access::{id_from, optional_id};
use crate::core::Core;
use crate::db::{DbError, Row, Source, Statement};
use crate::resource::{AnyResource, Id, ModelMeta, RelationKind};

/// Rows of one relation, and which of them belong to whom.
pub(crate) struct Included<'a> {
    pub(crate) include: &'a Include,
    pub(crate) resource: &'a dyn AnyResource,
    /// `Vec<R>`
    pub(crate) records: Box<dyn Any>,
    /// By the id of the row that includes them, in their order.
    by_parent: HashMap<Id, Vec<usize>>,
    pub(crate) nested: Vec<Included<'a>>,
}

impl Included<'_> {
    /// Positions in `records`.
    pub(crate) fn of(&self, parent: Id) -> &[usize] {
        self.by_parent.get(&parent).map_or(&[], Vec::as_slice)
    }
}

/// Everything that a selection includes for these rows.
///
/// # Errors
/// The database cannot be asked.
pub(crate) async fn load<'a>(
    core: &'a Core,
    source: Source<'_>,
    meta: &'static ModelMeta,
    selection: &'a Selection,
    parents: &[QueryResult],
) -> Result<Vec<Included<'a>>, DbError> {
    let mut all = Vec::with_capacity(selection.includes.len());
    for include in &selection.includes {
        all.push(one(core, source, meta, include, parents).await?);
    }
    Ok(all)
}

async fn one<'a>(
    core: &'a Core,
    source: Source<'_>,
    meta: &'static ModelMeta,
    include: &'a Include,
    parents: &[QueryResult],
) -> Result<Included<'a>, DbError> {
    let target = core.model(include.relation.target);
    let target = target.ok_or_else(|| DbError::Other(sea_orm::DbErr::Custom("a relation leads nowhere".to_owned())))?;
    let keys = keys(meta, target.meta, include, parents)?;
    let wanted: BTreeSet<Id> = keys.iter().map(|(_, key)| *key).collect();
    let rows = if wanted.is_empty() { Vec::new() } else { source.all(statement(core, include, &wanted)).await? };
    let by_parent = match include.relation.kind {
        RelationKind::BelongsTo { .. } => of_keys(target.meta, &keys, &rows)?,
        kind => of_children(meta, target.meta, kind, &rows)?,
    };
    let nested = Box::pin(load(core, source, target.meta, &include.selection, &rows)).await?;
    let records = target.resource.decode_many(&mut rows.iter().map(Row::new))?;
    Ok(Included { include, resource: target.resource.as_ref(), records, by_parent, nested })
}

/// The rows that include, and what leads from each of them to the others.
fn keys(
    meta: &ModelMeta,
    target: &ModelMeta,
    include: &Include,
    parents: &[QueryResult],
) -> Result<Vec<(Id, Id)>, DbError> {
    let (column, kind) = match include.relation.kind {
        RelationKind::BelongsTo { field } => (meta.field_index(field).unwrap_or_default(), target.id),
        _ => (0, meta.id),
    };
    let mut keys = Vec::with_capacity(parents.len());
    for parent in parents {
        let id = id_from(&mut Row::new(parent), meta.id)?;
        let key = optional_id(&mut Row::skipping(parent, column), kind)?;
        keys.extend(key.map(|key| (id, key)));
    }
    Ok(keys)
}

/// To one: many may share it.
fn of_keys(target: &ModelMeta, keys: &[(Id, Id)], rows: &[QueryResult]) -> Result<HashMap<Id, Vec<usize>>, DbError> {
    let mut places = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        places.insert(id_from(&mut Row::new(row), target.id)?, place);
    }
    Ok(keys.iter().filter_map(|(parent, key)| Some((*parent, vec![*places.get(key)?]))).collect())
}

/// To many: each row names whose it is, in its own key or behind its columns.
fn of_children(
    parent: &ModelMeta,
    target: &ModelMeta,
    kind: RelationKind,
    rows: &[QueryResult],
) -> Result<HashMap<Id, Vec<usize>>, DbError> {
    let column = match kind {
        RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            target.field_index(field).unwrap_or_default()
        }
        _ => target.fields.len(),
    };
    let mut by_parent: HashMap<Id, Vec<usize>> = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        if let Some(id) = optional_id(&mut Row::skipping(row, column), parent.id)? {
            by_parent.entry(id).or_default().push(place);
        }
    }
    Ok(by_parent)
}

/// The rows that these keys lead to: for relations to many, the first of each, ranked by the database.
fn statement(core: &Core, include: &Include, wanted: &BTreeSet<Id>) -> Statement {
    let table = Table::included(include.view.meta);
    let mut statement = Statement::new(core.db.dialect(), "SELECT ");
    if include.is_to_many() {
        columns(&mut statement, table, "");
        let is_linked = matches!(include.relation.kind, RelationKind::ManyToMany { .. });
        statement.push(if is_linked { ", \"gable_parent\" FROM (SELECT " } else { " FROM (SELECT " });
        columns(&mut statement, table, "t1.");
        rank(&mut statement, include, table);
    } else {
        columns(&mut statement, table, "t1.");
    }
    from(&mut statement, include, table);
    statement.push(" IN (").join(", ", wanted, |statement, id| statement.bind(*id)).push(")");
    sql::visible(&mut statement, table, &include.view.scope);
    if include.is_to_many() {
        statement.push(") ranked WHERE \"gable_rank\" <= ").bind(i64::from(include.limit));
        statement.push(" ORDER BY \"gable_rank\"");
    }
    statement
}

fn columns(statement: &mut Statement, table: Table, alias: &str) {
    statement.join(", ", table.meta.fields, |statement, field| statement.push(alias).identifier(field.column));
}

/// `, j1."post_id" AS "gable_parent", ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) AS "gable_rank"`
fn rank(statement: &mut Statement, include: &Include, table: Table) {
    if let RelationKind::ManyToMany { this_column, .. } = include.relation.kind {
        statement.push(", j1.").identifier(this_column).push(" AS \"gable_parent\"");
    }
    statement.push(", ROW_NUMBER() OVER (PARTITION BY ");
    belonging(statement, include, table);
    statement.push(" ORDER BY ");
    sql::order(statement, table, &include.sort);
    statement.push(") AS \"gable_rank\"");
}

/// ` FROM … WHERE` and the column that says whose a row is.
fn from(statement: &mut Statement, include: &Include, table: Table) {
    statement.push(" FROM ").identifier(table.meta.table).push(" t1");
    if let RelationKind::ManyToMany { table: links, target_column, .. } = include.relation.kind {
        statement.push(" JOIN ").identifier(links).push(" j1 ON j1.").identifier(target_column).push(" = t1.\"id\"");
    }
    statement.push(" WHERE ");
    belonging(statement, include, table);
}

fn belonging(statement: &mut Statement, include: &Include, table: Table) {
    match include.relation.kind {
        RelationKind::BelongsTo { .. } => statement.push("t1.\"id\""),
        RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            statement.push("t1.").identifier(sql::column_of(table.meta, field))
        }
        RelationKind::ManyToMany { this_column, .. } => statement.push("j1.").identifier(this_column),
    };
}
