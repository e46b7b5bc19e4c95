//! `min` and `max` of the number types: each within its type, and in order.

use crate::diagnostic::{Problem, Sink};
use crate::entries::Entries;
use crate::node::{Node, Value};

use super::decimal::{self, Literal};

/// `min` and `max`; the outer `None` means that one of them was refused.
pub(crate) type Bounds<T> = Option<(Option<T>, Option<T>)>;

pub(crate) fn integers(entries: &Entries<'_>, least: i128, greatest: i128, sink: &mut Sink) -> Bounds<i128> {
    both(entries, sink, |node, sink| node.integer(least, greatest, sink))
}

pub(crate) fn floats(entries: &Entries<'_>, sink: &mut Sink) -> Bounds<f64> {
    both(entries, sink, finite)
}

/// Reads a finite number; whole numbers are accepted.
#[allow(clippy::cast_precision_loss, reason = "a bound of a float is a float")]
pub(crate) fn finite(node: &Node, sink: &mut Sink) -> Option<f64> {
    let value = match &node.value {
        Value::Int { value, .. } => *value as f64,
        Value::Float { value, .. } => *value,
        _ => {
            sink.push(node.mismatch("a number"));
            return None;
        }
    };
    if value.is_finite() {
        return Some(value);
    }
    sink.push(
        Problem::new("out-of-range", node.span, "the number is not finite")
            .label("JSON and some databases cannot store it"),
    );
    None
}

pub(crate) fn decimals(entries: &Entries<'_>, precision: u32, scale: u32, sink: &mut Sink) -> Bounds<String> {
    let (min, max) = both(entries, sink, |node, sink| decimal::literal(node, precision, scale, sink))?;
    let text = |literal: Option<Literal>| literal.map(|literal| literal.text);
    Some((text(min), text(max)))
}

pub(crate) fn both<T: PartialOrd>(
    entries: &Entries<'_>,
    sink: &mut Sink,
    read: impl Fn(&Node, &mut Sink) -> Option<T>,
) -> Bounds<T> {
    let min = entries.get("min").map(|node| read(node, sink));
    let max = entries.get("max").map(|node| read(node, sink));
    if matches!(min, Some(None)) || matches!(max, Some(None)) {
        return None;
    }
    let (min, max) = (min.flatten(), max.flatten());
    let ordered = match (&min, &max) {
        (Some(min), Some(max)) => min <= max,
        _ => true,
    };
    check_order(entries, ordered, None, sink)?;
    Some((min, max))
}

/// Refuses a `min` above its `max`; `implied` is the maximum that applies if `max` is missing.
pub(crate) fn check_order(entries: &Entries<'_>, ordered: bool, implied: Option<u32>, sink: &mut Sink) -> Option<()> {
    if ordered {
        return Some(());
    }
    let span = entries.get("min").map_or(entries.span, |node| node.span);
    let problem =
        Problem::new("invalid-bounds", span, "`min` is greater than `max`").label("no value can satisfy both");
    sink.push(problem.maybe_help(implied.map(|max| format!("without `max`, the maximum is {max}"))));
    None
}
