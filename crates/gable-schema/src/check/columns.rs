//! The columns of a model in table order: id, declared fields and keys, fields of an account, timestamps.

use crate::diagnostic::{Problem, Sink, Span};
use crate::draft::{DraftField, DraftModel};
use crate::names;
use crate::nearest::suggestion;
use crate::node::Spanned;
use crate::reserved;
use crate::schema::{Default, Field, FieldType, IdKind, Origin};

use super::CheckContext;
use super::indexes::Indexes;

/// A field with its position for diagnostics.
pub(crate) struct Column {
    pub(crate) field: Field,
    pub(crate) span: Span,
    /// False if its type was refused.
    pub(crate) valid: bool,
}

pub(crate) struct Columns {
    list: Vec<Column>,
}

impl Columns {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Column> {
        self.list.iter()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Column> {
        self.list.iter().find(|column| column.field.name == name)
    }

    /// Finds a column by its name, or reports a problem that suggests another name.
    pub(crate) fn resolve(
        &self,
        name: &Spanned<String>,
        relations: &DraftModel<'_>,
        sink: &mut Sink,
    ) -> Option<&Column> {
        let found = self.get(&name.value);
        if found.is_none() {
            sink.push(self.unknown(name, relations));
        }
        found
    }

    fn unknown(&self, name: &Spanned<String>, draft: &DraftModel<'_>) -> Problem {
        let key = format!("{}Id", name.value);
        let is_relation = draft.relations.iter().any(|relation| relation.name.value == name.value);
        let help = if is_relation && self.get(&key).is_some() {
            Some(format!("did you mean the key `{key}`?"))
        } else {
            suggestion(&name.value, self.list.iter().map(|column| column.field.name.as_str()))
        };
        let message = format!("`{}` has no field `{}`", draft.name.value, name.value);
        Problem::new("unknown-field", name.span, message).label("no such field").maybe_help(help)
    }

    /// Sets the attribute of a field that is the only one in a list of `indexes:` or `unique:`, which means the same.
    pub(crate) fn into_fields(self, indexes: &Indexes) -> Vec<Field> {
        let alone = |indexes: &[crate::schema::Index], name: &str| indexes.iter().any(|index| index.fields == [name]);
        let set = |column: Column| {
            let unique = alone(&indexes.unique, &column.field.name);
            let index = alone(&indexes.plain, &column.field.name);
            Field { unique, index, ..column.field }
        };
        self.list.into_iter().map(set).collect()
    }
}

pub(crate) fn columns(draft: &DraftModel<'_>, context: &CheckContext<'_, '_>, sink: &mut Sink) -> Columns {
    let here = draft.name.span;
    let own = |field: Field| Column { field, span: here, valid: true };
    let mut list = vec![own(id_field(draft.id))];
    list.extend(draft.fields.iter().map(declared));
    list.extend(keys(draft, context));
    if context.is_account(&draft.name.value) {
        list.extend(account_fields().into_iter().map(own));
    }
    list.extend(time_fields(draft).into_iter().map(own));
    let columns = Columns { list };
    check_names(draft, &columns, sink);
    check_former_names(draft, &columns, sink);
    check_passwords(draft, context, sink);
    warn_about_query_names(&columns, sink);
    columns
}

fn declared(draft: &DraftField) -> Column {
    Column { field: draft.field.clone(), span: draft.span, valid: draft.valid }
}

/// Gives keys the type of the id that they refer to; an unknown target is reported elsewhere.
fn keys(draft: &DraftModel<'_>, context: &CheckContext<'_, '_>) -> Vec<Column> {
    let of_relation = |relation: &crate::draft::DraftRelation| {
        let key = relation.key()?;
        let target = context.draft(&relation.target.value);
        let ty = id_type(target.map_or(IdKind::Uuid, |target| target.id));
        let field = Field { ty, ..key.key.field.clone() };
        Some(Column { field, span: key.key.span, valid: target.is_some() })
    };
    draft.relations.iter().filter_map(of_relation).collect()
}

fn id_type(id: IdKind) -> FieldType {
    match id {
        IdKind::Uuid => FieldType::Uuid,
        IdKind::Integer => FieldType::Bigint { min: None, max: None },
    }
}

fn implicit(name: &str, ty: FieldType, origin: Origin) -> Field {
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
        read_only: true,
        immutable: false,
        case_insensitive: false,
        read_roles: None,
        write_roles: None,
        renamed_from: None,
        origin,
    }
}

fn id_field(id: IdKind) -> Field {
    implicit("id", id_type(id), Origin::Id)
}

/// Returns the fields that every account has. The four flags are not read-only, because an administrator may write
/// them; the runtime prevents an account from writing its own.
pub(crate) fn account_fields() -> Vec<Field> {
    let value = |value: serde_json::Value| Some(Default::Value(value));
    let flag = |name: &str, on: bool| Field {
        default: value(on.into()),
        read_only: false,
        ..implicit(name, FieldType::Boolean, Origin::Account)
    };
    let time = |name: &str| Field { optional: true, ..implicit(name, FieldType::Datetime, Origin::Account) };
    let attempts = implicit("failedLoginAttempts", FieldType::Integer { min: None, max: None }, Origin::Account);
    vec![
        flag("isActive", true),
        flag("isSuperUser", false),
        flag("isStaff", false),
        flag("isEmailVerified", false),
        time("lastLoginAt"),
        time("passwordChangedAt"),
        time("deletedSelfAccountAt"),
        Field { default: value(0.into()), private: true, ..attempts },
        Field { private: true, ..time("lockedUntil") },
    ]
}

fn time_fields(draft: &DraftModel<'_>) -> Vec<Field> {
    let now = |name: &str, origin: Origin| Field {
        default: Some(Default::Now),
        ..implicit(name, FieldType::Datetime, origin)
    };
    let mut fields = Vec::new();
    if draft.timestamps {
        fields.push(now("createdAt", Origin::CreatedAt));
        fields.push(now("updatedAt", Origin::UpdatedAt));
    }
    if draft.soft_delete {
        let deleted = implicit("deletedAt", FieldType::Datetime, Origin::DeletedAt);
        fields.push(Field { optional: true, ..deleted });
    }
    fields
}

/// A name in use, in each of its spellings, and a description of its owner.
struct Taken {
    json: String,
    column: String,
    variant: String,
    owner: String,
    implicit: bool,
}

fn check_names(draft: &DraftModel<'_>, columns: &Columns, sink: &mut Sink) {
    let mut taken = reserved_names(columns);
    for column in columns.iter().filter(|column| is_written(&column.field)) {
        let owner = match &column.field.origin {
            Origin::ForeignKey { relation } => format!("the key of the relation `{relation}`"),
            _ => format!("the field `{}`", column.field.name),
        };
        register(taken_by(&column.field.name, owner), column.span, &mut taken, sink);
    }
    for relation in &draft.relations {
        let owner = format!("the relation `{}`", relation.name.value);
        register(taken_by(&relation.name.value, owner), relation.name.span, &mut taken, sink);
    }
}

fn is_written(field: &Field) -> bool {
    matches!(field.origin, Origin::Declared | Origin::ForeignKey { .. })
}

/// Returns the names of fields that a model has without declaring them. Timestamps are reserved even if the model has
/// none, so that enabling them later does not break the model.
fn reserved_names(columns: &Columns) -> Vec<Taken> {
    let account = columns.iter().filter(|column| column.field.origin == Origin::Account);
    let names = account.map(|column| column.field.name.as_str());
    let names = reserved::IMPLICIT_FIELDS.iter().copied().chain(names);
    names.map(|name| Taken { implicit: true, ..taken_by(name, format!("the field `{name}`")) }).collect()
}

fn taken_by(name: &str, owner: String) -> Taken {
    Taken { json: name.to_owned(), column: names::column(name), variant: names::variant(name), owner, implicit: false }
}

fn register(new: Taken, span: Span, taken: &mut Vec<Taken>, sink: &mut Sink) {
    let other = taken.iter().find(|old| old.json == new.json || old.column == new.column || old.variant == new.variant);
    let Some(other) = other else {
        taken.push(new);
        return;
    };
    let message = if other.implicit && other.json == new.json {
        format!("{} is declared, but its name is reserved", new.owner)
    } else {
        format!("{} clashes with {}", new.owner, other.owner)
    };
    let label = if other.json == new.json {
        format!("`{}` is taken", new.json)
    } else {
        format!("both would be the column `{}`", new.column)
    };
    let help = if other.implicit {
        "the server adds a field of this name to models; remove or rename yours"
    } else {
        "rename one of the two"
    };
    sink.push(Problem::new("name-clash", span, message).label(label).help(help));
}

fn check_former_names(draft: &DraftModel<'_>, columns: &Columns, sink: &mut Sink) {
    let keys = draft.relations.iter().filter_map(|relation| relation.key()).map(|key| &key.key);
    let mut seen: Vec<&str> = Vec::new();
    for field in draft.fields.iter().chain(keys) {
        let Some(from) = &field.renamed_from else {
            continue;
        };
        let valid = names::is_camel_case(&from.value) && names::column(&from.value).len() <= names::MAX_IDENTIFIER;
        let why = if !valid {
            "not a valid field name"
        } else if columns.get(&from.value).is_some() {
            "a field of this name still exists"
        } else if seen.contains(&from.value.as_str()) {
            "another field has the same former name"
        } else {
            seen.push(&from.value);
            continue;
        };
        let message = format!("`{}` cannot have been renamed from `{}`", field.field.name, from.value);
        sink.push(Problem::new("invalid-rename", from.span, message).label(why));
    }
}

fn check_passwords(draft: &DraftModel<'_>, context: &CheckContext<'_, '_>, sink: &mut Sink) {
    // A file that could not be read may contain `account: true`; several accounts are reported elsewhere.
    if draft.account.is_some() || (context.account.is_none() && !context.complete) {
        return;
    }
    for field in draft.fields.iter().filter(|field| field.valid && field.field.ty == FieldType::Password) {
        let message = format!("`{}` is not the account model, so it cannot have a password", draft.name.value);
        sink.push(
            Problem::new("password-outside-account", field.span, message)
                .label("only accounts have passwords")
                .help("add `account: true` to the model, or use another type"),
        );
    }
}

fn warn_about_query_names(columns: &Columns, sink: &mut Sink) {
    for column in columns.iter().filter(|column| reserved::QUERY_KEYS.contains(&column.field.name.as_str())) {
        let name = &column.field.name;
        let message = format!("`{name}` is also a query parameter of every list");
        sink.push(
            Problem::warning("query-name", column.span, message)
                .label(format!("`?{name}=…` does not filter by this field"))
                .help(format!("use `?{name}[eq]=…` instead")),
        );
    }
}
