//! Related rows inside an answer: a statement for each relation, and rows within one budget for all of them.

use crate::schema::{Access, Model, QueryLimits, Relation, RelationKind, Schema, Who};

use super::{Bound, Cost};

/// What the runtime has fixed: relations in one request.
const MOST_RELATIONS: u64 = 50;

/// How far the relations of each model lead.
pub(super) struct Includes {
    limits: QueryLimits,
    /// In the order of the models.
    reaches: Vec<Reach>,
}

/// What is to be had from one row of a model.
#[derive(Clone, Copy, Default)]
struct Reach {
    /// Paths of relations, each of which is a statement.
    paths: u64,
    /// Rows at their ends, were there no budget.
    rows: u64,
}

impl Includes {
    /// As who may view everything sees it.
    pub(super) fn of(schema: &Schema) -> Self {
        let limits = schema.app.query.clone();
        let none = vec![Reach::default(); schema.models.len()];
        let further = |nearer: Vec<Reach>, _| {
            schema.models.iter().map(|model| reach(schema, model, limits.max_limit.into(), &nearer)).collect()
        };
        let reaches = (0..limits.max_depth).fold(none, further);
        Self { limits, reaches }
    }

    /// For so many rows of a model, whose position this is.
    pub(super) fn of_rows(&self, model: usize, rows: u64) -> Cost {
        let Reach { paths, rows: each } = self.reaches[model];
        let budget = u64::from(self.limits.max_included);
        Cost {
            // A relation takes a row of the budget at least.
            statements: Bound::exactly(paths.min(MOST_RELATIONS).min(budget)),
            rows: Bound::at_most(each.saturating_mul(rows).min(budget)),
        }
    }

    /// The same for one row that was read or written. It is read once more, for the keys that lead elsewhere.
    pub(super) fn of_one(&self, model: usize) -> Cost {
        let again = Bound::exactly(u64::from(self.reaches[model].paths > 0));
        let Cost { statements, rows } = self.of_rows(model, 1);
        Cost { statements: again + statements, rows: again + rows }
    }
}

/// One relation further than `nearer` leads.
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

/// A relation whose key nobody may read is there for nobody; nor is one to a model that nobody may view, which without
/// accounts is what is not public.
fn is_followed(schema: &Schema, model: &Model, relation: &Relation) -> bool {
    let Some(target) = schema.model(&relation.target) else { return false };
    let public = |access: &Access| access.action == "View" && access.rules.iter().any(|rule| rule.who == Who::Public);
    let viewed = schema.account().is_some() || target.access.iter().any(public);
    viewed && !has_private_key(schema, model, relation)
}

/// Whether nobody may know along which key the relation leads.
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
