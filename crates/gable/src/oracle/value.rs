//! Values of fields: random ones, how they are written, and how a plain implementation of the API compares them.

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::choices::Choices;
use crate::meta::FieldKind;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    Whole(i64),
    Real(f64),
    /// The unscaled number, and its number of decimal places.
    Decimal(i64, u32),
    Truth(bool),
    Day(NaiveDate),
    Clock(NaiveTime),
    Timestamp(DateTime<Utc>),
    Uuid(Uuid),
    Json(Json),
}

const LETTERS: [&str; 14] = ["a", "b", "A", "é", "É", "%", "_", "!", "\\", "'", "\"", ",", " ", "🦀"];
const EMAILS: [&str; 4] = ["ada@example.com", "bob@example.com", "a_b@example.org", "ada%1@example.com"];
const WHOLE: [i32; 7] = [0, 1, 2, -1, -7, i32::MAX, i32::MIN];
const BIG: [i64; 8] = [0, 1, -1, 7, 9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX, i64::MIN];
const REAL: [f64; 8] = [0.0, 1.5, -1.5, 0.1, -0.0, 1e300, -1e-7, 31.245_270_191_439_438];
const UNITS: [i64; 8] = [0, 1, -1, 990, 1000, -123_456, 123_456_789, 99_999_999_999_999];
/// Numbers that are equal, in part, as floating-point numbers.
const LONG_UNITS: [i64; 3] = [9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX];
/// Digits that every floating-point number keeps.
pub(super) const EXACT_DIGITS: u32 = 15;
const DAYS: [&str; 5] = ["2026-01-31", "2026-02-01", "1999-12-31", "0001-01-01", "9999-12-31"];
const TIMES: [&str; 6] = ["00:00:00", "19:30:00", "19:30:00.250", "19:30:00.500", "19:30:01", "23:59:59.999"];
const UUIDS: [u128; 5] = [0, 1, u128::MAX, 0xab << 120, 0x0a0b_0c0d << 64];

impl Value {
    /// One of few values, so that equal ones are frequent; never null.
    pub(super) fn random(kind: FieldKind, choices: &mut Choices<'_>) -> Self {
        match kind {
            FieldKind::Integer => Value::Whole(choices.among(&WHOLE).into()),
            FieldKind::Bigint => Value::Whole(choices.among(&BIG)),
            FieldKind::Float => Value::Real(choices.among(&REAL)),
            FieldKind::Decimal { precision, scale } => {
                let is_long = precision > EXACT_DIGITS && choices.percent(30);
                Value::Decimal(choices.among(if is_long { &LONG_UNITS[..] } else { &UNITS }), scale)
            }
            FieldKind::Boolean => Value::Truth(choices.percent(50)),
            FieldKind::Date => Value::Day(choices.among(&DAYS).parse().expect("a date")),
            FieldKind::Time => Value::Clock(choices.among(&TIMES).parse().expect("a time")),
            FieldKind::Datetime => {
                let text = format!("{}T{}Z", choices.among(&DAYS), choices.among(&TIMES));
                Value::Timestamp(text.parse().expect("a timestamp"))
            }
            FieldKind::Uuid => Value::Uuid(Uuid::from_u128(choices.among(&UUIDS))),
            FieldKind::Enum(words) => Value::Text(choices.among(words).to_owned()),
            FieldKind::Email => Value::Text(choices.among(&EMAILS).to_owned()),
            FieldKind::Json | FieldKind::EnumList(_) => {
                Value::Json([json!({}), json!([1, "a"]), json!("a"), json!({ "a": null })][choices.below(4)].clone())
            }
            FieldKind::String | FieldKind::Text | FieldKind::Url | FieldKind::Password => {
                Value::Text(choices.several(3, |choices| choices.among(&LETTERS)).concat())
            }
        }
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// The value as an answer shows it.
    pub(super) fn json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Whole(number) => json!(number),
            Value::Real(number) => json!(number),
            Value::Truth(truth) => json!(truth),
            Value::Json(json) => json.clone(),
            Value::Clock(time) => json!(time.format("%H:%M:%S%.3f").to_string()),
            Value::Timestamp(timestamp) => json!(timestamp.to_rfc3339_opts(SecondsFormat::Millis, true)),
            _ => json!(self.text()),
        }
    }

    /// The value as a URL or a rule contains it.
    pub(super) fn text(&self) -> String {
        match self {
            Value::Null | Value::Json(_) => unreachable!("nothing is compared with it"),
            Value::Text(text) => text.clone(),
            Value::Whole(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Decimal(units, scale) => Decimal::new(*units, *scale).to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::Day(day) => day.to_string(),
            Value::Clock(time) => time.to_string(),
            Value::Timestamp(timestamp) => timestamp.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            Value::Uuid(uuid) => uuid.to_string(),
        }
    }

    /// The value as a driver takes it.
    pub(super) fn bound(&self, kind: FieldKind) -> sea_orm::Value {
        match self.clone() {
            Value::Null => null(kind),
            Value::Text(text) => text.into(),
            Value::Whole(number) if kind == FieldKind::Integer => i32::try_from(number).expect("one of few").into(),
            Value::Whole(number) => number.into(),
            Value::Real(number) => number.into(),
            Value::Decimal(units, scale) => Decimal::new(units, scale).into(),
            Value::Truth(truth) => truth.into(),
            Value::Day(day) => day.into(),
            Value::Clock(time) => time.into(),
            Value::Timestamp(timestamp) => timestamp.into(),
            Value::Uuid(uuid) => uuid.into(),
            Value::Json(json) => json.into(),
        }
    }

    /// Compares two values of one field. Nulls come first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Null, _) | (_, Value::Null) => other.is_null().cmp(&self.is_null()),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Whole(a), Value::Whole(b)) => a.cmp(b),
            (Value::Real(a), Value::Real(b)) => a.partial_cmp(b).expect("no number is unordered here"),
            (Value::Decimal(a, _), Value::Decimal(b, _)) => a.cmp(b),
            (Value::Truth(a), Value::Truth(b)) => a.cmp(b),
            (Value::Day(a), Value::Day(b)) => a.cmp(b),
            (Value::Clock(a), Value::Clock(b)) => a.cmp(b),
            (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
            (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
            _ => unreachable!("{self:?} and {other:?} are of different types"),
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        self.is_null() == other.is_null() && self.order(other).is_eq()
    }
}

/// A null of the field's type; PostgreSQL accepts no null of another type.
fn null(kind: FieldKind) -> sea_orm::Value {
    match kind {
        FieldKind::Integer => None::<i32>.into(),
        FieldKind::Bigint => None::<i64>.into(),
        FieldKind::Float => None::<f64>.into(),
        FieldKind::Decimal { .. } => None::<Decimal>.into(),
        FieldKind::Boolean => None::<bool>.into(),
        FieldKind::Date => None::<NaiveDate>.into(),
        FieldKind::Time => None::<NaiveTime>.into(),
        FieldKind::Datetime => None::<DateTime<Utc>>.into(),
        FieldKind::Uuid => None::<Uuid>.into(),
        FieldKind::Json | FieldKind::EnumList(_) => None::<Json>.into(),
        _ => None::<String>.into(),
    }
}

/// A value that something is compared with, and its spelling in a request.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) meant: Value,
    pub(super) text: String,
    pub(super) json: Json,
}

impl Operand {
    /// The value in one of its spellings.
    pub(super) fn spelled(kind: FieldKind, meant: Value, choices: &mut Choices<'_>) -> Self {
        let text = match &meant {
            _ if !choices.percent(30) => meant.text(),
            Value::Text(text) if kind == FieldKind::Email => format!(" {} ", text.to_uppercase()),
            Value::Decimal(..) => format!("{}00", meant.text()),
            Value::Uuid(uuid) => uuid.simple().to_string().to_uppercase(),
            Value::Clock(time) if time.format("%S%.f").to_string() == "00" => time.format("%H:%M").to_string(),
            Value::Timestamp(timestamp) => in_another_zone(*timestamp),
            _ => meant.text(),
        };
        let json = match &meant {
            Value::Whole(_) | Value::Real(_) | Value::Truth(_) => meant.json(),
            // Some long decimals are equal as JSON numbers.
            Value::Decimal(units, _) if !LONG_UNITS.contains(units) && choices.percent(30) => {
                serde_json::from_str(&meant.text()).expect("a number")
            }
            _ => json!(text),
        };
        Self { meant, text, json }
    }

    /// The text without another spelling.
    pub(super) fn plain(text: String) -> Self {
        Self { meant: Value::Text(text.clone()), json: json!(text), text }
    }
}

/// The time in another time zone, or without a zone if it might leave the supported years.
fn in_another_zone(timestamp: DateTime<Utc>) -> String {
    let utc = timestamp.to_rfc3339_opts(SecondsFormat::Millis, true);
    if utc.starts_with("0001-") || utc.starts_with("9999-") {
        return utc.trim_end_matches('Z').to_owned();
    }
    let zone = FixedOffset::east_opt(7200).expect("two hours");
    timestamp.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, false)
}
