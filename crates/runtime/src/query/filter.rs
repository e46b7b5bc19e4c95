//! One filter of a query: a path through the models, an operator, a value.

use sea_orm::Value;
use serde_json::Value as Json;

use super::condition::{Case, Comparison, Condition, Place, Quantifier, Related, Test, TextTest};
use super::sight::{Sight, View};
use super::value::{typed_json, typed_value};
use crate::app_meta::QueryLimits;
use crate::input::Mismatch;
use crate::resource::{FieldKind, RelationKind, RelationMeta};

/// What a field is compared with.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a> {
    /// From a URL; a list is separated by commas.
    Text(&'a str),
    Json(&'a Json),
}

/// Why a filter is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such field, relation or operator, or none that the caller may see.
    Unknown,
    /// The value is not what it should be.
    Mismatch(String),
    /// Relations.
    TooDeep(u32),
    /// `AND`, `OR`, `NOT` and relations in each other.
    TooNested(u32),
    TooMany(u32),
    /// Values in a list.
    TooLong(u32),
}

impl From<Mismatch> for Refusal {
    fn from(Mismatch(expected): Mismatch) -> Self {
        Refusal::Mismatch(expected.into_owned())
    }
}

/// Turns filters into conditions, and keeps count of them.
pub(super) struct Filters<'a> {
    sight: Sight<'a>,
    limits: QueryLimits,
    count: u32,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equals,
    Differs,
    Compares(Comparison),
    In,
    NotIn,
    Text(Place, Case),
    IsNull,
}

impl Operator {
    pub(super) fn named(name: &str) -> Option<Self> {
        use Case::{Insensitive, Sensitive};
        Some(match name {
            "eq" => Operator::Equals,
            "ne" => Operator::Differs,
            "gt" => Operator::Compares(Comparison::Greater),
            "gte" => Operator::Compares(Comparison::GreaterOrEqual),
            "lt" => Operator::Compares(Comparison::Less),
            "lte" => Operator::Compares(Comparison::LessOrEqual),
            "in" => Operator::In,
            "notIn" => Operator::NotIn,
            "contains" => Operator::Text(Place::Anywhere, Sensitive),
            "startsWith" => Operator::Text(Place::Start, Sensitive),
            "endsWith" => Operator::Text(Place::End, Sensitive),
            "icontains" => Operator::Text(Place::Anywhere, Insensitive),
            "istartsWith" => Operator::Text(Place::Start, Insensitive),
            "iendsWith" => Operator::Text(Place::End, Insensitive),
            "isNull" => Operator::IsNull,
            _ => return None,
        })
    }

    /// Whether values of this type can be compared so.
    fn takes(self, kind: FieldKind) -> bool {
        match self {
            Operator::IsNull => kind != FieldKind::Password,
            Operator::Text(..) => is_text(kind),
            Operator::Compares(_) => {
                is_comparable(kind) && !matches!(kind, FieldKind::Boolean | FieldKind::Enum(_) | FieldKind::Uuid)
            }
            Operator::Equals | Operator::Differs | Operator::In | Operator::NotIn => is_comparable(kind),
        }
    }
}

/// Types whose values can be told apart, and in what order they stand.
pub(super) fn is_comparable(kind: FieldKind) -> bool {
    !matches!(kind, FieldKind::Json | FieldKind::EnumList(_) | FieldKind::Password)
}

pub(super) fn is_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::String | FieldKind::Text | FieldKind::Email | FieldKind::Url)
}

impl<'a> Filters<'a> {
    pub(super) fn new(sight: Sight<'a>, limits: QueryLimits) -> Self {
        Self { sight, limits, count: 0 }
    }

    /// A path that leads from the model to a field, as a URL spells it.
    pub(super) fn path(&mut self, view: &View, parts: &[&str], text: &str) -> Result<Condition, Refusal> {
        let (first, rest) = parts.split_first().ok_or(Refusal::Unknown)?;
        if let Some(field) = view.readable(first) {
            return self.test(view, field, operator(rest)?, Operand::Text(text));
        }
        let step = self.step(view, first)?;
        let (quantifier, rest) = step.quantifier(rest);
        let condition = self.path(&step.view, rest, text)?;
        Ok(step.related(quantifier.unwrap_or(Quantifier::Some), condition))
    }

    /// The other end of a relation.
    pub(super) fn step(&self, view: &View, name: &str) -> Result<Step, Refusal> {
        let (relation, target) = self.sight.follow(view, name).ok_or(Refusal::Unknown)?;
        if view.steps == 0 {
            return Err(Refusal::TooDeep(self.limits.max_depth));
        }
        Ok(Step { relation, view: target })
    }

    /// One comparison.
    pub(super) fn test(
        &mut self,
        view: &View,
        field: usize,
        operator: Operator,
        operand: Operand<'_>,
    ) -> Result<Condition, Refusal> {
        let kind = view.meta.fields[field].kind;
        if !operator.takes(kind) {
            return Err(Refusal::Unknown);
        }
        self.counted()?;
        let test = match operator {
            Operator::Equals if is_null(operand) => Test::IsNull,
            Operator::Differs if is_null(operand) => Test::IsNotNull,
            Operator::Equals => Test::Equals(one(kind, operand)?),
            Operator::Differs => Test::Differs(one(kind, operand)?),
            Operator::Compares(comparison) => Test::Compares(comparison, one(kind, operand)?),
            Operator::In => Test::In(self.list(kind, operand)?),
            Operator::NotIn => Test::NotIn(self.list(kind, operand)?),
            Operator::Text(place, case) => Test::Text(TextTest { place, case, text: text(operand)? }),
            Operator::IsNull if truth(operand)? => Test::IsNull,
            Operator::IsNull => Test::IsNotNull,
        };
        Ok(Condition::field(field, test.of(&view.meta.fields[field])))
    }

    /// # Errors
    /// More filters than a request may have.
    pub(super) fn counted(&mut self) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > self.limits.max_filters { Err(Refusal::TooMany(self.limits.max_filters)) } else { Ok(()) }
    }

    fn list(&self, kind: FieldKind, operand: Operand<'_>) -> Result<Vec<Value>, Refusal> {
        let more = self.limits.max_in as usize + 1;
        let values: Result<Vec<Value>, Mismatch> = match operand {
            Operand::Text(text) => text.split(',').take(more).map(|text| typed_value(kind, text)).collect(),
            Operand::Json(Json::Array(list)) => list.iter().take(more).map(|value| typed_json(kind, value)).collect(),
            Operand::Json(_) => return Err(Refusal::Mismatch("a list".to_owned())),
        };
        let values = values?;
        match values.len() {
            0 => Err(Refusal::Mismatch("a list with at least one value".to_owned())),
            count if count > self.limits.max_in as usize => Err(Refusal::TooLong(self.limits.max_in)),
            _ => Ok(values),
        }
    }
}

/// The operator that stands behind a field; none is equality.
pub(super) fn operator(rest: &[&str]) -> Result<Operator, Refusal> {
    match rest {
        [] => Ok(Operator::Equals),
        [name] => Operator::named(name).ok_or(Refusal::Unknown),
        _ => Err(Refusal::Unknown),
    }
}

/// A step from one model to another.
#[derive(Clone)]
pub(super) struct Step {
    relation: &'static RelationMeta,
    pub(super) view: View,
}

impl Step {
    /// How many of the rows there are meant, where a path says so, and the path behind that.
    pub(super) fn quantifier<'p>(&self, rest: &'p [&'p str]) -> (Option<Quantifier>, &'p [&'p str]) {
        match rest.split_first() {
            Some((word, behind)) if self.quantified(word).is_some() => (self.quantified(word), behind),
            _ => (None, rest),
        }
    }

    /// `some`, `every` and `none`, of relations to many rows.
    pub(super) fn quantified(&self, word: &str) -> Option<Quantifier> {
        if !matches!(self.relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. }) {
            return None;
        }
        match word {
            "some" => Some(Quantifier::Some),
            "every" => Some(Quantifier::Every),
            "none" => Some(Quantifier::None),
            _ => None,
        }
    }

    pub(super) fn related(self, quantifier: Quantifier, condition: Condition) -> Condition {
        let View { meta: target, scope, .. } = self.view;
        Condition::Related(Box::new(Related { relation: self.relation, target, scope, quantifier, condition }))
    }
}

fn is_null(operand: Operand<'_>) -> bool {
    matches!(operand, Operand::Json(Json::Null))
}

fn one(kind: FieldKind, operand: Operand<'_>) -> Result<Value, Refusal> {
    Ok(match operand {
        Operand::Text(text) => typed_value(kind, text)?,
        Operand::Json(value) => typed_json(kind, value)?,
    })
}

fn text(operand: Operand<'_>) -> Result<String, Refusal> {
    let text = match operand {
        Operand::Text(text) => Some(text),
        Operand::Json(value) => value.as_str(),
    };
    let readable = text.filter(|text| !text.contains('\0'));
    readable.map(str::to_owned).ok_or_else(|| Refusal::Mismatch("text without NUL characters".to_owned()))
}

fn truth(operand: Operand<'_>) -> Result<bool, Refusal> {
    let truth = match operand {
        Operand::Text(text) => text.parse().ok(),
        Operand::Json(value) => value.as_bool(),
    };
    truth.ok_or_else(|| Refusal::Mismatch("true or false".to_owned()))
}
