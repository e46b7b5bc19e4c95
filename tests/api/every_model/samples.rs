//! Values and bodies that a schema accepts.

use std::sync::atomic::{AtomicU32, Ordering};

use gable_schema::schema::{Default, Field, FieldType, Model, ModelKind, Origin};
use serde_json::{Map, Value, json};

use super::application::Application;

/// A number that is unique in this run.
fn number() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A value that the field accepts.
pub(super) fn value(field: &Field) -> Value {
    let number = number();
    match &field.ty {
        FieldType::String { pattern: Some(_), .. } => json!(format!("+{number:09}")),
        FieldType::String { min, .. } | FieldType::Text { min, .. } => {
            json!(format!("{number:0>width$}", width = min.unwrap_or(4) as usize))
        }
        FieldType::Email => json!(format!("{number}@example.com")),
        FieldType::Url => json!("https://example.com"),
        FieldType::Password => json!("Correct-Horse-7"),
        FieldType::Integer { min, .. } => json!(i64::from(min.unwrap_or(0)) + i64::from(number)),
        FieldType::Bigint { min, .. } => json!(min.unwrap_or(0) + i64::from(number)),
        FieldType::Float { min, .. } => json!(min.unwrap_or(0.0) + 0.5),
        FieldType::Decimal { .. } => json!("1.25"),
        FieldType::Boolean => json!(true),
        FieldType::Date => json!("2030-01-31"),
        FieldType::Time => json!("19:30:00"),
        FieldType::Datetime => json!("2020-01-01T00:00:00Z"),
        FieldType::Uuid => json!("018f3f2e-0000-7000-8000-000000000000"),
        FieldType::Json { .. } => json!({}),
        FieldType::Enum { values, .. } | FieldType::EnumList { values, .. } => json!(values[0].value),
    }
}

/// Whether a new row must have the field.
fn is_required(field: &Field) -> bool {
    let said = matches!(field.origin, Origin::Declared | Origin::ForeignKey { .. });
    said && !field.optional && !field.read_only && field.default.as_ref().is_none_or(|default| *default == Default::Me)
}

/// The required values of a new row, including keys of rows made for it.
pub(super) fn body(app: &Application, model: &Model) -> Value {
    let mut body = Map::new();
    for field in model.fields.iter().filter(|field| is_required(field)) {
        let value = match &field.origin {
            Origin::ForeignKey { relation } => {
                let relation = model.relations.iter().find(|other| other.name == *relation).expect("its relation");
                row(app, app.model(&relation.target))
            }
            _ => value(field),
        };
        body.insert(field.name.clone(), value);
    }
    Value::Object(body)
}

/// Makes a row as the super user and returns its id. Permissions cannot be made, so it returns an existing one.
pub(super) fn row(app: &Application, model: &Model) -> Value {
    if model.kind == ModelKind::Permission {
        return app.root.get(&app.list(model)).succeeds(200)["data"][0]["id"].clone();
    }
    app.root.post(&app.list(model), body(app, model)).succeeds(201)["data"]["id"].clone()
}
