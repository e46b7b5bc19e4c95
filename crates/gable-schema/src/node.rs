//! A YAML document with a position on every part, and methods that read a node as an expected type.

use crate::diagnostic::{Problem, Sink, Span};

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int { value: i128, text: String },
    Float { value: f64, text: String },
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) node: Node,
}

/// A value and its position in the file.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl Node {
    /// Describes the value for messages: `a list`.
    pub(crate) fn found(&self) -> &'static str {
        match self.value {
            Value::Null => "no value",
            Value::Bool(_) => "a boolean",
            Value::Int { .. } => "a number",
            Value::Float { .. } => "a decimal number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Creates the problem that this node does not have the `expected` shape.
    pub(crate) fn mismatch(&self, expected: &str) -> Problem {
        Problem::new("wrong-shape", self.span, format!("expected {expected}, found {}", self.found()))
            .label(format!("must be {expected}"))
    }

    pub(crate) fn text(&self, sink: &mut Sink) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Int { text, .. } | Value::Float { text, .. } => {
                sink.push(self.mismatch("text").help(format!("put it in quotes: \"{text}\"")));
                None
            }
            Value::Bool(value) => {
                sink.push(self.mismatch("text").help(format!("put it in quotes: \"{value}\"")));
                None
            }
            _ => {
                sink.push(self.mismatch("text"));
                None
            }
        }
    }

    pub(crate) fn spanned_text(&self, sink: &mut Sink) -> Option<Spanned<String>> {
        let value = self.text(sink)?.to_owned();
        Some(Spanned { value, span: self.span })
    }

    pub(crate) fn boolean(&self, sink: &mut Sink) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) if text == "yes" || text == "on" => {
                sink.push(self.mismatch("true or false").help("did you mean `true`?"));
                None
            }
            Value::Text(text) if text == "no" || text == "off" => {
                sink.push(self.mismatch("true or false").help("did you mean `false`?"));
                None
            }
            _ => {
                sink.push(self.mismatch("true or false"));
                None
            }
        }
    }

    /// Reads a whole number within the bounds, both included.
    pub(crate) fn integer(&self, min: i128, max: i128, sink: &mut Sink) -> Option<i128> {
        let written = match &self.value {
            Value::Int { value, .. } if (min..=max).contains(value) => return Some(*value),
            Value::Int { text, .. } => text,
            // A number too long for any integer type was parsed as another type.
            Value::Float { text, .. } if is_whole(text) => text,
            _ => {
                sink.push(self.mismatch("a whole number"));
                return None;
            }
        };
        let message = format!("{written} is out of range");
        let label = format!("must be between {min} and {max}");
        sink.push(Problem::new("out-of-range", self.span, message).label(label));
        None
    }

    pub(crate) fn list(&self, sink: &mut Sink) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => {
                sink.push(self.mismatch("a list"));
                None
            }
        }
    }

    /// Reads a list of texts; elements of another type are reported and skipped.
    pub(crate) fn texts(&self, sink: &mut Sink) -> Option<Vec<Spanned<String>>> {
        let items = self.list(sink)?;
        Some(items.iter().filter_map(|item| item.spanned_text(sink)).collect())
    }

    pub(crate) fn map(&self, sink: &mut Sink) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => {
                sink.push(self.mismatch("a map"));
                None
            }
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Converts the value to JSON; none if JSON has no such value (infinities, numbers beyond 64 bits).
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int { value, .. } => Json::Number(serde_json::Number::from_i128(*value)?),
            Value::Float { value, .. } => Json::Number(serde_json::Number::from_f64(*value)?),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::json).collect::<Option<_>>()?),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|entry| Some((entry.key.clone(), entry.node.json()?)));
                Json::Object(pairs.collect::<Option<_>>()?)
            }
        })
    }
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
