//! The Rust type of a field. Only this table maps field types to Rust types.

use gable_schema::schema::{Field, FieldType, IdKind, Model, Origin, RelationKind, Schema};

/// The type in a row, without the `Option` of an optional field. JSON stays text, because most rows are only
/// forwarded.
pub(super) fn column_type(schema: &Schema, model: &Model, field: &Field) -> String {
    match &field.ty {
        FieldType::Json { .. } | FieldType::EnumList { .. } => "RawJson".to_owned(),
        _ => rust_type(schema, model, field),
    }
}

/// The type in a body, without the `Option` of an optional field.
pub(super) fn rust_type(schema: &Schema, model: &Model, field: &Field) -> String {
    if let Some(id) = key_kind(schema, model, field) {
        return id_type(id).to_owned();
    }
    let ty = match &field.ty {
        FieldType::String { .. } | FieldType::Text { .. } | FieldType::Email | FieldType::Url => "String",
        FieldType::Password => "String",
        FieldType::Integer { .. } => "i32",
        FieldType::Bigint { .. } => "i64",
        FieldType::Float { .. } => "f64",
        FieldType::Decimal { .. } => "Decimal",
        FieldType::Boolean => "bool",
        FieldType::Date => "NaiveDate",
        FieldType::Time => "NaiveTime",
        FieldType::Datetime => "DateTime<Utc>",
        FieldType::Uuid => "Uuid",
        FieldType::Json { .. } | FieldType::EnumList { .. } => "Json",
        FieldType::Enum { rust_name, .. } => rust_name,
    };
    ty.to_owned()
}

pub(super) fn id_type(id: IdKind) -> &'static str {
    match id {
        IdKind::Uuid => "Uuid",
        IdKind::Integer => "i64",
    }
}

/// Returns the kind of id that the field holds, if it is the model's own id or a foreign key.
pub(crate) fn key_kind(schema: &Schema, model: &Model, field: &Field) -> Option<IdKind> {
    match &field.origin {
        Origin::Id => Some(model.id),
        Origin::ForeignKey { .. } => target(schema, model, &field.name).map(|target| target.id),
        _ => None,
    }
}

/// The model that a foreign key refers to.
pub(crate) fn target<'s>(schema: &'s Schema, model: &Model, key: &str) -> Option<&'s Model> {
    let owns = |kind: &RelationKind| matches!(kind, RelationKind::BelongsTo { field, .. } if field == key);
    let relation = model.relations.iter().find(|relation| owns(&relation.kind))?;
    schema.model(&relation.target)
}

pub(super) fn optional(ty: &str, optional: bool) -> String {
    if optional { format!("Option<{ty}>") } else { ty.to_owned() }
}
