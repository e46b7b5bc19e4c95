//! Pairs the two sides of every `manyToMany` relation, and determines the join table they share.

use std::collections::HashMap;

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftKind, DraftModel, DraftRelation};
use crate::names;
use crate::nearest::{alternatives, suggestion};
use crate::node::Spanned;
use crate::schema::RelationKind;

use super::CheckContext;

/// Key of a side: (model, relation).
pub(crate) type Joins = HashMap<(String, String), RelationKind>;

/// One declared side.
#[derive(Clone, Copy)]
struct Side<'d, 'n> {
    model: &'d DraftModel<'n>,
    relation: &'d DraftRelation,
    target: &'d DraftModel<'n>,
    via: Option<&'d Spanned<String>>,
    through: Option<&'d Spanned<String>>,
}

impl<'d> Side<'d, '_> {
    fn key(&self) -> (String, String) {
        (self.model.name.value.clone(), self.relation.name.value.clone())
    }

    fn name(&self) -> &'d str {
        &self.relation.name.value
    }

    fn is(&self, other: &Side<'_, '_>) -> bool {
        self.model.name.value == other.model.name.value && self.name() == other.name()
    }

    fn leads_to(&self, other: &Side<'_, '_>) -> bool {
        self.target.name.value == other.model.name.value
    }

    fn is_to_itself(&self) -> bool {
        self.model.name.value == self.target.name.value
    }
}

pub(crate) fn resolve(context: &CheckContext<'_, '_>, sink: &mut Sink) -> Joins {
    let sides = sides(context, sink);
    let mut joins = Joins::new();
    let mut tables: HashMap<String, (String, String)> = HashMap::new();
    for side in &sides {
        if joins.contains_key(&side.key()) {
            continue;
        }
        let Ok(other) = partner(side, &sides, sink) else {
            continue;
        };
        let Some((here, there)) = join(context, side, other, sink) else {
            continue;
        };
        if side.through.is_none() {
            claim_table(side, &here, &mut tables, sink);
        }
        joins.insert(side.key(), here);
        if let Some(other) = other {
            joins.insert(other.key(), there);
        }
    }
    joins
}

fn sides<'d, 'n>(context: &CheckContext<'d, 'n>, sink: &mut Sink) -> Vec<Side<'d, 'n>> {
    let mut sides = Vec::new();
    for model in context.drafts {
        for relation in &model.relations {
            let DraftKind::ManyToMany { via, through } = &relation.kind else {
                continue;
            };
            let referrer = format!("relation `{}`", relation.name.value);
            let Some(target) = context.resolve(&referrer, &relation.target, sink) else {
                continue;
            };
            sides.push(Side { model, relation, target, via: via.as_ref(), through: through.as_ref() });
        }
    }
    sides
}

/// Finds the declaration on the other side, if there is one. An error means that the problem was reported.
fn partner<'s, 'd, 'n>(
    side: &Side<'d, 'n>,
    sides: &'s [Side<'d, 'n>],
    sink: &mut Sink,
) -> Result<Option<&'s Side<'d, 'n>>, ()> {
    let opposite = || sides.iter().filter(|other| !other.is(side) && side.leads_to(other) && other.leads_to(side));
    if let Some(via) = side.via {
        return named_partner(side, via, opposite().collect(), sink).map(Some);
    }
    // Another side may name this one in its `via`.
    if let Some(other) = opposite().find(|other| other.via.is_some_and(|via| via.value == side.name())) {
        return Ok(Some(other));
    }
    // A relation of a model with itself has two ends of the same kind: only `via` can pair them.
    if side.is_to_itself() {
        return Ok(None);
    }
    let free = |other: &&Side<'_, '_>| other.via.is_none() && other.through.map(text) == side.through.map(text);
    let competitors = sides.iter().filter(|other| {
        other.model.name.value == side.model.name.value
            && other.target.name.value == side.target.name.value
            && free(other)
            && !is_named(other, sides)
    });
    let candidates: Vec<_> = opposite().filter(free).filter(|other| !is_named(other, sides)).collect();
    let alone = side.through.is_some() || competitors.count() == 1;
    match candidates.as_slice() {
        [] if alone => check_through_agrees(side, opposite().collect(), sink).map(|()| None),
        [only] if alone => Ok(Some(only)),
        several => {
            sink.push(ambiguous(side, several));
            Err(())
        }
    }
}

fn text(name: &Spanned<String>) -> &str {
    &name.value
}

/// Returns true if another side names this one in its `via:`.
fn is_named(side: &Side<'_, '_>, sides: &[Side<'_, '_>]) -> bool {
    sides.iter().any(|other| {
        !other.is(side)
            && other.leads_to(side)
            && side.leads_to(other)
            && other.via.is_some_and(|via| via.value == side.name())
    })
}

fn named_partner<'s, 'd, 'n>(
    side: &Side<'d, 'n>,
    via: &Spanned<String>,
    opposite: Vec<&'s Side<'d, 'n>>,
    sink: &mut Sink,
) -> Result<&'s Side<'d, 'n>, ()> {
    let there = &side.target.name.value;
    let Some(other) = opposite.iter().find(|other| other.name() == via.value) else {
        let message = format!("`{there}` has no manyToMany `{}` that refers back to this model", via.value);
        let help = suggestion(&via.value, opposite.iter().map(|other| other.name()));
        sink.push(Problem::new("missing-other-side", via.span, message).label("no such relation").maybe_help(help));
        return Err(());
    };
    let points_elsewhere = other.via.is_some_and(|back| back.value != side.name());
    if points_elsewhere || other.through.map(text) != side.through.map(text) {
        let message = format!(
            "`{there}.{}` and `{}` are not declared as the two sides of one relation",
            other.name(),
            side.name()
        );
        let problem = Problem::new("relation-mismatch", via.span, message);
        sink.push(problem.label("`via` and `through` must match on both sides"));
        return Err(());
    }
    Ok(other)
}

fn ambiguous(side: &Side<'_, '_>, several: &[&Side<'_, '_>]) -> Problem {
    let names: Vec<&str> = several.iter().map(|other| other.name()).collect();
    let label = if names.is_empty() {
        "this model has several manyToMany to the same model".to_owned()
    } else {
        format!("its other side could be {}", alternatives(&names))
    };
    let message = format!("relation `{}` is one of several between the same two models", side.name());
    Problem::new("ambiguous-relation", side.relation.target.span, message)
        .label(label)
        .help("add `via:` with the relation on the other side, or `through:` with a model")
}

/// Refuses a pair in which only one side has `through:`: these would be two different relations.
fn check_through_agrees(side: &Side<'_, '_>, opposite: Vec<&Side<'_, '_>>, sink: &mut Sink) -> Result<(), ()> {
    let disagreeing = opposite.iter().find(|other| other.through.is_some() && side.through.is_none());
    let Some(other) = disagreeing else {
        return Ok(());
    };
    let through = other.through.map(text).unwrap_or_default();
    let message = format!(
        "`{}.{}` has `through: {through}`, but relation `{}` does not",
        side.target.name.value,
        other.name(),
        side.name()
    );
    sink.push(
        Problem::new("relation-mismatch", side.relation.target.span, message)
            .label("the two sides differ")
            .help(format!("add `through: {through}`")),
    );
    Err(())
}

/// The join table as seen from each side.
fn join(
    context: &CheckContext<'_, '_>,
    side: &Side<'_, '_>,
    other: Option<&Side<'_, '_>>,
    sink: &mut Sink,
) -> Option<(RelationKind, RelationKind)> {
    let (table, here, there) = match side.through {
        Some(through) => through_model(context, side, through, sink)?,
        None => generated_table(side, other),
    };
    let through = side.through.map(|through| through.value.clone());
    let kind = |this_column: &str, target_column: &str| RelationKind::ManyToMany {
        table: table.clone(),
        this_column: this_column.to_owned(),
        target_column: target_column.to_owned(),
        through: through.clone(),
    };
    Some((kind(&here, &there), kind(&there, &here)))
}

/// Returns the table, the column of this side, and the column of the other side.
fn generated_table(side: &Side<'_, '_>, other: Option<&Side<'_, '_>>) -> (String, String, String) {
    let (here, there) = (&side.model.name.value, &side.target.name.value);
    let this_column = format!("{}_id", names::snake(here));
    if side.is_to_itself() {
        let table = format!("{}_{}", names::table(here), names::snake(side.name()));
        let column = names::relation_key_column(side.name());
        let target_column = if column == this_column { format!("target_{column}") } else { column };
        return (names::shortened(table), this_column, target_column);
    }
    let mut tables = [names::table(here), names::table(there)];
    tables.sort();
    let mut table = tables.join("_");
    // A pair that needs `via` is one of several, so its table name contains the relation. Both sides must derive the
    // same name.
    if let Some(other) = other
        && (side.via.is_some() || other.via.is_some())
    {
        let first = if names::table(here) < names::table(there) { side } else { other };
        table = format!("{table}_{}", names::snake(first.name()));
    }
    (names::shortened(table), this_column, format!("{}_id", names::snake(there)))
}

fn through_model(
    context: &CheckContext<'_, '_>,
    side: &Side<'_, '_>,
    through: &Spanned<String>,
    sink: &mut Sink,
) -> Option<(String, String, String)> {
    let referrer = format!("relation `{}`", side.name());
    let model = context.resolve(&referrer, through, sink)?;
    if side.is_to_itself() {
        let message = format!("relation `{}` leads from `{}` to itself", side.name(), side.model.name.value);
        sink.push(
            Problem::new("ambiguous-relation", through.span, message)
                .label("`through` cannot distinguish its two sides")
                .help("use two `hasMany` to the `through` model instead"),
        );
        return None;
    }
    let here = side_column(model, &side.model.name.value, through, sink);
    let there = side_column(model, &side.target.name.value, through, sink);
    Some((names::table(&model.name.value), here?, there?))
}

/// Returns the column of the `through` model that refers to one side.
fn side_column(model: &DraftModel<'_>, side: &str, through: &Spanned<String>, sink: &mut Sink) -> Option<String> {
    let mut keys =
        model.relations.iter().filter(|relation| relation.target.value == side).filter_map(DraftRelation::key);
    let first = keys.next();
    if let (Some(key), None) = (first, keys.next()) {
        return Some(key.key.field.column.clone());
    }
    let found = if first.is_some() { "more than one" } else { "none" };
    let message = format!("`{}` cannot be the join table: it needs exactly one `belongsTo: {side}`", model.name.value);
    sink.push(Problem::new("missing-other-side", through.span, message).label(format!("it has {found}")));
    None
}

/// Checks that join tables have different names; clashes with tables of models are found with all SQL names.
fn claim_table(
    side: &Side<'_, '_>,
    kind: &RelationKind,
    tables: &mut HashMap<String, (String, String)>,
    sink: &mut Sink,
) {
    let RelationKind::ManyToMany { table, .. } = kind else {
        return;
    };
    if let Some((model, relation)) = tables.insert(table.clone(), side.key()) {
        let message = format!("relation `{}` would have the join table `{table}`", side.name());
        sink.push(
            Problem::new("name-clash", side.relation.name.span, message)
                .label(format!("already the join table of `{model}.{relation}`"))
                .help("rename one of the relations, or use `through:`"),
        );
    }
}
