//! `validation:` of the auth routes: rules for the keys of a body on one route, in addition to those of the fields.

use regex::Regex;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::error::{ApiError, Problem};
use crate::meta::{AuthMeta, AuthOperation, BodyBound, BodyRuleMeta, FieldKind, ModelKind, ModelMeta};
use crate::model::input::validation::Broken;
use crate::model::input::{FromJson, Submitted, normal_address};

/// The rules of all auth routes, with compiled patterns.
#[derive(Debug)]
pub(crate) struct RouteRules {
    rules: Vec<(AuthOperation, Rule)>,
}

#[derive(Debug)]
struct Rule {
    meta: &'static BodyRuleMeta,
    pattern: Option<Regex>,
    /// Whether the value is an e-mail address, which is normalized as for storage before it is checked.
    is_email: bool,
}

impl RouteRules {
    pub(crate) fn new(auth: &'static AuthMeta, models: &[&'static ModelMeta]) -> Self {
        let of_route = |operation: AuthOperation, meta: &'static BodyRuleMeta| {
            let pattern = meta.pattern.map(|text| Regex::new(text).expect("the build step has compiled it before"));
            let is_email = kind(auth, models, operation, meta.field) == Some(FieldKind::Email);
            (operation, Rule { meta, pattern, is_email })
        };
        let routes = auth.routes.iter();
        Self {
            rules: routes
                .flat_map(|route| route.validation.iter().map(move |meta| of_route(route.operation, meta)))
                .collect(),
        }
    }

    /// The problems of the body by the rules of the route, in the order of the YAML.
    pub(super) fn broken(&self, operation: AuthOperation, body: &Map<String, Value>) -> Vec<Problem> {
        let rules = self.rules.iter().filter(|(of, _)| *of == operation);
        rules.flat_map(|(_, rule)| rule.broken(body.get(rule.meta.field))).collect()
    }

    /// Checks a body that is read as a model's input afterwards. The problems are kept, to be reported together with
    /// those that reading finds.
    pub(crate) fn judge(&self, operation: AuthOperation, entries: Map<String, Value>) -> Submitted {
        Submitted { broken: self.broken(operation, &entries), ..entries.into() }
    }

    /// Checks a body by the rules of the route.
    ///
    /// # Errors
    /// 400 `InvalidRequestBody` with every broken rule.
    pub(crate) fn check(&self, operation: AuthOperation, body: &Map<String, Value>) -> Result<(), ApiError> {
        let broken = self.broken(operation, body);
        if broken.is_empty() { Ok(()) } else { Err(ApiError::invalid_body(broken)) }
    }
}

/// The type of the field that a key of the body sets or identifies; `None` for a key that is not a field, such as
/// `newPassword`.
fn kind(auth: &AuthMeta, models: &[&'static ModelMeta], operation: AuthOperation, key: &str) -> Option<FieldKind> {
    let identifier = auth.identifiers.iter().find(|identifier| identifier.body_key == key);
    let (model, field) = match operation {
        AuthOperation::Login => {
            let identifier = identifier?;
            (models.iter().find(|model| model.name == identifier.model)?, identifier.field)
        }
        _ => (models.iter().find(|model| model.kind == ModelKind::Account)?, key),
    };
    model.fields.iter().find(|known| known.name == field).map(|known| known.kind)
}

impl Rule {
    fn broken(&self, value: Option<&Value>) -> Vec<Problem> {
        let meta = self.meta;
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return meta.required.then(|| Broken::Required.problem(meta.field)).into_iter().collect();
        };
        let value = self.as_stored(value);
        let below = meta.min.and_then(|bound| below(bound, &value));
        let above = meta.max.and_then(|bound| above(bound, &value));
        let unlike = self.pattern.as_ref().zip(value.as_str()).filter(|(pattern, text)| !pattern.is_match(text));
        let found = below.into_iter().chain(above).chain(unlike.map(|_| Broken::Pattern));
        found.map(|broken| broken.problem(meta.field)).collect()
    }

    fn as_stored(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if self.is_email => Value::String(normal_address(text)),
            value => value.clone(),
        }
    }
}

/// Compares a value with a lower bound. A value of another type passes: it is refused when the body is read.
fn below(bound: BodyBound, value: &Value) -> Option<Broken> {
    match bound {
        BodyBound::Length(min) => (length(value)? < min as usize).then(|| Broken::MinLength(min.to_string())),
        BodyBound::Integer(min) => (value.as_i64()? < min).then(|| Broken::Min(min.to_string())),
        BodyBound::Float(min) => (value.as_f64()? < min).then(|| Broken::Min(shown(min))),
        BodyBound::Decimal(min) => (decimal(value)? < literal(min)?).then(|| Broken::Min(min.to_owned())),
    }
}

fn above(bound: BodyBound, value: &Value) -> Option<Broken> {
    match bound {
        BodyBound::Length(max) => (length(value)? > max as usize).then(|| Broken::MaxLength(max.to_string())),
        BodyBound::Integer(max) => (value.as_i64()? > max).then(|| Broken::Max(max.to_string())),
        BodyBound::Float(max) => (value.as_f64()? > max).then(|| Broken::Max(shown(max))),
        BodyBound::Decimal(max) => (decimal(value)? > literal(max)?).then(|| Broken::Max(max.to_owned())),
    }
}

fn length(value: &Value) -> Option<usize> {
    value.as_str().map(|text| text.chars().count())
}

/// Formats a bound like the bounds of fields: `5.0`.
fn shown(bound: f64) -> String {
    Value::from(bound).to_string()
}

fn decimal(value: &Value) -> Option<Decimal> {
    Decimal::from_json(value.clone()).ok()
}

fn literal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOTHING: BodyRuleMeta = BodyRuleMeta { field: "key", required: false, min: None, max: None, pattern: None };

    /// Asserts the codes of the rules that a value breaks, without the name of the key.
    #[track_caller]
    fn breaks(meta: BodyRuleMeta, value: Option<Value>, expected: &[&str]) {
        let pattern = meta.pattern.map(|text| Regex::new(text).expect("a pattern"));
        let rule = Rule { meta: Box::leak(Box::new(meta)), pattern, is_email: false };
        let found = rule.broken(value.as_ref());
        let codes: Vec<&str> = found.iter().map(|problem| problem.code.trim_start_matches("Key")).collect();
        assert_eq!(codes, expected, "{value:?}");
    }

    #[test]
    fn what_is_required_is_neither_absent_nor_null() {
        let rule = BodyRuleMeta { required: true, ..NOTHING };
        breaks(rule, None, &["RequiredConstraint"]);
        breaks(rule, Some(Value::Null), &["RequiredConstraint"]);
        breaks(rule, Some(json!("")), &[]);
        breaks(NOTHING, None, &[]);
    }

    #[test]
    fn what_is_absent_keeps_every_bound() {
        let rule = BodyRuleMeta { min: Some(BodyBound::Length(2)), pattern: Some("^a"), ..NOTHING };
        breaks(rule, None, &[]);
        breaks(rule, Some(Value::Null), &[]);
    }

    #[test]
    fn text_is_measured_in_characters() {
        let (min, max) = (Some(BodyBound::Length(2)), Some(BodyBound::Length(4)));
        let rule = BodyRuleMeta { min, max, ..NOTHING };
        breaks(rule, Some(json!("ü")), &["MinLengthConstraint"]);
        breaks(rule, Some(json!("üüüü")), &[]);
        breaks(rule, Some(json!("üüüüü")), &["MaxLengthConstraint"]);
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let whole = BodyRuleMeta { min: Some(BodyBound::Integer(-2)), max: Some(BodyBound::Integer(9)), ..NOTHING };
        breaks(whole, Some(json!(-3)), &["MinConstraint"]);
        breaks(whole, Some(json!(10)), &["MaxConstraint"]);
        breaks(whole, Some(json!(9)), &[]);
        let float = BodyRuleMeta { min: Some(BodyBound::Float(0.5)), max: Some(BodyBound::Float(5.0)), ..NOTHING };
        breaks(float, Some(json!(0.4)), &["MinConstraint"]);
        breaks(float, Some(json!(6)), &["MaxConstraint"]);
    }

    #[test]
    fn decimals_are_compared_exactly_whether_they_come_as_text_or_as_numbers() {
        let (min, max) = (Some(BodyBound::Decimal("0.10")), Some(BodyBound::Decimal("99.50")));
        let rule = BodyRuleMeta { min, max, ..NOTHING };
        breaks(rule, Some(json!("0.1")), &[]);
        breaks(rule, Some(json!("0.09")), &["MinConstraint"]);
        breaks(rule, Some(json!("99.51")), &["MaxConstraint"]);
        breaks(rule, Some(json!(100)), &["MaxConstraint"]);
    }

    #[test]
    fn values_of_another_type_are_left_to_who_reads_them() {
        for bound in [BodyBound::Length(3), BodyBound::Integer(3), BodyBound::Float(3.0), BodyBound::Decimal("3")] {
            let rule = BodyRuleMeta { min: Some(bound), max: Some(bound), pattern: Some("^a"), ..NOTHING };
            for value in [json!([1]), json!({ "a": 1 }), json!(true)] {
                breaks(rule, Some(value), &[]);
            }
        }
        breaks(BodyRuleMeta { min: Some(BodyBound::Length(3)), ..NOTHING }, Some(json!(1)), &[]);
    }

    #[test]
    fn every_rule_that_is_broken_is_named() {
        let rule = BodyRuleMeta { max: Some(BodyBound::Length(2)), pattern: Some("^[A-Z]"), ..NOTHING };
        breaks(rule, Some(json!("abc")), &["MaxLengthConstraint", "MatchesConstraint"]);
    }

    #[test]
    fn an_email_address_is_looked_at_as_it_is_stored() {
        static META: BodyRuleMeta = BodyRuleMeta {
            field: "email",
            pattern: Some("@example[.]com$"),
            max: Some(BodyBound::Length(15)),
            ..NOTHING
        };
        let pattern = Some(Regex::new("@example[.]com$").expect("a pattern"));
        let rule = Rule { meta: &META, pattern, is_email: true };
        assert!(rule.broken(Some(&json!("  Ada@EXAMPLE.com  "))).is_empty());
    }

    #[test]
    fn the_words_are_those_of_the_fields_own_rules() {
        let rule = Rule {
            meta: &BodyRuleMeta { field: "username", min: Some(BodyBound::Length(5)), ..NOTHING },
            pattern: None,
            is_email: false,
        };
        let found = rule.broken(Some(&json!("ada")));
        assert_eq!(found[0].code, "UsernameMinLengthConstraint");
        assert_eq!(found[0].message, "'username' must be at least 5 characters");
    }
}
