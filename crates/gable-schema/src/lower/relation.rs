//! Relations of one model; each has exactly one kind.

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::{DraftField, DraftKey, DraftKind, DraftRelation};
use crate::entries::Entries;
use crate::keys::{self, Table};
use crate::nearest::{nearest, quoted};
use crate::node::{Entry, Node, Spanned};
use crate::schema::{Default, Field, FieldType, OnDelete, Origin};

use super::field::{Attributes, check_field_name, plain_field};

pub(crate) fn lower_relations(node: Option<&Node>, sink: &mut Sink) -> Vec<DraftRelation> {
    let Some(entries) = node.filter(|node| !node.is_null()).and_then(|node| node.map(sink)) else {
        return Vec::new();
    };
    entries.iter().filter_map(|entry| lower_relation(entry, sink)).collect()
}

fn lower_relation(entry: &Entry, sink: &mut Sink) -> Option<DraftRelation> {
    let named = check_field_name(entry, sink);
    let table = kind_table(entry, sink)?;
    let entries = Entries::open(&entry.node, table, sink)?;
    let name = Spanned { value: entry.key.clone(), span: entry.key_span };
    let kind = match table.name {
        "belongsTo" => DraftKind::BelongsTo(Box::new(lower_key(&name, &entries, sink)?)),
        "hasOne" => DraftKind::HasOne { via: entries.text("via", sink) },
        "hasMany" => DraftKind::HasMany { via: entries.text("via", sink) },
        _ => DraftKind::ManyToMany { via: entries.text("via", sink), through: entries.text("through", sink) },
    };
    let target = entries.text(table.name, sink)?;
    named.then_some(DraftRelation { name, target, kind })
}

/// Returns the one kind that the map names.
fn kind_table(entry: &Entry, sink: &mut Sink) -> Option<&'static Table> {
    let kinds: Vec<&str> = keys::RELATION_KINDS.iter().map(|table| table.name).collect();
    let keys = entry.node.map(sink)?;
    let mut named = keys::RELATION_KINDS.iter().filter(|table| keys.iter().any(|key| key.key == table.name));
    let first = named.next();
    if let (Some(table), None) = (first, named.next()) {
        return Some(table);
    }
    let misspelt = keys.iter().find_map(|key| Some((key, nearest(&key.key, kinds.iter().copied())?)));
    let problem = match (first, misspelt) {
        (None, Some((key, near))) => {
            Problem::new("unknown-key", key.key_span, format!("unknown kind of relation `{}`", key.key))
                .label("no such kind")
                .help(format!("did you mean `{near}`?"))
        }
        _ => Problem::new("relation-kind", entry.key_span, format!("relation `{}` needs exactly one kind", entry.key))
            .label(if first.is_some() { "several kinds are given" } else { "no kind is given" })
            .help(format!("the kinds are {}", quoted(&kinds))),
    };
    sink.push(problem);
    None
}

fn lower_key(name: &Spanned<String>, entries: &Entries<'_>, sink: &mut Sink) -> Option<DraftKey> {
    let attributes = Attributes::read(entries, sink);
    let optional = attributes.optional.unwrap_or(false);
    let on_delete = on_delete(optional, entries, sink)?;
    let me = me_default(entries, sink);
    let roles = attributes.roles();
    let renamed_from =
        attributes.renamed_from.as_ref().map(|from| Spanned { value: key_name(&from.value), span: from.span });
    let field = attributes.onto(plain_field(&key_name(&name.value), FieldType::Uuid));
    let field = Field {
        optional,
        // Without an index, every delete of a target row would scan this table.
        index: !field.unique,
        default: me.map(|_| Default::Me),
        renamed_from: renamed_from.as_ref().map(|from| from.value.clone()),
        origin: Origin::ForeignKey { relation: name.value.clone() },
        ..field
    };
    check_writing(&field, entries, sink);
    let key = DraftField { field, span: name.span, valid: true, roles, renamed_from };
    Some(DraftKey { key, on_delete, me })
}

/// Returns the key's name: `authorId` for `author`.
fn key_name(relation: &str) -> String {
    format!("{relation}Id")
}

fn check_writing(field: &Field, entries: &Entries<'_>, sink: &mut Sink) {
    if let Some(node) = entries.get("immutable").filter(|_| field.immutable && field.read_only) {
        let message = "a key cannot be both `readOnly` and `immutable`";
        sink.push(Problem::new("contradiction", node.span, message).label("remove one of the two"));
    }
}

fn on_delete(optional: bool, entries: &Entries<'_>, sink: &mut Sink) -> Option<OnDelete> {
    let words = [("cascade", OnDelete::Cascade), ("restrict", OnDelete::Restrict), ("setNull", OnDelete::SetNull)];
    let Some(node) = entries.get("onDelete") else {
        return Some(if optional { OnDelete::SetNull } else { OnDelete::Restrict });
    };
    let chosen = entries.word("onDelete", &words, sink)?;
    if chosen == OnDelete::SetNull && !optional {
        let message = "`onDelete: setNull` needs a key that may be null";
        sink.push(
            Problem::new("invalid-on-delete", node.span, message)
                .label("this relation is required")
                .help("add `optional: true`, or use `cascade` or `restrict`"),
        );
        return None;
    }
    Some(chosen)
}

fn me_default(entries: &Entries<'_>, sink: &mut Sink) -> Option<Span> {
    let node = entries.get("default")?;
    let text = node.text(sink)?;
    if text == "$me" {
        return Some(node.span);
    }
    let help = nearest(text, ["$me"]).map(|near| format!("did you mean `{near}`?"));
    let message = format!("`{text}` cannot be the default of a relation");
    sink.push(Problem::new("invalid-default", node.span, message).label("only `$me` is possible").maybe_help(help));
    None
}
