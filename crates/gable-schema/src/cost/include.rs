//! The cost of related rows in an answer: one statement per relation, and one row budget for all relations.

use gable_meta::limits::MAX_INCLUDED_RELATIONS;

use crate::schema::{Access, Model, QueryLimits, Relation, RelationKind, Schema, Who};

use super::{Bound, Cost};

/// The relations that requests can include, for each model.
pub(super) struct Includes {
    limits: QueryLimits,
    /// In the order of the models.
    reaches: Vec<Reach>,
}

/// The related rows that one row of a model can include.
#[derive(Clone, Copy, Default)]
struct Reach {
    /// Number of relation paths; each one takes a statement.
    paths: u64,
    /// Number of rows at the ends of the paths, without the row budget.
    rows: u64,
}

impl Includes {
    /// Computes the figures for a caller who may view everything.
    pub(super) fn of(schema: &Schema) -> Self {
        let limits = schema.app.query.clone();
        let none = vec![Reach::default(); schema.models.len()];
        let further = |nearer: Vec<Reach>, _| {
            schema.models.iter().map(|model| reach(schema, model, limits.max_limit.into(), &nearer)).collect()
        };
        let reaches = (0..limits.max_depth).fold(none, further);
        Self { limits, reaches }
    }

    /// Returns the cost for `rows` rows of the model at position `model`.
    pub(super) fn of_rows(&self, model: usize, rows: u64) -> Cost {
        let Reach { paths, rows: each } = self.reaches[model];
        let budget = u64::from(self.limits.max_included);
        Cost {
            // Each relation takes at least one row of the budget.
            statements: Bound::exactly(paths.min(u64::from(MAX_INCLUDED_RELATIONS)).min(budget)),
            rows: Bound::at_most(each.saturating_mul(rows).min(budget)),
        }
    }

    /// Returns the cost for one row that was read or written. The row is read once more for its foreign keys.
    pub(super) fn of_one(&self, model: usize) -> Cost {
        let again = Bound::exactly(u64::from(self.reaches[model].paths > 0));
        let Cost { statements, rows } = self.of_rows(model, 1);
        Cost { statements: again + statements, rows: again + rows }
    }
}

/// Extends the reach of each model, `nearer`, by one level of relations.
fn reach(schema: &Schema, model: &Model, max_limit: u64, nearer: &[Reach]) -> Reach {
    model.relations.iter().filter(|relation| is_followed(schema, model, relation)).fold(
        Reach::default(),
        |sum, relation| {
            let target = schema.models.iter().position(|model| model.name == relation.target);
            let behind = target.map(|target| nearer[target]).unwrap_or_default();
            let each = if is_to_many(&relation.kind) { max_limit } else { 1 };
            Reach {
                paths: sum.paths.saturating_add(1).saturating_add(behind.paths),
                rows: sum.rows.saturating_add(each.saturating_mul(behind.rows.saturating_add(1))),
            }
        },
    )
}

fn is_to_many(kind: &RelationKind) -> bool {
    matches!(kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
}

/// Returns false for a relation with a private key and for one to a model that nobody may view. Without accounts,
/// only models that are public may be viewed.
fn is_followed(schema: &Schema, model: &Model, relation: &Relation) -> bool {
    let Some(target) = schema.model(&relation.target) else { return false };
    let public = |access: &Access| access.action == "View" && access.rules.iter().any(|rule| rule.who == Who::Public);
    let viewed = schema.account().is_some() || target.access.iter().any(public);
    viewed && !has_private_key(schema, model, relation)
}

/// Returns true if the relation's foreign key is private.
pub(super) fn has_private_key(schema: &Schema, model: &Model, relation: &Relation) -> bool {
    let key = match &relation.kind {
        RelationKind::BelongsTo { field, .. } => model.field(field),
        RelationKind::HasOne { via } | RelationKind::HasMany { via } => {
            schema.model(&relation.target).and_then(|target| target.key(via))
        }
        RelationKind::ManyToMany { .. } => None,
    };
    key.is_some_and(|key| key.private)
}
