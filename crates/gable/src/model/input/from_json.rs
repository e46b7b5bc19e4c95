//! Converts one JSON value to one typed value.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::types::{parse_date, parse_datetime, parse_time};
use crate::model::Id;

/// Describes the expected value: completes "'views' must be …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch(pub std::borrow::Cow<'static, str>);

impl From<&'static str> for Mismatch {
    fn from(expected: &'static str) -> Self {
        Mismatch(expected.into())
    }
}

/// A type that a field can have. `Default` is the placeholder for a value that could not be read.
pub trait FromJson: Default {
    /// Converts the value.
    ///
    /// # Errors
    /// A description of the values that the type accepts.
    fn from_json(value: Value) -> Result<Self, Mismatch>;
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        match value {
            // PostgreSQL cannot store NUL; refusing it everywhere keeps the databases alike.
            Value::String(text) if text.contains('\0') => Err("a string without NUL characters".into()),
            Value::String(text) => Ok(text),
            _ => Err("a string".into()),
        }
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_bool().ok_or("true or false".into())
    }
}

impl FromJson for i32 {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_i64().and_then(|number| number.try_into().ok()).ok_or("an integer of 32 bits".into())
    }
}

impl FromJson for i64 {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_i64().ok_or("an integer of 64 bits".into())
    }
}

impl FromJson for f64 {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_f64().filter(|number| number.is_finite()).ok_or("a number".into())
    }
}

impl FromJson for Decimal {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        let decimal = match &value {
            Value::String(text) => Decimal::from_str_exact(text).ok(),
            Value::Number(number) => exact_decimal(number),
            _ => None,
        };
        decimal.ok_or("a decimal number as a string".into())
    }
}

/// Decimal digits that a 64-bit float keeps.
const EXACT_DIGITS: usize = 15;

/// A JSON number as a decimal; `None` if it was parsed as a float that may have lost digits.
pub(crate) fn exact_decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    let decimal = if text.contains('e') { Decimal::from_scientific(&text) } else { Decimal::from_str_exact(&text) };
    let kept = |decimal: &Decimal| decimal.normalize().mantissa().unsigned_abs().to_string().len() <= EXACT_DIGITS;
    decimal.ok().filter(|decimal| !number.is_f64() || kept(decimal))
}

impl FromJson for Uuid {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        let text = value.as_str().ok_or("a UUID")?;
        Uuid::try_parse(text).map_err(|_| "a UUID".into())
    }
}

impl FromJson for DateTime<Utc> {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_str().and_then(parse_datetime).ok_or("a date and time in ISO 8601".into())
    }
}

impl FromJson for NaiveDate {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_str().and_then(parse_date).ok_or("a date as YYYY-MM-DD".into())
    }
}

impl FromJson for NaiveTime {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        value.as_str().and_then(parse_time).ok_or("a time as HH:MM:SS".into())
    }
}

impl FromJson for Value {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        if holds_nul(&value) { Err("JSON without NUL characters".into()) } else { Ok(value) }
    }
}

impl FromJson for Id {
    fn from_json(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Number(_) => i64::from_json(value).map(Id::Integer),
            _ => Uuid::from_json(value).map(Id::Uuid),
        }
    }
}

impl Default for Id {
    fn default() -> Self {
        Id::Uuid(Uuid::nil())
    }
}

/// PostgreSQL's jsonb refuses `\u0000` anywhere in a document.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(entries) => entries.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_more_digits_than_are_kept_is_no_decimal() {
        let read = |text: &str| Decimal::from_json(serde_json::from_str(text).expect("JSON")).ok();
        // Integers are not parsed as floats.
        for text in ["1.5", "12345678901234.5", "1000.0", "-0.0025", "9007199254740993"] {
            assert_eq!(read(text), text.parse().ok(), "{text}");
        }
        assert_eq!(read("-2.5e-3"), read("-0.0025"));
        let lost = ["9007199254740993.01", "12345678901.123456789", "0.1234567890123456", "1e15", "1e300", "1e-300"];
        for text in lost {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
