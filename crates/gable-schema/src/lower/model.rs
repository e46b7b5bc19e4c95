//! One model file.

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::{DraftIndex, DraftModel};
use crate::entries::Entries;
use crate::keys;
use crate::names::{self, MAX_IDENTIFIER};
use crate::node::{Node, Spanned};
use crate::reserved;
use crate::schema::IdKind;

use super::{access, field, relation, route};

/// Maximum number of fields. More columns exceed the row limit of one of the databases.
const MAX_FIELDS: usize = 300;

/// Returns `None` if the file has no valid model name: no other file could refer to it.
pub(crate) fn lower_model<'n>(node: &'n Node, file: &str, sink: &mut Sink) -> Option<DraftModel<'n>> {
    let entries = Entries::open(node, &keys::MODEL, sink)?;
    let name = entries.text("model", sink);
    let named = name.as_ref().is_some_and(|name| check_model_name(name, sink));
    // The rest is read even if the name is refused, so that all problems are reported at once.
    let name = name.unwrap_or(Spanned { value: "Unnamed".to_owned(), span: entries.span });
    let draft = DraftModel {
        file: file.to_owned(),
        description: entries.plain_text("description", sink),
        id: entries.word("id", &[("uuid", IdKind::Uuid), ("integer", IdKind::Integer)], sink).unwrap_or(IdKind::Uuid),
        timestamps: entries.boolean("timestamps", sink).unwrap_or(true),
        soft_delete: entries.flag("softDelete", sink),
        account: account(&entries, sink),
        fields_span: entries.entry("fields").map_or(name.span, |entry| entry.key_span),
        fields: field::lower_fields(&name.value, entries.get("fields"), sink),
        relations: relation::lower_relations(entries.get("relations"), sink),
        indexes: lower_indexes(entries.get("indexes"), sink),
        uniques: lower_indexes(entries.get("unique"), sink),
        access: access::lower_access(entries.get("access"), sink),
        routes: route::lower_model_routes(entries.get("routes"), sink),
        name,
    };
    check_size(&draft, sink);
    named.then_some(draft)
}

fn account(entries: &Entries<'_>, sink: &mut Sink) -> Option<Span> {
    let span = entries.get("account")?.span;
    entries.flag("account", sink).then_some(span)
}

fn check_size(draft: &DraftModel<'_>, sink: &mut Sink) {
    if draft.fields.len() + draft.relations.len() > MAX_FIELDS {
        let message = format!("the model has more than {MAX_FIELDS} fields and relations");
        sink.push(Problem::new("too-many-fields", draft.name.span, message).help("split it into several models"));
    }
}

fn lower_indexes(node: Option<&Node>, sink: &mut Sink) -> Vec<DraftIndex> {
    let Some(items) = node.filter(|node| !node.is_null()).and_then(|node| node.list(sink)) else {
        return Vec::new();
    };
    items.iter().filter_map(|item| lower_index(item, sink)).collect()
}

fn lower_index(node: &Node, sink: &mut Sink) -> Option<DraftIndex> {
    let fields = node.texts(sink)?;
    if fields.is_empty() {
        sink.push(
            Problem::new("wrong-shape", node.span, "the list of fields is empty").label("name at least one field"),
        );
        return None;
    }
    Some(DraftIndex { span: node.span, fields })
}

fn check_model_name(name: &Spanned<String>, sink: &mut Sink) -> bool {
    let Some(problem) = model_name_problem(name) else {
        return true;
    };
    sink.push(problem);
    false
}

fn model_name_problem(name: &Spanned<String>) -> Option<Problem> {
    let text = &name.value;
    if !names::is_pascal_case(text) {
        return Some(
            Problem::new("invalid-name", name.span, format!("`{text}` is not a valid model name"))
                .label("must be PascalCase: ASCII letters and digits")
                .maybe_help(names::pascal_hint(text)),
        );
    }
    if reserved::TYPES.contains(&text.as_str()) {
        return Some(
            Problem::new("reserved-name", name.span, format!("a model cannot be called `{text}`"))
                .label("generated code uses this name already")
                .help("choose a more specific name"),
        );
    }
    let table = names::table(text);
    if let Some(prefix) = reserved::TABLE_PREFIXES.iter().find(|prefix| table.starts_with(**prefix)) {
        return Some(
            Problem::new("reserved-name", name.span, format!("a model cannot be called `{text}`"))
                .label(format!("its table would be `{table}`, but names that begin with `{prefix}` are reserved"))
                .help("choose another name"),
        );
    }
    // The columns of join tables add `_id`.
    (table.len().max(names::snake(text).len()) + "_id".len() > MAX_IDENTIFIER).then(|| {
        Problem::new("name-too-long", name.span, format!("the name `{text}` is too long"))
            .label(format!("its table `{table}` may have at most {} bytes", MAX_IDENTIFIER - "_id".len()))
    })
}
