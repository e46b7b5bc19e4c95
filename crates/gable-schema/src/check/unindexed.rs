//! Advice on fields that queries search without an index. Such a schema is valid, and small tables are fast without
//! an index, so builds do not print this.

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftAccess, DraftModel, DraftRule, DraftWho};
use crate::schema::{Field, FieldType, Model, Operation, Origin};

use super::indexes::is_indexable;

/// Maximum number of field names in one warning.
const MAX_LISTED: usize = 12;

/// Adds advice to the sink. Drafts and models must be in the same order.
pub(crate) fn advise(drafts: &[DraftModel<'_>], models: &[Model], sink: &mut Sink) {
    for (draft, model) in drafts.iter().zip(models) {
        advise_on_rules(draft, model, sink);
        advise_on_fields(draft, model, sink);
    }
}

/// Reports each field once, even if several rules use it: one index serves them all.
fn advise_on_rules(draft: &DraftModel<'_>, model: &Model, sink: &mut Sink) {
    let mut reported: Vec<&str> = Vec::new();
    for rule in draft.access.iter().filter(|access| searches_rows(access, model)).flat_map(|access| &access.rules) {
        let Some(field) = unindexed(rule, model).filter(|field| !reported.contains(&field.name.as_str())) else {
            continue;
        };
        reported.push(&field.name);
        sink.push(rule_problem(rule, field, model));
    }
}

/// Returns true if the runtime searches rows by the conditions of this action. It does not in these cases:
/// - `Create` compares the conditions with the body, before the row exists;
/// - a write of one row, including `Restore`, finds the row by its id, and the bulk operation is disabled;
/// - the action is a custom one, by which the runtime searches no rows;
/// - everybody may perform the action on every row, so no condition narrows the search.
fn searches_rows(access: &DraftAccess<'_>, model: &Model) -> bool {
    let open = access.rules.iter().any(|rule| matches!(rule.who, DraftWho::Public) && rule.conditions.is_empty());
    let searched = match access.action.value.as_str() {
        "View" => has_searching_route(model),
        "Update" => model.enables(Operation::UpdateMany),
        "Delete" => model.enables(Operation::DeleteMany),
        _ => false,
    };
    searched && !open
}

/// Returns true if an enabled operation searches rows by anything but an id.
fn has_searching_route(model: &Model) -> bool {
    [Operation::FindMany, Operation::UpdateMany, Operation::DeleteMany]
        .iter()
        .any(|&operation| model.enables(operation))
}

/// Returns the first field of a rule without an index, or `None` if any field of the rule has one: all conditions
/// must hold, so one index narrows the search for the whole rule.
fn unindexed<'m>(rule: &DraftRule<'_>, model: &'m Model) -> Option<&'m Field> {
    let names = || rule.conditions.iter().map(|(name, _)| name.value.as_str());
    if names().any(|name| is_first_in_an_index(model, name)) {
        return None;
    }
    model.field(names().next()?)
}

/// Returns true if the field is the id, or the first field of an index. Later fields of an index do not help a
/// search.
fn is_first_in_an_index(model: &Model, name: &str) -> bool {
    let mut indexes = model.indexes.iter().chain(&model.uniques);
    name == "id" || indexes.any(|index| index.fields.first().is_some_and(|first| first == name))
}

fn rule_problem(rule: &DraftRule<'_>, field: &Field, model: &Model) -> Problem {
    let message = format!("rows of `{}` are searched by `{}`, which has no index", model.name, field.name);
    let span = rule.conditions.first().map_or(rule.span, |(name, _)| name.span);
    Problem::warning("unindexed-rule", span, message)
        .label("without an index, every row is scanned")
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
    // An index on few distinct values narrows little, but with a second field it saves sorting.
    if has_few_values(&field.ty) && model.timestamps && !fields.contains(&"createdAt") {
        fields.push("createdAt");
        return format!(
            "add `[{}]` to `indexes:`, or the same with another field that lists are sorted by",
            fields.join(", ")
        );
    }
    format!("add `[{}]` to `indexes:`", fields.join(", "))
}

/// Reports all fields of a model in one warning.
fn advise_on_fields(draft: &DraftModel<'_>, model: &Model, sink: &mut Sink) {
    let worth = |field: &&Field| is_worth_an_index(field) && !is_first_in_an_index(model, &field.name);
    let fields: Vec<&Field> = model.fields.iter().filter(worth).collect();
    if fields.is_empty() || !has_searching_route(model) {
        return;
    }
    let message = format!("`{}` can be filtered and sorted by fields that have no index", model.name);
    sink.push(
        Problem::warning("unindexed-fields", draft.fields_span, message)
            .label(listed(&fields))
            .help(fields_help(&fields)),
    );
}

/// Returns true if an index could help requests that filter or sort by this field. It could not help
/// - for private fields, passwords and JSON, which requests cannot name;
/// - for texts, which are too long for an index and are searched for substrings;
/// - for few distinct values: reading half of all rows is faster without an index;
/// - for `deletedAt`, which is null in every visible row.
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
    let mut help = "add `index: true` to the fields that clients filter or sort by".to_owned();
    // Fields that are not declared in the YAML cannot have attributes.
    if let Some(implicit) = fields.iter().find(|field| field.origin != Origin::Declared) {
        help.push_str(&format!(", or add a list such as `[{}]` to `indexes:`", implicit.name));
    }
    if fields.iter().any(|field| field.origin == Origin::CreatedAt) {
        help.push_str("; ids increase over time, so `sort=-id` sorts the newest rows first without an index");
    }
    help
}
