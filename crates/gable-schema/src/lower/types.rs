//! The attributes of each type, and the checked [`FieldType`] that they produce.

use regex::Regex;

use crate::diagnostic::{Problem, Sink};
use crate::entries::Entries;
use crate::names::{self, MAX_IDENTIFIER};
use crate::nearest::quoted;
use crate::node::{Node, Spanned};
use crate::schema::{EnumValue, FieldType};

use super::{bounds, units};

/// Maximum characters of a MySQL varchar in four-byte UTF-8.
const MAX_STRING: u32 = 16_383;
const DEFAULT_STRING: u32 = 255;
/// 64 KiB of ASCII: a page of a hundred rows with a few such texts stays within the default size of an answer.
const DEFAULT_TEXT: u32 = 65_536;
pub(crate) const MAX_TEXT: u32 = 4_000_000;
const DEFAULT_JSON_BYTES: u64 = 65_536;
const MAX_JSON_BYTES: u64 = 16 * 1024 * 1024;
/// Maximum digits that both the SQL type `numeric` and `rust_decimal::Decimal` can hold.
const MAX_PRECISION: u32 = 28;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeName {
    String,
    Text,
    Email,
    Url,
    Password,
    Integer,
    Bigint,
    Float,
    Decimal,
    Boolean,
    Date,
    Time,
    Datetime,
    Uuid,
    Json,
    Enum,
    EnumList,
}

impl TypeName {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "text" => Self::Text,
            "email" => Self::Email,
            "url" => Self::Url,
            "password" => Self::Password,
            "integer" => Self::Integer,
            "bigint" => Self::Bigint,
            "float" => Self::Float,
            "decimal" => Self::Decimal,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::Datetime,
            "uuid" => Self::Uuid,
            "json" => Self::Json,
            "enum" => Self::Enum,
            "enum[]" => Self::EnumList,
            _ => return None,
        })
    }

    /// Returns the attributes that only this type has.
    fn own_attributes(self) -> &'static [&'static str] {
        match self {
            Self::String | Self::Text => &["min", "max", "pattern", "caseInsensitive"],
            Self::Integer | Self::Bigint | Self::Float => &["min", "max"],
            Self::Decimal => &["min", "max", "precision", "scale"],
            Self::Json => &["maxBytes"],
            Self::Enum | Self::EnumList => &["values"],
            Self::Email | Self::Url | Self::Password | Self::Boolean => &[],
            Self::Date | Self::Time | Self::Datetime | Self::Uuid => &[],
        }
    }

    /// Returns the common attributes that this type does not accept, and the reason.
    fn refused_attributes(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Password => (
                &["default", "unique", "index", "example", "private", "readOnly", "immutable", "optional"],
                "a password is required, stored as a hash, set by its account and never returned",
            ),
            Self::Text | Self::Json | Self::EnumList => {
                (&["unique", "index"], "not every database can index a value of this length")
            }
            _ => (&[], ""),
        }
    }
}

const SPECIFIC: &[&str] = &["min", "max", "pattern", "precision", "scale", "maxBytes", "values", "caseInsensitive"];

/// Reports attributes that the type does not have. Returns true if there are none.
pub(crate) fn check_attributes(name: TypeName, entries: &Entries<'_>, sink: &mut Sink) -> bool {
    let (refused, why) = name.refused_attributes();
    let mut valid = true;
    for entry in entries.known() {
        let key = entry.key.as_str();
        let foreign = SPECIFIC.contains(&key) && !name.own_attributes().contains(&key);
        if !foreign && !refused.contains(&key) {
            continue;
        }
        let help = match (foreign, name.own_attributes()) {
            (true, []) => "this type has no attributes of its own".to_owned(),
            (true, own) => format!("the attributes of this type are {}", quoted(own)),
            (false, _) => why.to_owned(),
        };
        let message = format!("`{key}` does not apply to this type");
        sink.push(
            Problem::new("attribute-not-allowed", entry.key_span, message).label("remove this attribute").help(help),
        );
        valid = false;
    }
    valid
}

/// Parses the type of the short form.
pub(crate) fn without_attributes(name: TypeName, node: &Node, sink: &mut Sink) -> Option<FieldType> {
    if matches!(name, TypeName::Enum | TypeName::EnumList) {
        sink.push(missing_values(node));
        return None;
    }
    Some(match name {
        TypeName::String => FieldType::String { min: None, max: DEFAULT_STRING, pattern: None },
        TypeName::Text => FieldType::Text { min: None, max: DEFAULT_TEXT, pattern: None },
        TypeName::Integer => FieldType::Integer { min: None, max: None },
        TypeName::Bigint => FieldType::Bigint { min: None, max: None },
        TypeName::Float => FieldType::Float { min: None, max: None },
        TypeName::Decimal => FieldType::Decimal { precision: 15, scale: 2, min: None, max: None },
        TypeName::Json => FieldType::Json { max_bytes: DEFAULT_JSON_BYTES },
        plain => plain_type(plain),
    })
}

/// Returns the type of a name whose type has no attributes of its own.
fn plain_type(name: TypeName) -> FieldType {
    match name {
        TypeName::Email => FieldType::Email,
        TypeName::Url => FieldType::Url,
        TypeName::Password => FieldType::Password,
        TypeName::Date => FieldType::Date,
        TypeName::Time => FieldType::Time,
        TypeName::Datetime => FieldType::Datetime,
        TypeName::Uuid => FieldType::Uuid,
        _ => FieldType::Boolean,
    }
}

/// Reads the type of the long form.
pub(crate) fn with_attributes(
    name: TypeName,
    model: &str,
    field: &str,
    entries: &Entries<'_>,
    sink: &mut Sink,
) -> Option<FieldType> {
    match name {
        TypeName::String => string(entries, sink),
        TypeName::Text => text(entries, sink),
        TypeName::Integer => {
            let (min, max) = bounds::integers(entries, i32::MIN.into(), i32::MAX.into(), sink)?;
            let narrow = |bound: Option<i128>| bound.and_then(|bound| i32::try_from(bound).ok());
            Some(FieldType::Integer { min: narrow(min), max: narrow(max) })
        }
        TypeName::Bigint => {
            let (min, max) = bounds::integers(entries, i64::MIN.into(), i64::MAX.into(), sink)?;
            let narrow = |bound: Option<i128>| bound.and_then(|bound| i64::try_from(bound).ok());
            Some(FieldType::Bigint { min: narrow(min), max: narrow(max) })
        }
        TypeName::Float => {
            let (min, max) = bounds::floats(entries, sink)?;
            Some(FieldType::Float { min, max })
        }
        TypeName::Decimal => decimal(entries, sink),
        TypeName::Json => json(entries, sink),
        TypeName::Enum => {
            Some(FieldType::Enum { rust_name: names::enum_name(model, field), values: values(entries, sink)? })
        }
        TypeName::EnumList => {
            Some(FieldType::EnumList { rust_name: names::enum_name(model, field), values: values(entries, sink)? })
        }
        plain => Some(plain_type(plain)),
    }
}

fn string(entries: &Entries<'_>, sink: &mut Sink) -> Option<FieldType> {
    let (min, max) = lengths(entries, MAX_STRING, DEFAULT_STRING, sink)?;
    Some(FieldType::String { min, max, pattern: pattern(entries, sink)? })
}

fn text(entries: &Entries<'_>, sink: &mut Sink) -> Option<FieldType> {
    let (min, max) = lengths(entries, MAX_TEXT, DEFAULT_TEXT, sink)?;
    Some(FieldType::Text { min, max, pattern: pattern(entries, sink)? })
}

/// Reads `min` and `max` in characters; `implied` is the maximum if `max` is missing.
fn lengths(entries: &Entries<'_>, greatest: u32, implied: u32, sink: &mut Sink) -> Option<(Option<u32>, u32)> {
    let min = entries.get("min").map(|node| node.integer(0, greatest.into(), sink));
    let max = entries.get("max").map(|node| max_length(node, greatest, sink));
    let narrow = |bound: Option<Option<i128>>| match bound {
        Some(None) => None,
        Some(Some(bound)) => Some(u32::try_from(bound).ok()),
        None => Some(None),
    };
    let (min, max) = (narrow(min)?, narrow(max)?);
    let least = min.unwrap_or_default();
    bounds::check_order(entries, least <= max.unwrap_or(implied), max.is_none().then_some(implied), sink)?;
    Some((min, max.unwrap_or(implied)))
}

fn max_length(node: &Node, greatest: u32, sink: &mut Sink) -> Option<i128> {
    if let crate::node::Value::Int { value, .. } = node.value
        && greatest == MAX_STRING
        && value > greatest.into()
    {
        let message = format!("a string has at most {greatest} characters");
        sink.push(Problem::new("out-of-range", node.span, message).label("too long").help("use the type `text`"));
        return None;
    }
    node.integer(1, greatest.into(), sink)
}

/// Reads `pattern`. The outer `None` means refused, the inner one that there is no pattern.
#[allow(clippy::option_option, reason = "a refused pattern differs from a missing one")]
pub(crate) fn pattern(entries: &Entries<'_>, sink: &mut Sink) -> Option<Option<String>> {
    let Some(node) = entries.get("pattern") else {
        return Some(None);
    };
    let text = node.text(sink)?;
    match Regex::new(text) {
        Ok(_) => Some(Some(text.to_owned())),
        Err(error) => {
            sink.push(
                Problem::new(
                    "invalid-pattern",
                    node.span,
                    format!("the pattern is not valid: {}", regex_reason(&error)),
                )
                .label("not a regular expression")
                .help("the syntax is that of the Rust crate `regex`, which has no look-around and no back-references"),
            );
            None
        }
    }
}

/// Returns the last line of the multi-line error of `regex`, which holds the reason.
fn regex_reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn decimal(entries: &Entries<'_>, sink: &mut Sink) -> Option<FieldType> {
    let precision = match entries.get("precision") {
        Some(_) => entries.u32("precision", 1, MAX_PRECISION, sink)?,
        None => 15,
    };
    let scale = match entries.get("scale") {
        Some(_) => entries.u32("scale", 0, precision, sink)?,
        None => precision.min(2),
    };
    let (min, max) = bounds::decimals(entries, precision, scale, sink)?;
    Some(FieldType::Decimal { precision, scale, min, max })
}

fn json(entries: &Entries<'_>, sink: &mut Sink) -> Option<FieldType> {
    let max_bytes = match entries.get("maxBytes") {
        Some(node) => units::bytes(node, 2, MAX_JSON_BYTES, sink)?,
        None => DEFAULT_JSON_BYTES,
    };
    Some(FieldType::Json { max_bytes })
}

fn missing_values(node: &Node) -> Problem {
    Problem::new("missing-key", node.span, "an enum needs its values")
        .label("`values` is missing")
        .help("write `{ type: enum, values: [draft, published] }`")
}

fn values(entries: &Entries<'_>, sink: &mut Sink) -> Option<Vec<EnumValue>> {
    let Some(node) = entries.get("values") else {
        let problem =
            Problem::new("missing-key", entries.span, "an enum needs its values").label("`values` is missing");
        sink.push(problem.help("add `values: [draft, published]`"));
        return None;
    };
    let texts = node.texts(sink)?;
    if texts.len() != node.list(sink)?.len() {
        return None;
    }
    if texts.is_empty() {
        sink.push(Problem::new("invalid-enum", node.span, "the list of values is empty").label("name at least one"));
        return None;
    }
    let mut values: Vec<EnumValue> = Vec::new();
    let mut valid = true;
    for text in texts {
        match enum_value(&text, &values) {
            Ok(value) => values.push(value),
            Err(problem) => {
                sink.push(problem);
                valid = false;
            }
        }
    }
    valid.then_some(values)
}

fn enum_value(text: &Spanned<String>, before: &[EnumValue]) -> Result<EnumValue, Problem> {
    let value = text.value.clone();
    let refuse = |message: String, label: &str| Err(Problem::new("invalid-enum", text.span, message).label(label));
    if value.trim().is_empty() || value.len() > MAX_IDENTIFIER || value.contains(['\n', '\t']) {
        return refuse(
            "this is not a valid value of an enum".to_owned(),
            "must be one line of 1 to 63 bytes, not only spaces",
        );
    }
    let variant = names::enum_variant(&value);
    match before.iter().find(|other| other.variant == variant) {
        Some(other) if other.value == value => refuse(format!("the value `{value}` is listed twice"), "already listed"),
        Some(other) => refuse(
            format!("the values `{}` and `{value}` have the same name in Rust", other.value),
            &format!("both would be the variant `{variant}`"),
        ),
        None => Ok(EnumValue { value, variant }),
    }
}
