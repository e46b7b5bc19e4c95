//! A field's default as a Rust expression.

use gable_schema::schema::{Default, Field, FieldType};
use serde_json::Value;

use super::{enums, literal};

/// Returns a default that does not depend on the caller. `now` is a local variable of the printed function.
pub(super) fn expression(field: &Field) -> Option<String> {
    match field.default.as_ref()? {
        Default::Value(value) => Some(constant(&field.ty, value)),
        Default::Now => Some(now(&field.ty).to_owned()),
        Default::Uuid => Some("Uuid::new_v4()".to_owned()),
        Default::Me => None,
    }
}

/// Like [`expression`], but returns a function or closure, which is called only if the default is needed.
pub(super) fn function(field: &Field) -> Option<String> {
    let default = expression(field)?;
    Some(default.strip_suffix("new_v4()").map_or_else(|| format!("|| {default}"), |path| format!("{path}new_v4")))
}

fn now(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Date => "now.date_naive()",
        FieldType::Time => "now.time()",
        _ => "now",
    }
}

const CHECKED: &str = ".expect(\"checked by the build step\")";

fn constant(ty: &FieldType, value: &Value) -> String {
    let string = || literal::text(value.as_str().unwrap_or_default());
    match ty {
        FieldType::String { .. } | FieldType::Text { .. } | FieldType::Email | FieldType::Url | FieldType::Password => {
            format!("{}.to_owned()", string())
        }
        FieldType::Integer { .. } | FieldType::Bigint { .. } => value.as_i64().unwrap_or_default().to_string(),
        FieldType::Float { .. } => literal::float(value.as_f64().unwrap_or_default()),
        FieldType::Decimal { .. } => literal::decimal(&decimal_text(value)),
        FieldType::Boolean => value.as_bool().unwrap_or_default().to_string(),
        FieldType::Date => format!("parse_date({}){CHECKED}", string()),
        FieldType::Time => format!("parse_time({}){CHECKED}", string()),
        FieldType::Datetime => format!("parse_datetime({}){CHECKED}", string()),
        FieldType::Uuid => format!("Uuid::from_u128(0x{})", value.as_str().unwrap_or("0").replace('-', "")),
        FieldType::Json { .. } | FieldType::EnumList { .. } => {
            format!("{}.parse::<Json>(){CHECKED}", literal::text(&value.to_string()))
        }
        FieldType::Enum { rust_name, values } => {
            let path = enums::path(rust_name, values, value.as_str().unwrap_or_default());
            path.unwrap_or_else(|| format!("{rust_name}::default()"))
        }
    }
}

fn decimal_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
