//! `allowedUsernames`: the unique fields that identify an account, on it or one relation away.

use crate::diagnostic::{Problem, Sink};
use crate::draft::DraftModel;
use crate::nearest::suggestion;
use crate::node::Spanned;
use crate::schema::{FieldType, Identifier, Relation, RelationKind};

use super::CheckContext;
use super::columns::{Column, Columns};

/// Looks up the fields and relations of a model.
pub(crate) struct Lookup<'p, 'd, 'n> {
    pub(crate) context: &'p CheckContext<'d, 'n>,
    pub(crate) columns: &'p [Columns],
    pub(crate) relations: &'p [Vec<Relation>],
}

impl Lookup<'_, '_, '_> {
    fn position(&self, model: &str) -> Option<usize> {
        self.context.drafts.iter().position(|draft| draft.name.value == model)
    }

    pub(crate) fn columns(&self, model: &str) -> Option<&Columns> {
        self.columns.get(self.position(model)?)
    }

    fn relations(&self, model: &str) -> &[Relation] {
        self.position(model).and_then(|position| self.relations.get(position)).map_or(&[], Vec::as_slice)
    }
}

pub(crate) fn resolve(
    lookup: &Lookup<'_, '_, '_>,
    account: &DraftModel<'_>,
    written: Option<&Spanned<Vec<Spanned<String>>>>,
    sink: &mut Sink,
) -> Vec<Identifier> {
    let Some(written) = written else {
        return default_identifiers(lookup, account, sink);
    };
    let mut identifiers: Vec<Identifier> = Vec::new();
    for path in &written.value {
        let Some(identifier) = resolve_one(lookup, account, path, sink) else {
            continue;
        };
        match identifiers.iter().find(|other| other.body_key == identifier.body_key) {
            Some(other) => {
                let message =
                    format!("`{}` and `{}` have the same key in the body of a log-in", other.path, path.value);
                let label = format!("both have the key `{}`", other.body_key);
                sink.push(Problem::new("duplicate-value", path.span, message).label(label));
            }
            None => identifiers.push(identifier),
        }
    }
    identifiers
}

/// Returns every unique string and e-mail address of the account, `username` first.
fn default_identifiers(lookup: &Lookup<'_, '_, '_>, account: &DraftModel<'_>, sink: &mut Sink) -> Vec<Identifier> {
    let Some(columns) = lookup.columns(&account.name.value) else {
        return Vec::new();
    };
    let identifies = |column: &&Column| identifies(column, account);
    let mut found: Vec<Identifier> =
        columns.iter().filter(identifies).map(|column| own_identifier(account, &column.field.name)).collect();
    found.sort_by_key(|identifier| identifier.field != "username");
    if found.is_empty() && account.fields.iter().all(|field| field.valid) {
        let message = format!("the account model `{}` has no field to log in with", account.name.value);
        let span = account.account.unwrap_or(account.name.span);
        sink.push(
            Problem::new("missing-identifier", span, message)
                .label("no field of type `string` or `email` is unique")
                .help("add `email: { type: email, unique: true }` to its fields"),
        );
    }
    found
}

fn own_identifier(account: &DraftModel<'_>, field: &str) -> Identifier {
    Identifier {
        path: field.to_owned(),
        body_key: field.to_owned(),
        model: account.name.value.clone(),
        field: field.to_owned(),
        relation: None,
    }
}

fn identifies(column: &Column, draft: &DraftModel<'_>) -> bool {
    is_unique(column, draft) && matches!(column.field.ty, FieldType::String { .. } | FieldType::Email)
}

/// Returns true if the field is unique by its attribute or by a list of `unique:` with only this field.
pub(crate) fn is_unique(column: &Column, draft: &DraftModel<'_>) -> bool {
    let alone = |fields: &[Spanned<String>]| matches!(fields, [only] if only.value == column.field.name);
    column.field.unique || draft.uniques.iter().any(|index| alone(&index.fields))
}

fn resolve_one(
    lookup: &Lookup<'_, '_, '_>,
    account: &DraftModel<'_>,
    path: &Spanned<String>,
    sink: &mut Sink,
) -> Option<Identifier> {
    let parts: Vec<&str> = path.value.split('.').collect();
    let (relation, model, field): (_, &DraftModel<'_>, _) = match parts.as_slice() {
        [field] => (None, account, *field),
        [relation, field] => (Some(*relation), related(lookup, account, path, (relation, Reach::One), sink)?, *field),
        [relation, "some", field] => {
            (Some(*relation), related(lookup, account, path, (relation, Reach::Some), sink)?, *field)
        }
        _ => {
            let message = format!("`{}` is not a path to a field", path.value);
            sink.push(
                Problem::new("invalid-identifier", path.span, message)
                    .label("too long")
                    .help("for example `email`, `profile.nickname` or `phones.some.number`"),
            );
            return None;
        }
    };
    check_field(lookup, model, field, path, sink)?;
    Some(Identifier {
        path: path.value.clone(),
        body_key: field.to_owned(),
        model: model.name.value.clone(),
        field: field.to_owned(),
        relation: relation.map(str::to_owned),
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Reach {
    One,
    Some,
}

/// Resolves the target of a relation of the account. Each target row must belong to exactly one account; otherwise an
/// identifier would match several accounts.
fn related<'d, 'n>(
    lookup: &Lookup<'_, 'd, 'n>,
    account: &DraftModel<'_>,
    path: &Spanned<String>,
    step: (&str, Reach),
    sink: &mut Sink,
) -> Option<&'d DraftModel<'n>> {
    let (name, reach) = step;
    let declared = account.relations.iter().find(|relation| relation.name.value == name);
    let resolved = lookup.relations(&account.name.value).iter().find(|relation| relation.name == name);
    let Some(relation) = resolved else {
        // The problem of a refused relation was reported.
        if declared.is_none() {
            sink.push(unknown_relation(account, path, name));
        }
        return None;
    };
    let fits = match &relation.kind {
        RelationKind::HasOne { .. } => reach == Reach::One,
        RelationKind::BelongsTo { .. } => {
            reach == Reach::One && declared.is_some_and(|relation| super::relations::is_unique(account, relation))
        }
        RelationKind::HasMany { .. } => reach == Reach::Some,
        RelationKind::ManyToMany { .. } => false,
    };
    if !fits {
        sink.push(unfit_relation(path, name, &relation.kind));
        return None;
    }
    lookup.context.draft(&relation.target)
}

fn unknown_relation(account: &DraftModel<'_>, path: &Spanned<String>, name: &str) -> Problem {
    let message = format!("`{}` has no relation `{name}`", account.name.value);
    let help = suggestion(name, account.relations.iter().map(|relation| relation.name.value.as_str()));
    Problem::new("unknown-field", path.span, message).label("no such relation").maybe_help(help)
}

fn unfit_relation(path: &Spanned<String>, name: &str, kind: &RelationKind) -> Problem {
    let help = match kind {
        RelationKind::HasMany { .. } => format!("for example `{name}.some.number`"),
        RelationKind::HasOne { .. } => format!("for example `{name}.nickname`"),
        _ => "only `hasOne`, `hasMany` and a unique `belongsTo` lead to rows of one account".to_owned(),
    };
    Problem::new("invalid-identifier", path.span, format!("`{}` does not identify exactly one account", path.value))
        .label(format!("not possible with the relation `{name}`"))
        .help(help)
}

fn check_field(
    lookup: &Lookup<'_, '_, '_>,
    model: &DraftModel<'_>,
    field: &str,
    path: &Spanned<String>,
    sink: &mut Sink,
) -> Option<()> {
    let columns = lookup.columns(&model.name.value)?;
    let Some(column) = columns.get(field) else {
        let message = format!("`{}` has no field `{field}`", model.name.value);
        let help = suggestion(field, columns.iter().map(|column| column.field.name.as_str()));
        sink.push(Problem::new("unknown-field", path.span, message).label("no such field").maybe_help(help));
        return None;
    };
    if !column.valid || identifies(column, model) {
        return Some(());
    }
    let message = format!("`{}.{field}` cannot identify an account", model.name.value);
    let problem = Problem::new("invalid-identifier", path.span, message);
    sink.push(problem.label("not a unique `string` or `email`").help("add `unique: true` to the field"));
    None
}
