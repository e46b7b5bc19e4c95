//! The enums of a model.

use gable_schema::schema::{Default, EnumValue, Field, FieldType, Model};
use serde::Serialize;

use super::literal;

#[derive(Serialize)]
pub(super) struct EnumView {
    name: String,
    values: Vec<ValueView>,
    /// The arguments of `string_enum!`: `Draft = "draft"`.
    texts: Vec<String>,
}

#[derive(Serialize)]
struct ValueView {
    variant: String,
    attributes: Vec<&'static str>,
}

pub(super) fn enums(model: &Model) -> Vec<EnumView> {
    model.fields.iter().filter_map(view).collect()
}

pub(super) fn names(model: &Model) -> Vec<String> {
    enums(model).into_iter().map(|view| view.name).collect()
}

fn view(field: &Field) -> Option<EnumView> {
    let (FieldType::Enum { rust_name, values } | FieldType::EnumList { rust_name, values }) = &field.ty else {
        return None;
    };
    let default = default_value(field).or(values.first().map(|value| value.value.as_str()));
    let text = |value: &EnumValue| format!("{} = {}", value.variant, literal::text(&value.value));
    Some(EnumView {
        name: rust_name.clone(),
        values: values.iter().map(|value| value_view(value, default)).collect(),
        texts: values.iter().map(text).collect(),
    })
}

fn default_value(field: &Field) -> Option<&str> {
    match &field.default {
        Some(Default::Value(value)) => value.as_str(),
        _ => None,
    }
}

fn value_view(value: &EnumValue, default: Option<&str>) -> ValueView {
    let attributes = if Some(value.value.as_str()) == default { vec!["default"] } else { Vec::new() };
    ValueView { variant: value.variant.clone(), attributes }
}

/// `PostStatus::Draft`
pub(super) fn path(rust_name: &str, values: &[EnumValue], text: &str) -> Option<String> {
    let value = values.iter().find(|value| value.value == text)?;
    Some(format!("{rust_name}::{}", value.variant))
}
