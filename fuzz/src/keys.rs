//! Counts the keys of JSON, in a text and in the value that was read from it. The counts differ if an object of the
//! text repeats a key.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

pub fn in_value(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(in_value).sum(),
        Value::Object(entries) => entries.len() + entries.values().map(in_value).sum::<usize>(),
        _ => 0,
    }
}

/// Returns `None` if the text is not JSON.
pub fn in_text(text: &str) -> Option<usize> {
    serde_json::from_str::<Counted>(text).ok().map(|counted| counted.0)
}

struct Counted(usize);

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counter).map(Counted)
    }
}

struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_str<E>(self, _: &str) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<usize, A::Error> {
        let mut keys = 0;
        while let Some(Counted(inside)) = items.next_element()? {
            keys += inside;
        }
        Ok(keys)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<usize, A::Error> {
        let mut keys = 0;
        while entries.next_key::<String>()?.is_some() {
            keys += 1 + entries.next_value::<Counted>()?.0;
        }
        Ok(keys)
    }
}
