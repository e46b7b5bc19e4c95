//! Fields: the short form (`text?`) and the long one.

use crate::diagnostic::{Problem, Sink};
use crate::draft::DraftField;
use crate::entries::Entries;
use crate::keys;
use crate::names::{self, MAX_IDENTIFIER};
use crate::nearest::suggestion;
use crate::node::{Entry, Node, Spanned, Value};
use crate::reserved;
use crate::schema::{Default, Field, FieldType, Origin};

use super::types::{self, TypeName};
use super::value::{ValueUse, checked_default, checked_value};

pub(crate) fn lower_fields(model: &str, node: Option<&Node>, sink: &mut Sink) -> Vec<DraftField> {
    let Some(entries) = node.filter(|node| !node.is_null()).and_then(|node| node.map(sink)) else {
        return Vec::new();
    };
    entries.iter().filter_map(|entry| lower_field(model, entry, sink)).collect()
}

/// Returns `None` if the name is refused. A refused type leaves an invalid field, so that its name is known.
fn lower_field(model: &str, entry: &Entry, sink: &mut Sink) -> Option<DraftField> {
    let named = check_field_name(entry, sink);
    let draft = match &entry.node.value {
        Value::Text(text) => short_form(entry, text, sink),
        Value::Map(_) => long_form(model, entry, sink),
        _ => {
            sink.push(entry.node.mismatch("a type or a map").help("for example `title: string`"));
            DraftField::invalid(entry)
        }
    };
    named.then_some(draft)
}

impl DraftField {
    /// Creates a placeholder for a field of which only the name is known.
    fn invalid(entry: &Entry) -> Self {
        let field = plain_field(&entry.key, FieldType::Boolean);
        DraftField { field, span: entry.key_span, valid: false, roles: Vec::new(), renamed_from: None }
    }
}

/// Creates a field without attributes.
pub(crate) fn plain_field(name: &str, ty: FieldType) -> Field {
    Field {
        name: name.to_owned(),
        column: names::column(name),
        rust_name: names::rust_name(name),
        variant: names::variant(name),
        ty,
        optional: false,
        default: None,
        unique: false,
        index: false,
        description: None,
        example: None,
        private: false,
        read_only: false,
        immutable: false,
        case_insensitive: false,
        read_roles: None,
        write_roles: None,
        renamed_from: None,
        origin: Origin::Declared,
    }
}

fn short_form(entry: &Entry, text: &str, sink: &mut Sink) -> DraftField {
    let Some((name, optional)) = type_name(&entry.node, text, sink) else {
        return DraftField::invalid(entry);
    };
    let Some(ty) = types::without_attributes(name, &entry.node, sink) else {
        return DraftField::invalid(entry);
    };
    let field = Field { optional, ..plain_field(&entry.key, ty) };
    DraftField { field, span: entry.key_span, valid: true, roles: Vec::new(), renamed_from: None }
}

/// Splits the type from a trailing `?`.
fn type_name(node: &Node, text: &str, sink: &mut Sink) -> Option<(TypeName, bool)> {
    let (name, optional) = text.strip_suffix('?').map_or((text, false), |name| (name, true));
    match TypeName::parse(name) {
        Some(TypeName::Password) if optional => {
            sink.push(optional_password(node));
            return None;
        }
        Some(ty) => return Some((ty, optional)),
        None => {}
    }
    let help = suggestion(name, keys::TYPES.iter().copied())
        .unwrap_or_else(|| format!("the types are {}", crate::nearest::quoted(keys::TYPES)));
    sink.push(
        Problem::new("unknown-type", node.span, format!("unknown type `{name}`")).label("no such type").help(help),
    );
    None
}

fn optional_password(node: &Node) -> Problem {
    Problem::new("attribute-not-allowed", node.span, "a password cannot be optional")
        .label("an account without a password could never log in")
        .help("write `password`")
}

fn long_form(model: &str, entry: &Entry, sink: &mut Sink) -> DraftField {
    let Some(entries) = Entries::open(&entry.node, &keys::FIELD, sink) else {
        return DraftField::invalid(entry);
    };
    let named = entries.get("type").and_then(|node| type_name(node, node.text(sink)?, sink));
    let Some((name, short_optional)) = named else {
        return DraftField::invalid(entry);
    };
    let allowed = types::check_attributes(name, &entries, sink);
    let ty = types::with_attributes(name, model, &entry.key, &entries, sink);
    let attributes = Attributes::read(&entries, sink);
    let optional = attributes.optional.unwrap_or(false) || short_optional;
    let Some(ty) = ty.filter(|_| allowed) else {
        return DraftField::invalid(entry);
    };
    let default = default(&ty, optional, &entries, sink);
    let example = entries.get("example").and_then(|node| checked_value(&ty, node, ValueUse::Example, sink));
    let renamed_from = attributes.renamed_from.clone();
    let roles = attributes.roles();
    let case_insensitive = entries.flag("caseInsensitive", sink);
    let plain = Field { case_insensitive, ..plain_field(&entry.key, ty) };
    let field = attributes.onto(Field { optional, default, example, ..plain });
    check_attribute_pairs(&field, &entries, sink);
    DraftField { field, span: entry.key_span, valid: true, roles, renamed_from }
}

fn default(ty: &FieldType, optional: bool, entries: &Entries<'_>, sink: &mut Sink) -> Option<Default> {
    let node = entries.get("default")?;
    if !node.is_null() {
        return checked_default(ty, node, sink);
    }
    // For an optional field, `default: null` equals no default.
    if !optional {
        let message = "the default is null, but the field is required";
        sink.push(
            Problem::new("invalid-default", node.span, message)
                .label("must not be null")
                .help("remove the default, or make the field optional"),
        );
    }
    None
}

fn check_attribute_pairs(field: &Field, entries: &Entries<'_>, sink: &mut Sink) {
    let contradiction =
        entries.get("optional").filter(|_| field.optional).filter(|node| matches!(node.value, Value::Bool(false)));
    if let Some(node) = contradiction {
        let message = "the type ends in `?`, but `optional` is false";
        sink.push(Problem::new("contradiction", node.span, message).label("contradicts the type"));
    }
    if let Some(node) = entries.get("immutable").filter(|_| field.immutable && field.read_only) {
        let message = "a field cannot be both `readOnly` and `immutable`";
        sink.push(
            Problem::new("contradiction", node.span, message)
                .label("a read-only field is never written by a client")
                .help("remove one of the two"),
        );
    }
}

/// The attributes that fields and the keys of `belongsTo` share.
pub(crate) struct Attributes {
    pub(crate) optional: Option<bool>,
    unique: bool,
    index: bool,
    description: Option<String>,
    private: bool,
    read_only: bool,
    immutable: bool,
    read_roles: Option<Vec<Spanned<String>>>,
    write_roles: Option<Vec<Spanned<String>>>,
    pub(crate) renamed_from: Option<Spanned<String>>,
}

impl Attributes {
    pub(crate) fn read(entries: &Entries<'_>, sink: &mut Sink) -> Self {
        let access = Entries::open_optional(entries.get("access"), &keys::FIELD_ACCESS, sink);
        let roles = |name: &str, sink: &mut Sink| access.as_ref()?.get(name)?.texts(sink);
        Attributes {
            optional: entries.boolean("optional", sink),
            unique: entries.flag("unique", sink),
            index: entries.flag("index", sink),
            description: entries.plain_text("description", sink),
            private: entries.flag("private", sink),
            read_only: entries.flag("readOnly", sink),
            immutable: entries.flag("immutable", sink),
            read_roles: roles("read", sink),
            write_roles: roles("write", sink),
            renamed_from: entries.text("renamedFrom", sink),
        }
    }

    pub(crate) fn roles(&self) -> Vec<Spanned<String>> {
        self.read_roles.iter().chain(&self.write_roles).flatten().cloned().collect()
    }

    pub(crate) fn onto(self, field: Field) -> Field {
        let plain = |roles: Vec<Spanned<String>>| roles.into_iter().map(|role| role.value).collect();
        Field {
            unique: self.unique,
            // A unique constraint already has an index.
            index: self.index && !self.unique,
            description: self.description,
            private: self.private,
            read_only: self.read_only,
            immutable: self.immutable,
            read_roles: self.read_roles.map(plain),
            write_roles: self.write_roles.map(plain),
            renamed_from: self.renamed_from.map(|name| name.value),
            ..field
        }
    }
}

/// Names of fields and relations follow the same rules.
pub(crate) fn check_field_name(entry: &Entry, sink: &mut Sink) -> bool {
    let Some(problem) = field_name_problem(entry) else {
        return true;
    };
    sink.push(problem);
    false
}

fn field_name_problem(entry: &Entry) -> Option<Problem> {
    let (name, span) = (&entry.key, entry.key_span);
    if !names::is_camel_case(name) {
        return Some(
            Problem::new("invalid-name", span, format!("`{name}` is not a valid name of a field or relation"))
                .label("must be camelCase: ASCII letters and digits")
                .maybe_help(names::camel_hint(name)),
        );
    }
    let column = names::column(name);
    if reserved::NEVER_RAW.contains(&column.as_str()) {
        return Some(reserved_field(entry, "Rust code cannot use this name"));
    }
    if reserved::COLUMNS.contains(&column.as_str()) {
        return Some(reserved_field(entry, "databases add a column with this name to every table"));
    }
    if reserved::BODY_KEYS.contains(&name.as_str()) {
        return Some(reserved_field(entry, "this key has another meaning in request bodies"));
    }
    // The key of a relation adds `_id`.
    (column.len() + "_id".len() > MAX_IDENTIFIER).then(|| {
        Problem::new("name-too-long", span, format!("the name `{name}` is too long"))
            .label(format!("its column may have at most {} bytes", MAX_IDENTIFIER - "_id".len()))
    })
}

fn reserved_field(entry: &Entry, why: &str) -> Problem {
    Problem::new("reserved-name", entry.key_span, format!("a field or relation cannot be called `{}`", entry.key))
        .label(why)
        .help("choose another name")
}
