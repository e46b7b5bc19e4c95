//! The value of a JSON column as text. Most rows are only forwarded to an answer, and a parsed value takes up to a
//! hundred times the memory of its text.

use std::fmt;

use sea_orm::sea_query::{ArrayType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, ColumnType, QueryResult, TryGetError, TryGetable, Value};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

/// A value of a `json` column: valid JSON, unparsed. Two values are equal if their parsed values are, because
/// PostgreSQL changes the spaces and the order of members in a text; comparing parses texts that differ.
///
/// ```
/// use gable::RawJson;
///
/// let extras = RawJson::from(serde_json::json!({ "seats": 40 }));
/// assert_eq!(extras.as_str(), r#"{"seats":40}"#);
/// assert_eq!(extras.parse::<serde_json::Value>()?["seats"], 40);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// Checks that the text can be parsed, without building its values.
    ///
    /// # Errors
    /// The text is not JSON, is nested more than 128 levels deep, or has a number that no `f64` holds.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<Checked>(&text)?;
        Ok(Self(text))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Deserializes the value, as a `serde_json::Value` or any other suitable type.
    ///
    /// # Errors
    /// The JSON does not have the form of `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        let values = || self.parse::<Json>().ok().zip(other.parse::<Json>().ok());
        self.0 == other.0 || values().is_some_and(|(one, other)| one == other)
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Json> for RawJson {
    fn from(value: Json) -> Self {
        Self(value.to_string().into())
    }
}

/// Required by SeaORM, which knows JSON as parsed values only.
impl From<RawJson> for Value {
    fn from(value: RawJson) -> Self {
        Value::Json(Some(Box::new(value.parse().expect("it was parsed when it was made"))))
    }
}

/// Deserializes any JSON value and discards it.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Checked>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(self)
    }
}

impl TryGetable for RawJson {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        Json::try_get_by(row, index).map(Self::from)
    }
}

impl ValueType for RawJson {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <Json as ValueType>::try_from(value).map(Self::from)
    }

    fn type_name() -> String {
        "RawJson".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::Json
    }

    fn column_type() -> ColumnType {
        ColumnType::Json
    }
}

impl Nullable for RawJson {
    fn null() -> Value {
        Value::Json(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_json_is_refused() {
        assert!(RawJson::new("{\"a\":").is_err());
        assert!(RawJson::new("{} {}").is_err());
        assert!(RawJson::new("[".repeat(100_000)).is_err());
    }

    #[test]
    fn spaces_and_the_order_of_keys_make_no_difference() {
        let json = |text: &str| RawJson::new(text).expect("JSON");
        assert_eq!(json(r#"{"a":1,"b":[1,2]}"#), json(r#"{ "b": [1, 2], "a": 1 }"#));
        assert_ne!(json(r#"{"a":1}"#), json(r#"{"a":2}"#));
    }

    #[test]
    fn text_that_no_value_could_be_built_of_is_refused() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for text in [deep.as_str(), "[1e999]", r#"{"a":"\ud800"}"#] {
            assert!(serde_json::from_str::<Json>(text).is_err());
            assert!(RawJson::new(text).is_err());
        }
    }
}
