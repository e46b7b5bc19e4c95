//! Converts text from a URL, or JSON, to a database value of the field's type.

use rust_decimal::Decimal;
use sea_orm::Value;
use uuid::Uuid;

use super::input::{Mismatch, exact_decimal, normal_address, parse_date, parse_datetime, parse_time};
use crate::meta::FieldKind;

/// Converts text to a value of the field's type.
///
/// # Errors
/// The form that the field's type requires.
pub(crate) fn typed_value(kind: FieldKind, text: &str) -> Result<Value, Mismatch> {
    if text.contains('\0') {
        return Err("text without NUL characters".into());
    }
    match kind {
        FieldKind::String | FieldKind::Text | FieldKind::Url => Ok(text.into()),
        FieldKind::Email => Ok(normal_address(text).into()),
        FieldKind::Integer => text.parse::<i32>().map(Into::into).map_err(|_| "an integer of 32 bits".into()),
        FieldKind::Bigint => text.parse::<i64>().map(Into::into).map_err(|_| "an integer of 64 bits".into()),
        FieldKind::Float => finite(text).map(Into::into).ok_or("a number".into()),
        FieldKind::Decimal { .. } => {
            Decimal::from_str_exact(text).map(Into::into).map_err(|_| "a decimal number".into())
        }
        FieldKind::Boolean => text.parse::<bool>().map(Into::into).map_err(|_| "true or false".into()),
        FieldKind::Date => parse_date(text).map(Into::into).ok_or("a date as YYYY-MM-DD".into()),
        FieldKind::Time => parse_time(text).map(Into::into).ok_or("a time as HH:MM:SS".into()),
        FieldKind::Datetime => parse_datetime(text).map(Into::into).ok_or("a date and time in ISO 8601".into()),
        FieldKind::Uuid => Uuid::try_parse(text).map(Into::into).map_err(|_| "a UUID".into()),
        FieldKind::Enum(values) if values.contains(&text) => Ok(text.into()),
        FieldKind::Enum(values) => Err(Mismatch(format!("one of {}", values.join(", ")).into())),
        FieldKind::Json | FieldKind::EnumList(_) | FieldKind::Password => Err("left out: it cannot be compared".into()),
    }
}

/// Converts JSON to a value of the field's type. Numbers and Booleans must be such in JSON, all else text; decimals may
/// be either.
///
/// # Errors
/// The form that the field's type requires.
pub(crate) fn typed_json(kind: FieldKind, json: &serde_json::Value) -> Result<Value, Mismatch> {
    use serde_json::Value as Json;
    let numeric = matches!(kind, FieldKind::Integer | FieldKind::Bigint | FieldKind::Float | FieldKind::Decimal { .. });
    match json {
        Json::Number(number) if matches!(kind, FieldKind::Decimal { .. }) => {
            exact_decimal(number).map(Into::into).ok_or("a decimal number, as text where it is long".into())
        }
        Json::Number(number) if numeric => typed_value(kind, &number.to_string()),
        Json::Bool(value) if kind == FieldKind::Boolean => Ok((*value).into()),
        Json::String(text) if matches!(kind, FieldKind::Decimal { .. }) || !(numeric || kind == FieldKind::Boolean) => {
            typed_value(kind, text)
        }
        // The error of a text that is never valid for these types names the required form.
        _ => Err(typed_value(kind, "\u{1}").err().unwrap_or_else(|| "text".into())),
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}
