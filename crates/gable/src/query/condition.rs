//! Conditions on rows. Every condition either holds for a row or does not, also where nulls are involved: a comparison
//! of unknown result does not hold, so each row meets exactly one of a condition and its negation.

use sea_orm::Value;

use crate::access::Scope;
pub(crate) use crate::db::{Case, Place};
use crate::meta::{FieldMeta, ModelMeta, RelationMeta};

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// One of the row's own columns.
    Field {
        field: usize,
        test: Test,
    },
    Related(Box<Related>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Equals(Value),
    Differs(Value),
    Compares(Comparison, Value),
    /// Equals one of them.
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Text(TextTest),
    IsNull,
    IsNotNull,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A text that must occur in another; it has no wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextTest {
    pub(crate) place: Place,
    pub(crate) case: Case,
    pub(crate) text: String,
}

/// A condition on related rows, of which only those count that the caller may see.
#[derive(Clone, Debug)]
pub(crate) struct Related {
    pub(crate) relation: &'static RelationMeta,
    pub(crate) target: &'static ModelMeta,
    pub(crate) scope: Scope,
    pub(crate) quantifier: Quantifier,
    pub(crate) condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Some,
    Every,
    None,
}

impl Quantifier {
    /// The name in a filter.
    pub(super) fn word(self) -> &'static str {
        match self {
            Quantifier::Some => "some",
            Quantifier::Every => "every",
            Quantifier::None => "none",
        }
    }
}

impl Condition {
    /// The condition that holds for every row.
    pub(crate) fn nothing() -> Self {
        Condition::All(Vec::new())
    }

    pub(crate) fn field(field: usize, test: Test) -> Self {
        Condition::Field { field, test }
    }

    /// Holds if both conditions hold.
    #[must_use]
    pub(crate) fn and(self, other: Condition) -> Self {
        match self {
            Condition::All(mut all) => {
                all.push(other);
                Condition::All(all)
            }
            condition => Condition::All(vec![condition, other]),
        }
    }

    /// Whether the condition states, alone or within `All`, that the field equals this value. Other conditions that
    /// imply it are not recognized.
    pub(super) fn demands(&self, field: usize, wanted: &Value) -> bool {
        match self {
            Condition::All(all) => all.iter().any(|one| one.demands(field, wanted)),
            Condition::Field { field: own, test: Test::Equals(value) } => *own == field && value == wanted,
            _ => false,
        }
    }

    /// The result if it does not depend on the row, as far as is known.
    pub(super) fn constant(&self, meta: &ModelMeta) -> Option<bool> {
        match self {
            Condition::All(all) => constant_of(all, meta, true),
            Condition::Any(any) => constant_of(any, meta, false),
            Condition::Not(inner) => inner.constant(meta).map(|holds| !holds),
            Condition::Field { field, test } => test.constant(meta.fields[*field].optional),
            Condition::Related(related) => match (related.quantifier, related.condition.constant(related.target)?) {
                (Quantifier::Some, false) => Some(false),
                (Quantifier::Every, true) | (Quantifier::None, false) => Some(true),
                _ => None,
            },
        }
    }
}

impl Test {
    /// Brings the values of a test into the form in which values of the field are compared, so that two spellings of
    /// one value are equal.
    #[must_use]
    pub(super) fn of(self, field: &FieldMeta) -> Self {
        let folded = |values: Vec<Value>| values.into_iter().map(|value| field.folded(value)).collect();
        match self {
            Test::Equals(value) => Test::Equals(field.folded(value)),
            Test::Differs(value) => Test::Differs(field.folded(value)),
            Test::Compares(comparison, value) => Test::Compares(comparison, field.folded(value)),
            Test::In(values) => Test::In(folded(values)),
            Test::NotIn(values) => Test::NotIn(folded(values)),
            Test::Text(test) if field.case_insensitive => {
                Test::Text(TextTest { case: Case::Folded, text: test.text.to_ascii_lowercase(), ..test })
            }
            test => test,
        }
    }

    /// Every text contains an empty text. Such a filter comes from an input box that was left empty, so it holds for
    /// rows without a text as well.
    pub(super) fn constant(&self, optional: bool) -> Option<bool> {
        match self {
            Test::Text(test) if test.text.is_empty() => Some(true),
            Test::IsNotNull if !optional => Some(true),
            Test::IsNull if !optional => Some(false),
            _ => None,
        }
    }
}

/// The result of several conditions: `neutral` is the result that leaves the others to decide, its opposite decides
/// alone.
fn constant_of(conditions: &[Condition], meta: &ModelMeta, neutral: bool) -> Option<bool> {
    let constants: Vec<Option<bool>> = conditions.iter().map(|condition| condition.constant(meta)).collect();
    if constants.contains(&Some(!neutral)) {
        return Some(!neutral);
    }
    constants.iter().all(Option::is_some).then_some(neutral)
}
