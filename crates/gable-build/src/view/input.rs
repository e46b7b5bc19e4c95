//! The inputs `CreatePost` and `UpdatePost`: the keys that bodies accept, and the columns they are written to.

use gable_schema::schema::{Default, Field, FieldType, Model, Origin, RelationKind, Schema};
use serde::Serialize;

use super::{default, entity, literal, position, types, validation};

#[derive(Serialize)]
pub(super) struct InputView {
    name: String,
    derives: &'static str,
    fields: Vec<InputField>,
    /// Whether an input field is a foreign key, so that `key` is needed.
    keys: bool,
    /// Statements of `read` that must run before the fields are read.
    before: Vec<String>,
    /// Parameter names, with a leading `_` if unused.
    body: &'static str,
    row: &'static str,
}

#[derive(Serialize)]
struct InputField {
    rust_name: String,
    ty: String,
    attributes: Vec<String>,
    read: String,
    write: String,
    /// The variant of `Column`, if the field is a foreign key.
    key: Option<String>,
    #[serde(skip)]
    reads_body: bool,
}

pub(super) fn create(schema: &Schema, model: &Model) -> InputView {
    let columns = model.fields.iter().filter(|field| is_input(field));
    let fields = columns.map(|field| create_field(schema, model, field));
    let fields: Vec<InputField> = fields.chain(related(schema, model)).collect();
    let read: Vec<&Field> = model.fields.iter().filter(|field| is_input(field) && is_read(field)).collect();
    let now = model.fields.iter().any(|field| is_input(field) && field.default == Some(Default::Now));
    let before =
        now.then(|| "let now = body.now();".to_owned()).into_iter().chain(references(schema, model, &read)).collect();
    input(format!("Create{}", model.name), "Clone, Debug, PartialEq, Validate", fields, before)
}

pub(super) fn update(schema: &Schema, model: &Model) -> InputView {
    let may_change = |field: &Field| is_input(field) && !field.immutable && field.ty != FieldType::Password;
    let columns = model.fields.iter().filter(|field| may_change(field));
    let fields = columns.map(|field| update_field(schema, model, field));
    let fields: Vec<InputField> = fields.chain(related(schema, model)).collect();
    let read: Vec<&Field> = model.fields.iter().filter(|field| may_change(field) && is_read(field)).collect();
    input(
        format!("Update{}", model.name),
        "Clone, Debug, Default, PartialEq, Validate",
        fields,
        references(schema, model, &read),
    )
}

fn input(name: String, derives: &'static str, fields: Vec<InputField>, before: Vec<String>) -> InputView {
    let reads = !before.is_empty() || fields.iter().any(|field| field.reads_body);
    let body = if reads { "body" } else { "_body" };
    let row = if fields.is_empty() { "_row" } else { "row" };
    let keys = fields.iter().any(|field| field.key.is_some());
    InputView { name, derives, fields, keys, before, body, row }
}

/// Returns true if code may set the field; the others are written only by the runtime.
fn is_input(field: &Field) -> bool {
    match field.origin {
        Origin::Declared | Origin::ForeignKey { .. } => true,
        Origin::Account => !field.read_only && !field.private,
        Origin::Id | Origin::CreatedAt | Origin::UpdatedAt | Origin::DeletedAt => false,
    }
}

/// Returns true if a body may contain the field. Private fields are treated as unknown, except for passwords.
fn is_read(field: &Field) -> bool {
    !field.read_only && (!field.private || field.ty == FieldType::Password)
}

/// Returns the statements that move `"author": { … }` to `authorId` before `authorId` is read.
fn references(schema: &Schema, model: &Model, fields: &[&Field]) -> Vec<String> {
    let statements = fields.iter().filter_map(|field| {
        let Origin::ForeignKey { relation } = &field.origin else { return None };
        let meta = model.relations.iter().find(|other| other.name == *relation)?;
        let target = entity::path_to(model, schema.model(&meta.target)?);
        let (relation, key) = (literal::text(relation), literal::text(&field.name));
        Some(format!("body.reference::<{target}Model>({relation}, {key});"))
    });
    statements.collect()
}

fn create_field(schema: &Schema, model: &Model, field: &Field) -> InputField {
    let rust_name = &field.rust_name;
    let position = position::own_column(field);
    let ty = types::rust_type(schema, model, field);
    if field.ty == FieldType::Password {
        return InputField {
            rust_name: rust_name.clone(),
            ty: "PlainPassword".to_owned(),
            attributes: Vec::new(),
            read: format!("body.password({})", literal::text(&field.name)),
            write: format!("row.password({position}, self.{rust_name})"),
            key: None,
            reads_body: true,
        };
    }
    let (read, optional) = if is_read(field) { create_read(field) } else { create_fixed(field, &ty) };
    InputField {
        rust_name: rust_name.clone(),
        ty: if optional { option(field, &ty) } else { ty },
        attributes: validation::attributes(field),
        write: format!("row.set({position}, self.{rust_name})"),
        key: key(field),
        reads_body: read.starts_with("body."),
        read,
    }
}

fn key(field: &Field) -> Option<String> {
    matches!(field.origin, Origin::ForeignKey { .. }).then(|| position::variant(field))
}

/// Returns the expression that reads the field from a body, and whether its type is an `Option`.
fn create_read(field: &Field) -> (String, bool) {
    let name = literal::text(&field.name);
    let optional = field.optional;
    let read = match (default::function(field), &field.default, optional) {
        (Some(default), _, false) => format!("body.default_to({name}, {default})"),
        (Some(default), _, true) => format!("body.optional_or({name}, {default})"),
        (None, Some(Default::Me), false) => format!("body.me({name})"),
        (None, Some(Default::Me), true) => format!("body.optional_me({name})"),
        (None, _, false) => format!("body.required({name})"),
        (None, _, true) => format!("body.optional({name})"),
    };
    (read, optional)
}

/// Returns the value of a field that no body contains: its default, or `None` until an interceptor sets it.
fn create_fixed(field: &Field, ty: &str) -> (String, bool) {
    match (default::expression(field), &field.default) {
        (Some(default), _) if field.optional => (format!("Some({default})"), true),
        (Some(default), _) => (default, false),
        (None, Some(Default::Me)) => (format!("body.caller::<{ty}>()"), true),
        (None, _) => ("None".to_owned(), true),
    }
}

/// The type of an optional field. The derive of `Validate` binds the value to the field's own name, which must not
/// hide the derive's variables `errors` and `err`.
fn option(field: &Field, ty: &str) -> String {
    match field.rust_name.as_str() {
        "errors" | "err" => format!("Maybe<{ty}>"),
        _ => format!("Option<{ty}>"),
    }
}

fn update_field(schema: &Schema, model: &Model, field: &Field) -> InputField {
    let name = literal::text(&field.name);
    let read = match (is_read(field), field.optional) {
        (false, _) => "Patch::Absent".to_owned(),
        (true, false) => format!("body.patch({name})"),
        (true, true) => format!("body.patch_optional({name})"),
    };
    InputField {
        rust_name: field.rust_name.clone(),
        ty: format!("Patch<{}>", types::rust_type(schema, model, field)),
        attributes: validation::attributes(field),
        write: format!("row.patch({}, self.{})", position::own_column(field), field.rust_name),
        key: key(field),
        reads_body: is_read(field),
        read,
    }
}

/// Returns the inputs of relations with the key on the other side; `references` handles keys on this side.
fn related(schema: &Schema, model: &Model) -> impl Iterator<Item = InputField> {
    model.relations.iter().filter(|relation| position::is_nested(relation)).filter_map(|relation| {
        let read = if matches!(relation.kind, RelationKind::HasOne { .. }) { "nested_one" } else { "nested" };
        let target = entity::path_to(model, schema.model(&relation.target)?);
        Some(InputField {
            rust_name: relation.rust_name.clone(),
            ty: format!("Vec<Nested<{target}Model>>"),
            attributes: Vec::new(),
            read: format!("body.{read}({})", literal::text(&relation.name)),
            write: format!("row.nested({}, self.{})", position::relation(relation), relation.rust_name),
            key: None,
            reads_body: true,
        })
    })
}
