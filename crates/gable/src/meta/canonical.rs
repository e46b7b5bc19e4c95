//! Canonical bytes of a schema and of a caller's rights: JSON with members in the order of declaration. Equal state
//! has the same fingerprint in every process and for every release of Rust, which `Debug` output does not promise.

use chrono::SecondsFormat;
use sea_orm::Value;
use serde::{Serialize, Serializer, ser::Error};

/// # Errors
/// A value of a type that conditions of access rules do not have.
pub(crate) fn bytes(state: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(state)
}

/// Serializes a database value as text; its type follows from the field that it is compared with.
pub(crate) fn value<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(value) = value else { return serializer.serialize_none() };
    let text = text(value).ok_or_else(|| S::Error::custom("a row rule compares with a value of an unexpected kind"))?;
    serializer.serialize_some(&text)
}

/// Converts a value to text; a float to the shortest form that parses to the same number.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(Some(value)) => value.to_string(),
        Value::Int(Some(value)) => value.to_string(),
        Value::BigInt(Some(value)) => value.to_string(),
        Value::Double(Some(value)) => value.to_string(),
        Value::String(Some(value)) => value.clone(),
        Value::ChronoDate(Some(value)) => value.to_string(),
        Value::ChronoTime(Some(value)) => value.to_string(),
        Value::ChronoDateTimeUtc(Some(value)) => value.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Value::Uuid(Some(value)) => value.to_string(),
        Value::Decimal(Some(value)) => value.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{RowRule, Term};
    use crate::meta::{FieldKind, FieldMeta};
    use crate::model::typed_value;

    fn text_of(state: &impl Serialize) -> String {
        String::from_utf8(bytes(state).expect("canonical bytes")).expect("JSON is text")
    }

    #[test]
    fn a_field_has_the_same_bytes_in_every_release() {
        let field = FieldMeta::new("price", "price", FieldKind::Decimal { precision: 10, scale: 2 });
        assert_eq!(
            text_of(&field),
            r#"{"name":"price","column":"price","kind":{"Decimal":{"precision":10,"scale":2}},"origin":"Declared","optional":false,"private":false,"read_only":false,"immutable":false,"read_roles":null,"write_roles":null}"#
        );
    }

    #[test]
    fn a_row_rule_with_a_value_of_any_comparable_type_has_canonical_bytes() {
        for (kind, text) in [
            (FieldKind::String, "a \"b\""),
            (FieldKind::Integer, "7"),
            (FieldKind::Bigint, "-7"),
            (FieldKind::Float, "1.5"),
            (FieldKind::Decimal { precision: 10, scale: 2 }, "1.50"),
            (FieldKind::Boolean, "true"),
            (FieldKind::Date, "2026-11-27"),
            (FieldKind::Time, "10:20:30"),
            (FieldKind::Datetime, "2026-11-27T10:20:30Z"),
            (FieldKind::Uuid, "0198d7a0-0000-7000-8000-000000000001"),
            (FieldKind::Enum(&["draft"]), "draft"),
        ] {
            let value = typed_value(kind, text).expect("a value of its type");
            let rule =
                RowRule::AnyOf(vec![vec![Term { field: 3, value: Some(value) }, Term { field: 4, value: None }]]);
            let text = serde_json::to_string(text).expect("text serializes");
            let expected = format!(r#"{{"AnyOf":[[{{"field":3,"value":{text}}},{{"field":4,"value":null}}]]}}"#);
            assert_eq!(text_of(&rule), expected);
        }
        assert_eq!(text_of(&RowRule::Every), r#""Every""#);
    }
}
