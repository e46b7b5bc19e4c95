//! Compares both sides of every relation.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftKind, DraftModel, DraftRelation};
use crate::names;
use crate::nearest::{alternatives, suggestion};
use crate::node::Spanned;
use crate::schema::{Relation, RelationKind};

use super::CheckContext;
use super::columns::Columns;
use super::join_tables;

/// Returns the relations of every model, in the order of the drafts, without refused relations.
pub(crate) fn resolve(context: &CheckContext<'_, '_>, columns: &[Columns], sink: &mut Sink) -> Vec<Vec<Relation>> {
    let mut joins = join_tables::resolve(context, sink);
    let mut resolved = Vec::new();
    for (draft, columns) in context.drafts.iter().zip(columns) {
        let mut relations = Vec::new();
        for relation in &draft.relations {
            let kind = match &relation.kind {
                DraftKind::ManyToMany { .. } => joins.remove(&(draft.name.value.clone(), relation.name.value.clone())),
                _ => plain_kind(context, draft, columns, relation, sink),
            };
            relations.extend(kind.map(|kind| finished(relation, kind)));
        }
        check_taken_sides(draft, &relations, sink);
        resolved.push(relations);
    }
    resolved
}

fn finished(relation: &DraftRelation, kind: RelationKind) -> Relation {
    Relation {
        name: relation.name.value.clone(),
        rust_name: names::rust_name(&relation.name.value),
        variant: names::variant(&relation.name.value),
        target: relation.target.value.clone(),
        kind,
    }
}

fn plain_kind(
    context: &CheckContext<'_, '_>,
    draft: &DraftModel<'_>,
    columns: &Columns,
    relation: &DraftRelation,
    sink: &mut Sink,
) -> Option<RelationKind> {
    let referrer = format!("relation `{}`", relation.name.value);
    let target = context.resolve(&referrer, &relation.target, sink)?;
    match &relation.kind {
        DraftKind::BelongsTo(key) => {
            check_me(context, relation, sink);
            let field = key.key.field.name.clone();
            columns.get(&field)?;
            Some(RelationKind::BelongsTo { field, on_delete: key.on_delete })
        }
        DraftKind::HasOne { via } => {
            let other = other_side(draft, relation, target, via.as_ref(), sink)?;
            check_unique(draft, relation, target, other, sink)?;
            Some(RelationKind::HasOne { via: other.name.value.clone() })
        }
        DraftKind::HasMany { via } => {
            let other = other_side(draft, relation, target, via.as_ref(), sink)?;
            check_many(relation, target, other, sink)?;
            Some(RelationKind::HasMany { via: other.name.value.clone() })
        }
        DraftKind::ManyToMany { .. } => None,
    }
}

/// Checks that `default: $me` is only on a foreign key to the account model.
fn check_me(context: &CheckContext<'_, '_>, relation: &DraftRelation, sink: &mut Sink) {
    let Some(span) = relation.key().and_then(|key| key.me) else {
        return;
    };
    if context.is_account(&relation.target.value) || !context.complete {
        return;
    }
    let message = format!("`$me` is an account, but `{}` refers to `{}`", relation.name.value, relation.target.value);
    sink.push(Problem::new("invalid-default", span, message).label("only a key to the account model can have it"));
}

/// Finds the one `belongsTo` of the target that refers back to this model.
fn other_side<'d>(
    draft: &DraftModel<'_>,
    relation: &DraftRelation,
    target: &'d DraftModel<'_>,
    via: Option<&Spanned<String>>,
    sink: &mut Sink,
) -> Option<&'d DraftRelation> {
    let back: Vec<&DraftRelation> = target
        .relations
        .iter()
        .filter(|other| other.key().is_some() && other.target.value == draft.name.value)
        .collect();
    if let Some(via) = via {
        let found = back.iter().find(|other| other.name.value == via.value);
        if found.is_none() {
            sink.push(unknown_via(via, draft, target, &back));
        }
        return found.copied();
    }
    match back.as_slice() {
        [only] => Some(only),
        [] => {
            sink.push(missing_side(draft, relation, target));
            None
        }
        several => {
            sink.push(ambiguous(relation, target, several));
            None
        }
    }
}

fn unknown_via(
    via: &Spanned<String>,
    draft: &DraftModel<'_>,
    target: &DraftModel<'_>,
    back: &[&DraftRelation],
) -> Problem {
    let (there, here) = (&target.name.value, &draft.name.value);
    let message = format!("`{there}` has no relation `{}` that belongs to `{here}`", via.value);
    let help = suggestion(&via.value, back.iter().map(|other| other.name.value.as_str()));
    Problem::new("missing-other-side", via.span, message).label("no such relation").maybe_help(help)
}

fn missing_side(draft: &DraftModel<'_>, relation: &DraftRelation, target: &DraftModel<'_>) -> Problem {
    let (there, here) = (&target.name.value, &draft.name.value);
    let message =
        format!("relation `{}` has no other side: `{there}` does not belong to `{here}`", relation.name.value);
    let help = format!("add `{}: {{ belongsTo: {here} }}` to the relations of `{there}`", camel(here));
    Problem::new("missing-other-side", relation.target.span, message)
        .label(format!("no `belongsTo: {here}` there"))
        .help(help)
}

fn camel(model: &str) -> String {
    use heck::ToLowerCamelCase;
    model.to_lower_camel_case()
}

fn ambiguous(relation: &DraftRelation, target: &DraftModel<'_>, several: &[&DraftRelation]) -> Problem {
    let names: Vec<&str> = several.iter().map(|other| other.name.value.as_str()).collect();
    let message =
        format!("relation `{}` has several possible other sides in `{}`", relation.name.value, target.name.value);
    Problem::new("ambiguous-relation", relation.target.span, message)
        .label(format!("could be {}", alternatives(&names)))
        .help(format!("choose one with `via: {}`", names.first().copied().unwrap_or_default()))
}

fn check_unique(
    draft: &DraftModel<'_>,
    relation: &DraftRelation,
    target: &DraftModel<'_>,
    other: &DraftRelation,
    sink: &mut Sink,
) -> Option<()> {
    if is_unique(target, other) {
        return Some(());
    }
    let (there, side) = (&target.name.value, &other.name.value);
    let message = format!(
        "relation `{}` is `hasOne`, but many `{there}` may belong to one `{}`",
        relation.name.value, draft.name.value
    );
    sink.push(
        Problem::new("relation-mismatch", relation.target.span, message)
            .label(format!("`{there}.{side}` is not unique"))
            .help(format!("add `unique: true` to `{there}.{side}`, or use `hasMany`")),
    );
    None
}

fn check_many(relation: &DraftRelation, target: &DraftModel<'_>, other: &DraftRelation, sink: &mut Sink) -> Option<()> {
    if !is_unique(target, other) {
        return Some(());
    }
    let (there, side) = (&target.name.value, &other.name.value);
    let message = format!("relation `{}` is `hasMany`, but there is at most one `{there}`", relation.name.value);
    sink.push(
        Problem::new("relation-mismatch", relation.target.span, message)
            .label(format!("`{there}.{side}` is unique"))
            .help(format!("use `hasOne`, or remove `unique: true` from `{there}.{side}`")),
    );
    None
}

/// Returns true if the field is unique by its attribute or by a list of `unique:` with only this field.
pub(crate) fn is_unique(draft: &DraftModel<'_>, relation: &DraftRelation) -> bool {
    let Some(key) = relation.key() else {
        return false;
    };
    let alone = |fields: &[Spanned<String>]| matches!(fields, [only] if only.value == key.key.field.name);
    key.key.field.unique || draft.uniques.iter().any(|index| alone(&index.fields))
}

/// Refuses two relations with the same `via`: they would be one relation with two names.
fn check_taken_sides(draft: &DraftModel<'_>, relations: &[Relation], sink: &mut Sink) {
    let side = |relation: &Relation| match &relation.kind {
        RelationKind::HasOne { via } | RelationKind::HasMany { via } => Some((relation.target.clone(), via.clone())),
        _ => None,
    };
    for (index, relation) in relations.iter().enumerate() {
        let Some(mine) = side(relation) else {
            continue;
        };
        let Some(first) = relations[..index].iter().find(|other| side(other).as_ref() == Some(&mine)) else {
            continue;
        };
        let span = draft
            .relations
            .iter()
            .find(|other| other.name.value == relation.name)
            .map_or(draft.name.span, |r| r.name.span);
        let message = format!("relations `{}` and `{}` are the same", first.name, relation.name);
        sink.push(
            Problem::new("duplicate-relation", span, message)
                .label(format!("`{}.{}` is the other side of both", mine.0, mine.1))
                .help("remove one of the two"),
        );
    }
}
