//! Parses JSON strictly: one document, no duplicate keys, bounded memory. Depth is bounded by serde_json (128).

use std::cell::Cell;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Bytes of overhead that an allocation takes besides its contents.
const ALLOCATION: usize = 16;
/// Bytes of a list's first allocation, which has room for four values.
const FIRST_ITEM: usize = 4 * size_of::<Value>() + ALLOCATION;
/// Bytes that each further value of a list takes: it grows by doubling.
const ITEM: usize = 2 * size_of::<Value>();
/// Bytes of an object's first node, which has room for eleven entries.
const FIRST_ENTRY: usize = 11 * (size_of::<String>() + size_of::<Value>()) + ALLOCATION;
/// Bytes that each further entry takes: nodes are half full at worst.
const ENTRY: usize = FIRST_ENTRY / 5;

/// A parsed document.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// Approximate size of the value in memory, in bytes. `[{"":0}]` takes about a hundred times the size of its text.
    pub(crate) memory: usize,
}

/// Why bytes were not accepted as a document.
#[derive(Debug)]
pub(crate) enum ParseError {
    /// Not valid JSON. The message names a position, never a value.
    Malformed(serde_json::Error),
    /// It would take more memory than allowed.
    TooLarge,
}

/// Parses one document that takes at most `max_memory` bytes.
pub(crate) fn parse(bytes: &[u8], max_memory: usize) -> Result<Parsed, ParseError> {
    let memory = Memory { used: Cell::new(0), max: max_memory };
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = Strict(&memory).deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    match parsed {
        Ok(value) => Ok(Parsed { value, memory: memory.used.get() }),
        Err(_) if memory.is_exceeded() => Err(ParseError::TooLarge),
        Err(error) => Err(ParseError::Malformed(error)),
    }
}

/// The memory of the values built so far.
struct Memory {
    used: Cell<usize>,
    max: usize,
}

impl Memory {
    fn take<E: Error>(&self, bytes: usize) -> Result<(), E> {
        self.used.set(self.used.get() + bytes);
        if self.is_exceeded() { Err(E::custom("the values take too much memory")) } else { Ok(()) }
    }

    fn is_exceeded(&self) -> bool {
        self.used.get() > self.max
    }
}

/// Bytes that a text takes on the heap.
fn text_memory(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.len() + ALLOCATION }
}

/// Builds a `Value`, counts its memory, and refuses an object that gives a key twice: two parsers could each use a
/// different value.
#[derive(Clone, Copy)]
struct Strict<'m>(&'m Memory);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.0.take(text_memory(value))?;
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.0.take(text_memory(&value))?;
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            self.0.take(if list.is_empty() { FIRST_ITEM } else { ITEM })?;
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.0.take(text_memory(&key) + if object.is_empty() { FIRST_ENTRY } else { ENTRY })?;
            if object.contains_key(&key) {
                return Err(A::Error::custom("a key is given twice"));
            }
            let value = entries.next_value_seed(self)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Even with 17 significant digits: a filter must find the row that it was read from.
        #[test]
        fn a_number_that_was_answered_is_read_back_as_it_was(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let answered = serde_json::to_vec(&number).expect("a number");
            prop_assert_eq!(parse(&answered, usize::MAX).expect("JSON").value, Value::from(number));
        }
    }

    #[test]
    fn a_document_of_many_objects_is_refused_before_it_is_built() {
        let objects = format!("[{}{{}}]", "{\"\":0},".repeat(10_000));
        assert!(matches!(parse(objects.as_bytes(), 1024 * 1024), Err(ParseError::TooLarge)));
        assert!(parse(objects.as_bytes(), FIRST_ITEM + 10_001 * (ITEM + FIRST_ENTRY)).is_ok());
    }

    #[test]
    fn a_long_text_takes_as_much_memory_as_it_has_bytes() {
        let text = format!("\"{}\"", "a".repeat(1000));
        assert_eq!(parse(text.as_bytes(), 1016).expect("JSON").memory, 1016);
        assert!(matches!(parse(text.as_bytes(), 1015), Err(ParseError::TooLarge)));
    }

    #[test]
    fn lists_of_one_value_and_short_texts_are_counted_with_their_allocations() {
        let memory = |text: String| parse(text.as_bytes(), usize::MAX).expect("JSON").memory;
        assert!(memory(format!("[{}[0]]", "[0],".repeat(999))) >= 1000 * (FIRST_ITEM + size_of::<Value>()));
        assert!(memory(format!("[{}\"a\"]", "\"a\",".repeat(999))) >= 1000 * (ALLOCATION + 1 + size_of::<Value>()));
    }
}
