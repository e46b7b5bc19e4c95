//! What a row costs that the body of another one writes through relations.

use crate::schema::{Model, Relation, RelationKind, Schema};

use super::include::has_private_key;
use super::write::{Done, Form, Writes};
use super::{Bound, Cost, ONE};

/// The most that one more row in the body of a model adds, whichever model that row is of. None where a body names no rows.
pub(super) fn each(schema: &Schema, model: &Model) -> Option<Cost> {
    let costs = reached(schema, model).into_iter().map(|target| of_one(schema, target));
    costs.reduce(|one, other| Cost {
        statements: Bound::at_most(one.statements.most.max(other.statements.most)),
        rows: Bound::at_most(one.rows.most.max(other.rows.most)),
    })
}

/// The models of the rows that a body may name: bodies nest so deep, and the innermost may still name rows.
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

/// Rows `through` a model are written through that model; those whose key is private are nobody's to name.
fn is_named(schema: &Schema, model: &Model, relation: &Relation) -> bool {
    let through = matches!(relation.kind, RelationKind::ManyToMany { through: Some(_), .. });
    !through && !has_private_key(schema, model, relation)
}

/// Found by its id or by each of its unique indexes, then made, changed or deleted as by a request of its own, and linked.
/// Rows that it names itself are counted as such.
fn of_one(schema: &Schema, target: &Model) -> Cost {
    let writes = Writes::new(schema, target);
    let found = ONE + Bound::exactly(target.uniques.len() as u64);
    let keys = Bound::at_most(writes.references(Form::Create).most.max(writes.references(Form::Update).most));
    let guards =
        writes.guard(Done::New, 1) + writes.guard(Done::Changed, 1) + writes.guard(Done::Deleted, 1) + writes.hold();
    // The write, once more alone where many fail together, the link; the row that names it is read before it and again
    // after it, and so is the row itself where it names others. A row that may be there or not is looked for before.
    let written = Bound::exactly(3 + 2 + 2) + Bound::at_most(1);
    let once_more = Bound::at_most(writes.reading_again(Done::New).most.max(writes.reading_again(Done::Deleted).most));
    Cost {
        statements: found + keys + written + writes.still_within() + writes.moving() + guards + once_more,
        rows: ONE + keys + written + writes.still_within(),
    }
}
