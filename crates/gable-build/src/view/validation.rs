//! The attributes of `#[derive(Validate)]`, and the statics and functions that they refer to.

use gable_meta::limits::MAX_EMAIL_LENGTH;
use gable_schema::schema::{Field, FieldType};
use serde::Serialize;

use super::literal;

/// The size of the column, in characters.
const URL_LENGTH: u32 = 255;

#[derive(Serialize)]
pub(super) struct PatternView {
    name: String,
    regex: String,
}

pub(super) fn pattern(field: &Field) -> Option<PatternView> {
    let (FieldType::String { pattern, .. } | FieldType::Text { pattern, .. }) = &field.ty else {
        return None;
    };
    pattern.as_ref().map(|regex| PatternView { name: pattern_name(field), regex: regex.clone() })
}

fn pattern_name(field: &Field) -> String {
    format!("{}_PATTERN", field.column.to_uppercase())
}

#[derive(Serialize)]
pub(super) struct CheckView {
    name: String,
    parameter: &'static str,
    call: String,
}

/// A validation function, for checks that the derive has no attribute for.
pub(super) fn check(field: &Field) -> Option<CheckView> {
    let name = check_name(field);
    match &field.ty {
        FieldType::Decimal { precision, scale, min, max } => {
            let call = format!("decimal(value, {precision}, {scale}, {}, {})", bound(min), bound(max));
            Some(CheckView { name, parameter: "value: &impl DecimalInput", call })
        }
        FieldType::Json { max_bytes } => Some(CheckView {
            name,
            parameter: "value: &impl JsonInput",
            call: format!("json_bytes(value, {max_bytes})"),
        }),
        _ => None,
    }
}

fn check_name(field: &Field) -> String {
    format!("check_{}", field.column)
}

fn bound(literal: &Option<String>) -> String {
    literal.as_ref().map_or_else(|| "None".to_owned(), |literal| format!("Some({})", literal::decimal(literal)))
}

/// At most one `#[validate(..)]` per field.
pub(super) fn attributes(field: &Field) -> Vec<String> {
    let parts: Vec<String> = match &field.ty {
        FieldType::String { min, max, pattern } | FieldType::Text { min, max, pattern } => {
            text(field, *min, *max, pattern.is_some())
        }
        FieldType::Email => vec!["email".to_owned(), format!("length(max = {MAX_EMAIL_LENGTH})")],
        FieldType::Url => vec!["url".to_owned(), format!("length(max = {URL_LENGTH})")],
        FieldType::Integer { min, max } => {
            range(min.map(i64::from).map(literal::integer), max.map(i64::from).map(literal::integer))
        }
        FieldType::Bigint { min, max } => range(min.map(literal::integer), max.map(literal::integer)),
        FieldType::Float { min, max } => range(min.map(literal::float), max.map(literal::float)),
        FieldType::Decimal { .. } | FieldType::Json { .. } => vec![format!("custom(function = {})", check_name(field))],
        _ => Vec::new(),
    };
    if parts.is_empty() { parts } else { vec![parts.join(", ")] }
}

fn text(field: &Field, min: Option<u32>, max: u32, has_pattern: bool) -> Vec<String> {
    let length = bounds("length", min.map(literal::length), Some(literal::length(max)));
    let pattern = has_pattern.then(|| format!("regex(path = *{})", pattern_name(field)));
    length.into_iter().chain(pattern).collect()
}

fn range(min: Option<String>, max: Option<String>) -> Vec<String> {
    bounds("range", min, max).into_iter().collect()
}

/// `length(min = 3, max = 120)`
fn bounds(validator: &str, min: Option<String>, max: Option<String>) -> Option<String> {
    let min = min.map(|min| format!("min = {min}"));
    let max = max.map(|max| format!("max = {max}"));
    let parts: Vec<String> = min.into_iter().chain(max).collect();
    (!parts.is_empty()).then(|| format!("{validator}({})", parts.join(", ")))
}
