//! The cost of related rows that the body of another row creates, changes or links.

use crate::schema::{Model, Relation, RelationKind, Schema};

use super::include::has_private_key;
use super::write::{InputKind, RowChange, Writes};
use super::{Bound, Cost, ONE};

/// Returns the highest cost of one more related row in a body, over all models that it may belong to; `None` if
/// bodies of the model name no rows.
pub(super) fn each(schema: &Schema, model: &Model) -> Option<Cost> {
    let costs = reached(schema, model).into_iter().map(|target| of_one(schema, target));
    costs.reduce(|one, other| Cost {
        statements: Bound::at_most(one.statements.most.max(other.statements.most)),
        rows: Bound::at_most(one.rows.most.max(other.rows.most)),
    })
}

/// Returns the models whose rows a body may name, down to the maximum depth of nesting plus one.
fn reached<'s>(schema: &'s Schema, model: &'s Model) -> Vec<&'s Model> {
    let mut found: Vec<&Model> = Vec::new();
    let mut level = vec![model];
    for _ in 0..=schema.app.query.max_depth {
        let ends =
            level.iter().flat_map(|model| model.relations.iter().filter(|relation| is_named(schema, model, relation)));
        let targets = ends.filter_map(|relation| schema.model(&relation.target));
        let mut next: Vec<&Model> = Vec::new();
        for target in targets {
            if !found.iter().any(|known| known.name == target.name) {
                found.push(target);
                next.push(target);
            }
        }
        level = next;
    }
    found
}

/// Returns false for relations `through` a model, which are written through that model, and for those with a private
/// key.
fn is_named(schema: &Schema, model: &Model, relation: &Relation) -> bool {
    let through = matches!(relation.kind, RelationKind::ManyToMany { through: Some(_), .. });
    !through && !has_private_key(schema, model, relation)
}

/// The cost of one related row: found by its id or by each unique index, then created, changed or deleted as by a
/// request of its own, and linked. Rows that it names itself are counted separately.
fn of_one(schema: &Schema, target: &Model) -> Cost {
    let writes = Writes::new(schema, target);
    let found = ONE + Bound::exactly(target.uniques.len() as u64);
    let keys = Bound::at_most(writes.references(InputKind::Create).most.max(writes.references(InputKind::Update).most));
    let guards = writes.guard(RowChange::Created, 1)
        + writes.guard(RowChange::Updated, 1)
        + writes.guard(RowChange::Deleted, 1)
        + writes.serialization();
    // The write, a retry alone if a batch fails, and the link; two reads of the row that names it, before and after;
    // two reads of the row itself if it names others. An upsert first looks for its row.
    let written = Bound::exactly(3 + 2 + 2) + Bound::at_most(1);
    let once_more = Bound::at_most(writes.reload(RowChange::Created).most.max(writes.reload(RowChange::Deleted).most));
    Cost {
        statements: found + keys + written + writes.scope_check() + writes.address_change() + guards + once_more,
        rows: ONE + keys + written + writes.scope_check(),
    }
}
