//! What queries look for without an index. The schema is sound without one and small tables are fast without one, so
//! this is advice for whoever asks, not a word in every build.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftAccess, DraftModel, DraftRule, DraftWho};
use crate::schema::{Field, FieldType, Model, Operation, Origin};

use super::indexes::is_indexable;

/// Names that one warning lists.
const MAX_LISTED: usize = 12;

/// Drafts and models in the same order.
pub(crate) fn advise(drafts: &[DraftModel<'_>], models: &[Model], sink: &mut Sink) {
    for (draft, model) in drafts.iter().zip(models) {
        advise_of_rules(draft, model, sink);
        advise_of_fields(draft, model, sink);
    }
}

/// Once for each field, however many rules it is in: one index serves them all.
fn advise_of_rules(draft: &DraftModel<'_>, model: &Model, sink: &mut Sink) {
    let mut told: Vec<&str> = Vec::new();
    for rule in draft.access.iter().filter(|access| finds_rows(access, model)).flat_map(|access| &access.rules) {
        let Some(field) = unindexed(rule, model).filter(|field| !told.contains(&field.name.as_str())) else {
            continue;
        };
        told.push(&field.name);
        sink.push(rule_problem(rule, field, model));
    }
}

/// Whether rows are looked for by the conditions of this action. Elsewhere they only confirm what was found already:
/// - `Create` compares them with the body, before there is a row;
/// - a write of one row, `Restore` included, finds it by its id; a bulk write has none to begin with;
/// - the runtime asks for no rows by an action of the team's own;
/// - where anybody may do it with every row, nobody is narrowed.
fn finds_rows(access: &DraftAccess<'_>, model: &Model) -> bool {
    let open = access.rules.iter().any(|rule| matches!(rule.who, DraftWho::Public) && rule.conditions.is_empty());
    let looked_for = match access.action.value.as_str() {
        "View" => looks_for_rows(model),
        "Update" => model.enables(Operation::UpdateMany),
        "Delete" => model.enables(Operation::DeleteMany),
        _ => false,
    };
    looked_for && !open
}

/// Whether any operation looks for rows by anything but an id.
fn looks_for_rows(model: &Model) -> bool {
    [Operation::FindMany, Operation::UpdateMany, Operation::DeleteMany]
        .iter()
        .any(|&operation| model.enables(operation))
}

/// The first field of a rule that has no index; none where any of them has one: all conditions must hold, so the rows
/// that one of them finds are all there are.
fn unindexed<'m>(rule: &DraftRule<'_>, model: &'m Model) -> Option<&'m Field> {
    let names = || rule.conditions.iter().map(|(name, _)| name.value.as_str());
    if names().any(|name| leads_an_index(model, name)) {
        return None;
    }
    model.field(names().next()?)
}

/// The id is the primary key, and keys of relations have an index of their own. Behind the first field of an index the
/// others are in no order.
fn leads_an_index(model: &Model, name: &str) -> bool {
    let mut indexes = model.indexes.iter().chain(&model.uniques);
    name == "id" || indexes.any(|index| index.fields.first().is_some_and(|first| first == name))
}

fn rule_problem(rule: &DraftRule<'_>, field: &Field, model: &Model) -> Problem {
    let message = format!("rows of `{}` are looked for by `{}`, which has no index", model.name, field.name);
    let span = rule.conditions.first().map_or(rule.span, |(name, _)| name.span);
    Problem::warning("unindexed-rule", span, message)
        .label("without one, every row is looked at")
        .help(rule_help(rule, field, model))
}

fn rule_help(rule: &DraftRule<'_>, field: &Field, model: &Model) -> String {
    if !is_indexable(&field.ty) {
        return "its strings are too long for an index: lower `max`".to_owned();
    }
    let mut fields: Vec<&str> = rule.conditions.iter().map(|(name, _)| name.value.as_str()).collect();
    if fields.len() == 1 && field.origin == Origin::Declared && !has_few_values(&field.ty) {
        return "add `index: true` to the field".to_owned();
    }
    // Few values narrow little, but what an index has in order need not be sorted.
    if has_few_values(&field.ty) && model.timestamps && !fields.contains(&"createdAt") {
        fields.push("createdAt");
        return format!("add `[{}]` to `indexes:`, or with what else its lists are sorted by", fields.join(", "));
    }
    format!("add `[{}]` to `indexes:`", fields.join(", "))
}

/// One for a model: its fields are much the same to whoever has to choose.
fn advise_of_fields(draft: &DraftModel<'_>, model: &Model, sink: &mut Sink) {
    let worth = |field: &&Field| is_worth_an_index(field) && !leads_an_index(model, &field.name);
    let fields: Vec<&Field> = model.fields.iter().filter(worth).collect();
    if fields.is_empty() || !looks_for_rows(model) {
        return;
    }
    let message = format!("`{}` can be filtered and sorted by fields that have no index", model.name);
    sink.push(
        Problem::warning("unindexed-fields", draft.fields_span, message)
            .label(listed(&fields))
            .help(fields_help(&fields)),
    );
}

/// Whether an index could help a filter or an order by this field, were it used. It could not
/// - where nobody can name the field: private ones, passwords, JSON;
/// - for texts, which are too long for an index and searched for what stands inside;
/// - for what has few values: half of all rows are read faster without an index than with one;
/// - for `deletedAt`, which no visible row has.
fn is_worth_an_index(field: &Field) -> bool {
    !field.private && field.origin != Origin::DeletedAt && is_indexable(&field.ty) && !has_few_values(&field.ty)
}

fn has_few_values(ty: &FieldType) -> bool {
    matches!(ty, FieldType::Boolean | FieldType::Enum { .. })
}

fn listed(fields: &[&Field]) -> String {
    let quoted: Vec<String> = fields.iter().take(MAX_LISTED).map(|field| format!("`{}`", field.name)).collect();
    match fields.len().saturating_sub(MAX_LISTED) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

fn fields_help(fields: &[&Field]) -> String {
    let mut help = "add `index: true` to those that clients filter or sort by".to_owned();
    // What a model has without declaring it can have no attribute.
    if let Some(received) = fields.iter().find(|field| field.origin != Origin::Declared) {
        help.push_str(&format!(", or to `indexes:` a list such as `[{}]`", received.name));
    }
    if fields.iter().any(|field| field.origin == Origin::CreatedAt) {
        help.push_str("; ids grow, so `sort=-id` is newest first without one");
    }
    help
}
