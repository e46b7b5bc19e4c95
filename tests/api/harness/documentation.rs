//! Examples in pages of `docs/`.

use serde_json::Value;

/// The code blocks of a page in one language.
pub(crate) fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    page.split(&*fence).skip(1).map(|rest| rest.split("```").next().expect("an end of the block")).collect()
}

/// The section of a page under a heading, up to the next heading of its level.
pub(crate) fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).expect("a section");
    rest.split("\n## ").next().expect("a section")
}

/// Whether an answer contains everything that a page shows. Lists must have the same length.
pub(crate) fn shows(answer: &Value, page: &Value) -> bool {
    match (answer, page) {
        (Value::Object(answer), Value::Object(page)) => {
            page.iter().all(|(key, value)| answer.get(key).is_some_and(|own| shows(own, value)))
        }
        (Value::Array(answer), Value::Array(page)) => {
            page.len() == answer.len() && page.iter().zip(answer).all(|(value, own)| shows(own, value))
        }
        _ => answer == page,
    }
}
