//! Durations (`15m`) and sizes (`512kb`).

use crate::diagnostic::{Problem, Sink};
use crate::node::{Node, Value};

/// Ten years, in seconds.
const MAX_SECONDS: u64 = 10 * 366 * 86_400;

/// Whole seconds, at least one.
pub(crate) fn seconds(node: &Node, sink: &mut Sink) -> Option<u64> {
    let problem = match &node.value {
        Value::Text(text) => match parse_seconds(text) {
            Some(seconds) if (1..=MAX_SECONDS).contains(&seconds) => return Some(seconds),
            Some(_) => Problem::new("out-of-range", node.span, format!("the duration `{text}` is out of range"))
                .label("must be between 1s and 10 years"),
            None => invalid_duration(node, text),
        },
        Value::Int { text, .. } => invalid_duration(node, text),
        _ => node.mismatch("a duration"),
    };
    sink.push(problem.help("for example `30s`, `15m`, `1h` or `7d`"));
    None
}

fn invalid_duration(node: &Node, text: &str) -> Problem {
    Problem::new("invalid-duration", node.span, format!("`{text}` is not a duration"))
        .label("must be a number with a unit")
}

fn parse_seconds(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Bytes: `1mb`, or a plain number of bytes.
pub(crate) fn bytes(node: &Node, least: u64, greatest: u64, sink: &mut Sink) -> Option<u64> {
    let size = match &node.value {
        Value::Int { value, .. } => u64::try_from(*value).ok(),
        Value::Text(text) => {
            let size = parse_bytes(text);
            if size.is_none() {
                let message = format!("`{text}` is not a size");
                sink.push(
                    Problem::new("invalid-size", node.span, message)
                        .label("must be a number with a unit")
                        .help("for example `512kb` or `1mb`"),
                );
                return None;
            }
            size
        }
        _ => {
            sink.push(node.mismatch("a size").help("for example `512kb` or `1mb`"));
            return None;
        }
    };
    if let Some(size) = size.filter(|size| (least..=greatest).contains(size)) {
        return Some(size);
    }
    let problem = Problem::new("out-of-range", node.span, "the size is out of range");
    sink.push(problem.label(format!("must be between {least} and {greatest} bytes")));
    None
}

fn parse_bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (number, unit) = split_unit(&lower)?;
    let factor: u64 = match unit {
        "b" => 1,
        "kb" => 1 << 10,
        "mb" => 1 << 20,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::{parse_bytes, parse_seconds};

    #[test]
    fn a_number_needs_a_known_unit() {
        assert_eq!(parse_seconds("15m"), Some(900));
        assert_eq!(parse_seconds("7d"), Some(604_800));
        assert_eq!(parse_seconds("15"), None);
        assert_eq!(parse_seconds("99999999999999999d"), None);
        assert_eq!(parse_bytes("1mb"), Some(1_048_576));
        assert_eq!(parse_bytes("1MB"), Some(1_048_576));
        assert_eq!(parse_bytes("mb"), None);
    }
}
