//! The values of a YAML document. In contrast to `serde_yaml::Value`, [`ParsedValue`] accepts numbers of any length,
//! duplicate keys and tagged values, so that none of them stops the parser before the other problems of a file are
//! found.

use std::fmt;

use serde::de::{Deserialize, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

#[derive(Debug)]
pub(super) enum ParsedValue {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<ParsedValue>),
    /// The values in document order; the keys are known from the outline.
    Map(Vec<ParsedValue>),
}

impl<'de> Deserialize<'de> for ParsedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = ParsedValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Null)
    }

    fn visit_none<E: Error>(self) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Int(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Int(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Int(value))
    }

    #[allow(clippy::cast_precision_loss, reason = "no type of the language holds so many digits exactly")]
    fn visit_u128<E: Error>(self, value: u128) -> Result<ParsedValue, E> {
        Ok(i128::try_from(value).map_or(ParsedValue::Float(value as f64), ParsedValue::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ParsedValue, E> {
        Ok(ParsedValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ParsedValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(ParsedValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ParsedValue, A::Error> {
        let mut values = Vec::new();
        while let Some((_, value)) = entries.next_entry::<ParsedValue, ParsedValue>()? {
            values.push(value);
        }
        Ok(ParsedValue::Map(values))
    }

    /// Reads the value behind a tag. The tag itself is refused by the outline, which knows its position.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<ParsedValue, A::Error> {
        let (_, contents) = data.variant::<String>()?;
        contents.newtype_variant()
    }
}
