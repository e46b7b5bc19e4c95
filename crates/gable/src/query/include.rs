//! Loads included rows with one statement per included relation, however many rows include it.

use std::collections::{BTreeSet, HashMap};

use super::selection::{Include, Selection};
use super::{ModelSet, include_sql};
use crate::db::{DbError, RawRow, Row, Source};
use crate::error::ApiError;
use crate::meta::{ModelMeta, RelationKind};
use crate::model::{AnswerBudget, Id, id_from, optional_id};

/// The included rows of one relation, and the rows to which they belong.
pub(crate) struct Included<'a> {
    pub(crate) include: &'a Include,
    pub(crate) meta: &'static ModelMeta,
    /// In no order. No interceptor sees them, so that they are not decoded.
    pub(crate) rows: Vec<RawRow>,
    /// Positions in `rows` by the id of the including row, in order.
    by_parent: HashMap<Id, Vec<usize>>,
    pub(crate) nested: Vec<Included<'a>>,
}

impl Included<'_> {
    /// Positions in `rows` of the rows that this row includes.
    pub(crate) fn of(&self, parent: Id) -> &[usize] {
        self.by_parent.get(&parent).map_or(&[], Vec::as_slice)
    }
}

/// Loads everything that a selection includes for these rows.
///
/// # Errors
/// Errors of the database, and rows that take more bytes than the answer may have.
pub(crate) async fn load<'a>(
    models: &'a ModelSet,
    (source, budget): (Source<'_>, &AnswerBudget),
    meta: &'static ModelMeta,
    selection: &'a Selection,
    parents: &[RawRow],
) -> Result<Vec<Included<'a>>, ApiError> {
    let mut all = Vec::with_capacity(selection.includes.len());
    for include in &selection.includes {
        all.push(one(models, (source, budget), meta, include, parents).await?);
    }
    Ok(all)
}

async fn one<'a>(
    models: &'a ModelSet,
    (source, budget): (Source<'_>, &AnswerBudget),
    meta: &'static ModelMeta,
    include: &'a Include,
    parents: &[RawRow],
) -> Result<Included<'a>, ApiError> {
    let target = models.find(include.relation.target);
    let target = target.ok_or_else(|| DbError::other("a relation leads nowhere"))?;
    let keys = keys(meta, target.meta, include, parents)?;
    let wanted: BTreeSet<Id> = keys.iter().map(|(_, key)| *key).collect();
    let rows = if wanted.is_empty() {
        Vec::new()
    } else {
        budget.read(source, include_sql::statement(&target.sql, include, &wanted)).await?
    };
    let by_parent = match include.relation.kind {
        RelationKind::BelongsTo { .. } => of_keys(target.meta, &keys, &rows)?,
        kind => of_children(meta, target.meta, kind, &rows)?,
    };
    let nested = Box::pin(load(models, (source, budget), target.meta, &include.selection, &rows)).await?;
    Ok(Included { include, meta: target.meta, rows, by_parent, nested })
}

/// The id of each including row, with the key that leads to its included rows.
fn keys(meta: &ModelMeta, target: &ModelMeta, include: &Include, parents: &[RawRow]) -> Result<Vec<(Id, Id)>, DbError> {
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

/// For a key in the including rows: several of them may share an included row.
fn of_keys(target: &ModelMeta, keys: &[(Id, Id)], rows: &[RawRow]) -> Result<HashMap<Id, Vec<usize>>, DbError> {
    let mut places = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        places.insert(id_from(&mut Row::new(row), target.id)?, place);
    }
    Ok(keys.iter().filter_map(|(parent, key)| Some((*parent, vec![*places.get(key)?]))).collect())
}

/// For a key in the included rows: each contains the id of its including row, in its own key or in an extra column at
/// the end.
fn of_children(
    parent: &ModelMeta,
    target: &ModelMeta,
    kind: RelationKind,
    rows: &[RawRow],
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
