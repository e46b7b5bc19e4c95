//! Values in the YAML of a field: defaults, examples, and the right side of `where`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, Utc};
use regex::Regex;
use serde_json::Value as Json;

use crate::diagnostic::{Problem, Sink};
use crate::nearest::suggestion;
use crate::node::{Node, Value};
use crate::schema::{Default, EnumValue, FieldType};

use super::{bounds, decimal};

/// Where a value is used. Only the wording of problems depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueUse {
    Default,
    Example,
    Where,
}

impl ValueUse {
    fn code(self) -> &'static str {
        match self {
            ValueUse::Default => "invalid-default",
            ValueUse::Example => "invalid-example",
            ValueUse::Where => "invalid-where",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            ValueUse::Default => "default",
            ValueUse::Example => "example",
            ValueUse::Where => "value",
        }
    }
}

/// Checks a default: a constant, or `now` or `uuid`, which the server replaces by a generated value.
pub(crate) fn checked_default(ty: &FieldType, node: &Node, sink: &mut Sink) -> Option<Default> {
    match (&node.value, ty) {
        (Value::Text(text), FieldType::Date | FieldType::Time | FieldType::Datetime) if text == "now" => {
            Some(Default::Now)
        }
        (Value::Text(text), FieldType::Uuid) if text == "uuid" => Some(Default::Uuid),
        (Value::Text(text), _) if text == "$me" => {
            let message =
                "`$me` is the caller's account; only a `belongsTo` of the account model can have it as default";
            sink.push(Problem::new("invalid-default", node.span, message).label("not possible on a field"));
            None
        }
        _ => checked_value(ty, node, ValueUse::Default, sink).map(Default::Value),
    }
}

/// Checks a value and converts it to JSON, in the canonical form of its type.
pub(crate) fn checked_value(ty: &FieldType, node: &Node, usage: ValueUse, sink: &mut Sink) -> Option<Json> {
    match value(ty, node) {
        Ok(value) => Some(value),
        Err(Refusal { why, help }) => {
            let message = format!("the {} is not valid for the field: {why}", usage.noun());
            sink.push(Problem::new(usage.code(), node.span, message).label("not a valid value").maybe_help(help));
            None
        }
    }
}

struct Refusal {
    why: String,
    help: Option<String>,
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Refusal { why, help: None }
    }
}

fn value(ty: &FieldType, node: &Node) -> Result<Json, Refusal> {
    match ty {
        FieldType::String { min, max, pattern } => string(node, *min, Some(*max), pattern.as_deref()),
        FieldType::Text { min, max, pattern } => string(node, *min, Some(*max), pattern.as_deref()),
        FieldType::Email => email(node),
        FieldType::Url => url(node),
        FieldType::Password => Ok(Json::String(text(node)?.to_owned())),
        FieldType::Integer { min, max } => {
            let bounds = (min.unwrap_or(i32::MIN), max.unwrap_or(i32::MAX));
            integer(node, bounds.0.into(), bounds.1.into())
        }
        FieldType::Bigint { min, max } => integer(node, min.unwrap_or(i64::MIN).into(), max.unwrap_or(i64::MAX).into()),
        FieldType::Float { min, max } => float(node, *min, *max),
        FieldType::Decimal { precision, scale, min, max } => {
            exact(node, (*precision, *scale), min.as_deref(), max.as_deref())
        }
        FieldType::Boolean => match node.value {
            Value::Bool(value) => Ok(Json::Bool(value)),
            _ => Err(expected("true or false", node)),
        },
        FieldType::Date => date(text(node)?),
        FieldType::Time => time(text(node)?),
        FieldType::Datetime => datetime(text(node)?),
        FieldType::Uuid => uuid(text(node)?),
        FieldType::Json { max_bytes } => json(node, *max_bytes),
        FieldType::Enum { values, .. } => member(node, values),
        FieldType::EnumList { values, .. } => members(node, values),
    }
}

fn expected(what: &str, node: &Node) -> Refusal {
    format!("expected {what}, found {}", node.found()).into()
}

fn text(node: &Node) -> Result<&str, Refusal> {
    match &node.value {
        Value::Text(text) => Ok(text),
        Value::Int { text, .. } | Value::Float { text, .. } => {
            let help = Some(format!("put it in quotes: \"{text}\""));
            Err(Refusal { help, ..expected("text", node) })
        }
        _ => Err(expected("text", node)),
    }
}

fn string(node: &Node, min: Option<u32>, max: Option<u32>, pattern: Option<&str>) -> Result<Json, Refusal> {
    let text = text(node)?;
    let length = text.chars().count();
    if min.is_some_and(|min| length < min as usize) {
        return Err(format!("it is shorter than {} characters", min.unwrap_or_default()).into());
    }
    if max.is_some_and(|max| length > max as usize) {
        return Err(format!("it is longer than {} characters", max.unwrap_or_default()).into());
    }
    // The pattern itself has been checked already.
    if pattern.and_then(|pattern| Regex::new(pattern).ok()).is_some_and(|regex| !regex.is_match(text)) {
        return Err("it does not match the pattern".to_owned().into());
    }
    Ok(Json::String(text.to_owned()))
}

fn email(node: &Node) -> Result<Json, Refusal> {
    let text = text(node)?;
    if is_email(text) {
        // E-mail addresses are stored in lower case, so they are compared in lower case.
        return Ok(Json::String(text.to_lowercase()));
    }
    Err("it is not an e-mail address".to_owned().into())
}

/// Checks the form of an e-mail address, not whether the mailbox exists.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte));
    text.len() <= 254 && local_ok && domain.split('.').all(label)
}

fn url(node: &Node) -> Result<Json, Refusal> {
    let text = text(node)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let valid = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.len() <= 255
        && !text.contains(char::is_whitespace);
    if valid { Ok(Json::String(text.to_owned())) } else { Err("it is not an http or https URL".to_owned().into()) }
}

fn integer(node: &Node, least: i128, greatest: i128) -> Result<Json, Refusal> {
    let Value::Int { value, .. } = node.value else {
        return Err(expected("a whole number", node));
    };
    if !(least..=greatest).contains(&value) {
        return Err(format!("{value} is not between {least} and {greatest}").into());
    }
    node.json().ok_or_else(|| expected("a whole number", node))
}

fn float(node: &Node, min: Option<f64>, max: Option<f64>) -> Result<Json, Refusal> {
    let value = bounds::finite(node, &mut Sink::default()).ok_or_else(|| expected("a finite number", node))?;
    if min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max) {
        return Err("it is outside `min` and `max`".to_owned().into());
    }
    Ok(Json::from(value))
}

fn exact(node: &Node, shape: (u32, u32), min: Option<&str>, max: Option<&str>) -> Result<Json, Refusal> {
    let (precision, scale) = shape;
    let Some(literal) = decimal::literal(node, precision, scale, &mut Sink::default()) else {
        let why = format!("expected a decimal of at most {precision} digits, {scale} of them after the point");
        return Err(why.into());
    };
    let bound = |text: Option<&str>| text.and_then(|text| decimal::parse(text, precision, scale));
    if bound(min).is_some_and(|min| literal < min) || bound(max).is_some_and(|max| literal > max) {
        return Err("it is outside `min` and `max`".to_owned().into());
    }
    Ok(Json::String(literal.text))
}

/// The range of years that SQLite, PostgreSQL and MySQL can all store.
fn plain_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

fn date(text: &str) -> Result<Json, Refusal> {
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| plain_year(date.year()));
    let date = parsed.ok_or_else(|| Refusal::from("it is not a date like `2030-12-31`".to_owned()))?;
    Ok(Json::String(date.format("%Y-%m-%d").to_string()))
}

fn time(text: &str) -> Result<Json, Refusal> {
    let parsed = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    let time = parsed.map_err(|_| Refusal::from("it is not a time like `23:59:00`".to_owned()))?;
    Ok(Json::String(time.format("%H:%M:%S%.3f").to_string()))
}

fn datetime(text: &str) -> Result<Json, Refusal> {
    let parsed = DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc));
    let time = parsed
        .filter(|time| plain_year(time.year()))
        .ok_or_else(|| Refusal::from("it is not a time like `2030-12-31T23:59:00Z`".to_owned()))?;
    Ok(Json::String(time.to_rfc3339_opts(SecondsFormat::Millis, true)))
}

fn uuid(text: &str) -> Result<Json, Refusal> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if hex && groups == [8, 4, 4, 4, 12] {
        return Ok(Json::String(text.to_lowercase()));
    }
    Err("it is not a UUID".to_owned().into())
}

fn json(node: &Node, max_bytes: u64) -> Result<Json, Refusal> {
    let value = node.json().ok_or_else(|| Refusal::from("it cannot be represented in JSON".to_owned()))?;
    if value.to_string().len() as u64 > max_bytes {
        return Err(format!("it is larger than {max_bytes} bytes").into());
    }
    Ok(value)
}

fn member(node: &Node, values: &[EnumValue]) -> Result<Json, Refusal> {
    let text = text(node)?;
    if values.iter().any(|value| value.value == text) {
        return Ok(Json::String(text.to_owned()));
    }
    let help = suggestion(text, values.iter().map(|value| value.value.as_str()));
    Err(Refusal { why: format!("`{text}` is not one of its values"), help })
}

fn members(node: &Node, values: &[EnumValue]) -> Result<Json, Refusal> {
    let Value::List(items) = &node.value else {
        return Err(expected("a list of its values", node));
    };
    let items: Vec<Json> = items.iter().map(|item| member(item, values)).collect::<Result<_, _>>()?;
    let twice = items.iter().enumerate().any(|(index, item)| items[..index].contains(item));
    if twice { Err("a value is listed twice".to_owned().into()) } else { Ok(Json::Array(items)) }
}
