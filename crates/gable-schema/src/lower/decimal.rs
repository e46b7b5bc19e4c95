//! Decimal literals, parsed exactly and never as floats.

use std::fmt;

use crate::diagnostic::{Problem, Sink};
use crate::node::{Node, Value};

/// A literal and its value in units of its field's scale.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    pub(crate) text: String,
    units: i128,
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.units == other.units
    }
}

impl PartialOrd for Literal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.units.partial_cmp(&other.units)
    }
}

/// Reads `12.50`, quoted or not, and checks that `numeric(precision, scale)` holds it.
pub(crate) fn literal(node: &Node, precision: u32, scale: u32, sink: &mut Sink) -> Option<Literal> {
    let text = match &node.value {
        Value::Int { text, .. } | Value::Float { text, .. } | Value::Text(text) => text,
        _ => {
            sink.push(node.mismatch("a decimal number"));
            return None;
        }
    };
    let literal = parse(text, precision, scale);
    if literal.is_none() {
        let message =
            format!("`{text}` is not a decimal of at most {precision} digits, {scale} of them after the point");
        sink.push(Problem::new("out-of-range", node.span, message).label("does not fit").help(
            "for example `-12.50`; `precision` is the total number of digits, `scale` the number after the point",
        ));
    }
    literal
}

/// Returns `None` unless the text is plain digits with at most one point, and fits.
pub(crate) fn parse(text: &str, precision: u32, scale: u32) -> Option<Literal> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (digits, ""),
    };
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_digits = whole.trim_start_matches('0').len();
    let fits = whole_digits <= (precision - scale) as usize && fraction.len() <= scale as usize;
    if whole.is_empty() || !plain(whole) || !plain(fraction) || !fits {
        return None;
    }
    let padded = format!("{}{fraction:0<width$}", whole.trim_start_matches('0'), width = scale as usize);
    let units: i128 = if padded.is_empty() { 0 } else { padded.parse().ok()? };
    Some(Literal { text: text.to_owned(), units: if negative { -units } else { units } })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn literals_compare_by_value_not_by_text() {
        assert!(parse("9.5", 5, 2) < parse("10.00", 5, 2));
        assert!(parse("-1", 5, 2) < parse("0", 5, 2));
        assert_eq!(parse("1.5", 5, 2), parse("01.50", 5, 2));
    }

    #[test]
    fn a_literal_that_the_column_cannot_store_is_refused() {
        for text in ["1000", "1.234", "1e2", ".5", "5.", "+5", "0x10", "", "-", "1_0"] {
            assert!(parse(text, 5, 2).is_none(), "{text}");
        }
        assert!(parse("0", 2, 2).is_some());
    }
}
