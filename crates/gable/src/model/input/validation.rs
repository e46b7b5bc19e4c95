//! Turns the errors of derived validators into API problems.

use rust_decimal::Decimal;
use serde_json::Value;
use validator::{ValidationError, ValidationErrors};

use super::Patch;
use crate::error::Problem;
use crate::meta::{FieldKind, IdKind, ModelMeta};
use crate::model::{Names, name_in};
use crate::text::upper_first;

/// The problems of a validated input; fields are named as in the body.
pub(crate) fn problems(meta: &ModelMeta, field_names: Names, errors: &ValidationErrors) -> Vec<Problem> {
    let mut found: Vec<(usize, Problem)> = Vec::new();
    for (rust_name, errors) in errors.field_errors() {
        let column = rust_name.trim_start_matches("r#");
        let Some(position) = meta.fields.iter().position(|field| field.column == column) else {
            continue;
        };
        let name = name_in(field_names, meta.fields[position].name);
        found.extend(errors.iter().map(|error| (position, problem(name, error))));
    }
    // The derive keeps its errors in a hash map; the answer follows the order of the fields.
    found.sort_by_key(|(position, _)| *position);
    found.into_iter().map(|(_, problem)| problem).collect()
}

/// Constraints that a value of a wrong JSON type violates, by the names that clients of Arkos know.
const TYPE_CONSTRAINTS: [&str; 9] = [
    "IsStringConstraint",
    "IsNumberConstraint",
    "IsBooleanConstraint",
    "IsDateConstraint",
    "IsTimeConstraint",
    "IsUuidConstraint",
    "IsJsonConstraint",
    "IsEnumConstraint",
    "IsArrayConstraint",
];

/// The constraint that a value of a wrong type violates.
pub(crate) fn type_constraint(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::String | FieldKind::Text | FieldKind::Email | FieldKind::Url | FieldKind::Password => {
            "IsStringConstraint"
        }
        FieldKind::Integer | FieldKind::Bigint | FieldKind::Float | FieldKind::Decimal { .. } => "IsNumberConstraint",
        FieldKind::Boolean => "IsBooleanConstraint",
        FieldKind::Date | FieldKind::Datetime => "IsDateConstraint",
        FieldKind::Time => "IsTimeConstraint",
        FieldKind::Uuid => "IsUuidConstraint",
        FieldKind::Json => "IsJsonConstraint",
        FieldKind::Enum(_) => "IsEnumConstraint",
        FieldKind::EnumList(_) => "IsArrayConstraint",
    }
}

/// Like `type_constraint`, for ids.
pub(crate) fn id_constraint(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Uuid => "IsUuidConstraint",
        IdKind::Integer => "IsNumberConstraint",
    }
}

/// Whether the value of the field could not be read at all.
pub(super) fn is_unreadable(problem: &Problem) -> bool {
    let constraint = problem.code.strip_prefix(upper_first(&problem.field).as_str());
    constraint.is_some_and(|constraint| TYPE_CONSTRAINTS.contains(&constraint))
}

/// A rule that a value violates, with its bound as the message shows it.
#[derive(Debug)]
pub(crate) enum Broken {
    Required,
    MinLength(String),
    MaxLength(String),
    Min(String),
    Max(String),
    Pattern,
}

impl Broken {
    pub(crate) fn problem(&self, name: &str) -> Problem {
        constraint(name, self.words(name))
    }

    fn words(&self, name: &str) -> (&'static str, String) {
        match self {
            Broken::Required => ("RequiredConstraint", format!("'{name}' is required")),
            Broken::MinLength(min) => ("MinLengthConstraint", format!("'{name}' must be at least {min} characters")),
            Broken::MaxLength(max) => ("MaxLengthConstraint", format!("'{name}' must be at most {max} characters")),
            Broken::Min(min) => ("MinConstraint", format!("'{name}' must be at least {min}")),
            Broken::Max(max) => ("MaxConstraint", format!("'{name}' must be at most {max}")),
            Broken::Pattern => ("MatchesConstraint", format!("'{name}' does not match the required pattern")),
        }
    }
}

fn problem(name: &str, error: &ValidationError) -> Problem {
    constraint(name, describe(name, error))
}

fn constraint(name: &str, (constraint, message): (&str, String)) -> Problem {
    Problem { field: name.to_owned(), code: format!("{}{constraint}", upper_first(name)), message }
}

fn describe(name: &str, error: &ValidationError) -> (&'static str, String) {
    let number = |key: &str| error.params.get(key).and_then(Value::as_f64);
    let shown = |key: &str| error.params.get(key).map(Value::to_string).unwrap_or_default();
    match error.code.as_ref() {
        "length" if length(error).zip(number("min")).is_some_and(|(length, min)| length < min) => {
            Broken::MinLength(shown("min")).words(name)
        }
        "length" => Broken::MaxLength(shown("max")).words(name),
        "range" if number("value").zip(number("min")).is_some_and(|(value, min)| value < min) => {
            Broken::Min(shown("min")).words(name)
        }
        "range" => Broken::Max(shown("max")).words(name),
        "regex" => Broken::Pattern.words(name),
        "email" => ("IsEmailConstraint", format!("'{name}' must be an e-mail address")),
        "url" => ("IsUrlConstraint", format!("'{name}' must be a URL")),
        "precision" | "min" | "max" | "bytes" => custom(name, error),
        _ => ("Constraint", format!("'{name}' is not valid")),
    }
}

fn custom(name: &str, error: &ValidationError) -> (&'static str, String) {
    let expected = error.message.as_deref().unwrap_or("valid");
    let constraint = match error.code.as_ref() {
        "precision" => "PrecisionConstraint",
        "min" => "MinConstraint",
        "max" => "MaxConstraint",
        _ => "MaxBytesConstraint",
    };
    (constraint, format!("'{name}' must {expected}"))
}

/// The derive reports the value and not its length.
fn length(error: &ValidationError) -> Option<f64> {
    let text = error.params.get("value")?.as_str()?;
    Some(text.chars().count() as f64)
}

/// A decimal that may be absent: `Decimal` in a create input, `Patch<Decimal>` in an update.
pub trait DecimalInput {
    /// Returns the decimal, if there is one.
    fn given(&self) -> Option<&Decimal>;
}

impl DecimalInput for Decimal {
    fn given(&self) -> Option<&Decimal> {
        Some(self)
    }
}

impl DecimalInput for Patch<Decimal> {
    fn given(&self) -> Option<&Decimal> {
        self.value()
    }
}

/// The derive of `Validate` binds an optional field by reference and passes a reference to that.
impl<T: DecimalInput> DecimalInput for &T {
    fn given(&self) -> Option<&Decimal> {
        (*self).given()
    }
}

impl DecimalInput for Option<Decimal> {
    fn given(&self) -> Option<&Decimal> {
        self.as_ref()
    }
}

/// Checks that a decimal fits `numeric(precision, scale)` and its bounds; generated validators call it.
pub fn decimal(
    input: &impl DecimalInput,
    precision: u32,
    scale: u32,
    min: Option<Decimal>,
    max: Option<Decimal>,
) -> Result<(), ValidationError> {
    let Some(value) = input.given() else {
        return Ok(());
    };
    let whole = value.trunc().abs().mantissa().to_string();
    let whole_digits = if value.trunc().is_zero() { 0 } else { whole.len() as u32 };
    if value.normalize().scale() > scale || whole_digits > precision - scale {
        let (before, after) = (precision - scale, scale);
        return Err(complaint(
            "precision",
            format!("have at most {before} digits before the point and {after} after it"),
        ));
    }
    match (min, max) {
        (Some(min), _) if *value < min => Err(complaint("min", format!("be at least {min}"))),
        (_, Some(max)) if *value > max => Err(complaint("max", format!("be at most {max}"))),
        _ => Ok(()),
    }
}

/// JSON that may be absent.
pub trait JsonInput {
    /// Returns the JSON value, if there is one.
    fn given(&self) -> Option<&Value>;
}

impl JsonInput for Value {
    fn given(&self) -> Option<&Value> {
        Some(self)
    }
}

impl JsonInput for Patch<Value> {
    fn given(&self) -> Option<&Value> {
        self.value()
    }
}

impl<T: JsonInput> JsonInput for &T {
    fn given(&self) -> Option<&Value> {
        (*self).given()
    }
}

impl JsonInput for Option<Value> {
    fn given(&self) -> Option<&Value> {
        self.as_ref()
    }
}

/// Checks that a JSON document takes at most `max` bytes as it is stored.
pub fn json_bytes(input: &impl JsonInput, max: usize) -> Result<(), ValidationError> {
    let fits = input.given().is_none_or(|value| value.to_string().len() <= max);
    if fits { Ok(()) } else { Err(complaint("bytes", format!("be at most {max} bytes of JSON"))) }
}

fn complaint(code: &'static str, message: String) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}
