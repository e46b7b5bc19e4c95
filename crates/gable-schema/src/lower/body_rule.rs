//! Reads one rule of `validation:` and compares it with the type of its key.

use std::fmt::Display;

use crate::diagnostic::{Problem, Sink};
use crate::entries::Entries;
use crate::keys;
use crate::nearest::quoted;
use crate::node::{Entry, Node};
use crate::schema::{BodyBound, BodyRule, FieldType};

use super::decimal::{self, Literal};
use super::{bounds, types};

/// The values that a body key accepts by its type: which bounds a rule may set, and within which limits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values<'a> {
    /// Characters.
    Text {
        min: Option<u32>,
        max: Option<u32>,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Float {
        min: Option<f64>,
        max: Option<f64>,
    },
    Decimal {
        precision: u32,
        scale: u32,
        min: Option<&'a str>,
        max: Option<&'a str>,
    },
    /// A type without an order: only `required` can be set.
    Other,
    /// The type was refused, and the problem reported.
    Unknown,
}

impl<'a> Values<'a> {
    /// Text without bounds, such as a value that a log-in compares with a stored one.
    pub(crate) const TEXT: Values<'static> = Values::Text { min: None, max: None };

    pub(crate) fn of(ty: &'a FieldType) -> Self {
        match ty {
            FieldType::String { min, max, .. } | FieldType::Text { min, max, .. } => {
                Values::Text { min: *min, max: Some(*max) }
            }
            FieldType::Email | FieldType::Url | FieldType::Password => Values::TEXT,
            FieldType::Integer { min, max } => {
                Values::Integer { min: min.unwrap_or(i32::MIN).into(), max: max.unwrap_or(i32::MAX).into() }
            }
            FieldType::Bigint { min, max } => {
                Values::Integer { min: min.unwrap_or(i64::MIN), max: max.unwrap_or(i64::MAX) }
            }
            FieldType::Float { min, max } => Values::Float { min: *min, max: *max },
            FieldType::Decimal { precision, scale, min, max } => {
                Values::Decimal { precision: *precision, scale: *scale, min: min.as_deref(), max: max.as_deref() }
            }
            _ => Values::Other,
        }
    }

    /// The attributes that a rule may have for these values.
    fn attributes(self) -> &'static [&'static str] {
        match self {
            Values::Text { .. } | Values::Unknown => &["required", "min", "max", "pattern"],
            Values::Integer { .. } | Values::Float { .. } | Values::Decimal { .. } => &["required", "min", "max"],
            Values::Other => &["required"],
        }
    }
}

pub(crate) fn lower_body_rule(entry: &Entry, values: Values<'_>, sink: &mut Sink) -> Option<BodyRule> {
    let entries = Entries::open(&entry.node, &keys::BODY_RULE, sink)?;
    let required = entries.flag("required", sink);
    let pattern = types::pattern(&entries, sink);
    if !check_attributes(&entries, values.attributes(), sink) {
        return None;
    }
    let (min, max) = limits(values, &entries, sink)?;
    Some(BodyRule { field: entry.key.clone(), required, min, max, pattern: pattern? })
}

/// Reports attributes that rules for these values cannot have.
fn check_attributes(entries: &Entries<'_>, allowed: &[&str], sink: &mut Sink) -> bool {
    let mut valid = true;
    for entry in entries.known().filter(|entry| !allowed.contains(&entry.key.as_str())) {
        let message = format!("`{}` does not apply to the type of this field", entry.key);
        sink.push(
            Problem::new("attribute-not-allowed", entry.key_span, message)
                .label("remove this attribute")
                .help(format!("a rule for this field may have {}", quoted(allowed))),
        );
        valid = false;
    }
    valid
}

fn limits(values: Values<'_>, entries: &Entries<'_>, sink: &mut Sink) -> bounds::Bounds<BodyBound> {
    match values {
        Values::Text { min, max } => {
            let read = |node: &Node, sink: &mut Sink| {
                let length = u32::try_from(node.integer(1, types::MAX_TEXT.into(), sink)?).ok()?;
                within(node, length, (min, max), sink)
            };
            map_bounds(bounds::both(entries, sink, read)?, BodyBound::Length)
        }
        Values::Integer { min, max } => {
            let read = |node: &Node, sink: &mut Sink| {
                let value = i64::try_from(node.integer(i64::MIN.into(), i64::MAX.into(), sink)?).ok()?;
                within(node, value, (Some(min), Some(max)), sink)
            };
            map_bounds(bounds::both(entries, sink, read)?, BodyBound::Integer)
        }
        Values::Float { min, max } => {
            let read = |node: &Node, sink: &mut Sink| within(node, bounds::finite(node, sink)?, (min, max), sink);
            map_bounds(bounds::both(entries, sink, read)?, BodyBound::Float)
        }
        Values::Decimal { precision, scale, min, max } => {
            let own = |text: Option<&str>| decimal::parse(text?, precision, scale);
            let read = |node: &Node, sink: &mut Sink| {
                within(node, decimal::literal(node, precision, scale, sink)?, (own(min), own(max)), sink)
            };
            map_bounds(bounds::both(entries, sink, read)?, |literal: Literal| BodyBound::Decimal(literal.text))
        }
        Values::Other | Values::Unknown => Some((None, None)),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the callers return this type")]
fn map_bounds<T>((min, max): (Option<T>, Option<T>), bound: fn(T) -> BodyBound) -> bounds::Bounds<BodyBound> {
    Some((min.map(bound), max.map(bound)))
}

/// Checks a bound against the field's own bounds: a looser bound would have no effect, and one beyond the opposite
/// bound would refuse every value.
fn within<T: PartialOrd + Display>(node: &Node, value: T, own: (Option<T>, Option<T>), sink: &mut Sink) -> Option<T> {
    let (below, above) = (own.0.filter(|min| value < *min), own.1.filter(|max| value > *max));
    let label = match (below, above) {
        (Some(min), _) => format!("must be at least {min}"),
        (None, Some(max)) => format!("must be at most {max}"),
        (None, None) => return Some(value),
    };
    let message = format!("{value} is outside the bounds that apply to this key in any case");
    sink.push(
        Problem::new("out-of-range", node.span, message)
            .label(label)
            .help("the bounds of the field apply as well, so a rule can only be stricter"),
    );
    None
}
