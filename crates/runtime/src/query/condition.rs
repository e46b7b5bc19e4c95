//! What a row must be like. Every condition holds for a row or does not, nulls included: what is not known to hold does
//! not, so a condition and its opposite share the rows among them.

use sea_orm::Value;

use super::tautology;
use crate::access::Scope;
use crate::resource::{FieldMeta, ModelMeta, RelationMeta};

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

/// A text in another, every character of it standing for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextTest {
    pub(crate) place: Place,
    pub(crate) case: Case,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Anywhere,
    Start,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Case {
    Sensitive,
    /// Of letters that the database knows: SQLite knows those of ASCII.
    Insensitive,
    /// Of letters of ASCII, as fields are compared whose case does not matter.
    Folded,
}

/// Rows of another model, as far as the caller may see them.
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
    /// As a filter names it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Quantifier::Some => "some",
            Quantifier::Every => "every",
            Quantifier::None => "none",
        }
    }
}

impl Condition {
    /// Holds for every row.
    pub(crate) fn nothing() -> Self {
        Condition::All(Vec::new())
    }

    pub(crate) fn field(field: usize, test: Test) -> Self {
        Condition::Field { field, test }
    }

    /// Both.
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

    /// Whether it holds only for rows that have this value: something that must hold by itself says so.
    pub(super) fn demands(&self, field: usize, wanted: &Value) -> bool {
        match self {
            Condition::All(all) => all.iter().any(|one| one.demands(field, wanted)),
            Condition::Field { field: own, test: Test::Equals(value) } => *own == field && value == wanted,
            _ => false,
        }
    }

    /// Whether no row can fail it, as far as `tautology` sees. Somewhat more than that, for an empty text (see
    /// `Test::constant`). A condition that all rows happen to meet is not one of these.
    pub(crate) fn keeps_everything(&self, meta: &ModelMeta) -> bool {
        self.constant(meta) == Some(true) || tautology::always_holds(self, meta)
    }

    /// What it comes to where the rows do not matter.
    fn constant(&self, meta: &ModelMeta) -> Option<bool> {
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
    /// The test of a field, in the form in which its values are compared: two spellings of one value are then seen to be one.
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

    /// An empty text is in every text. Who asks for it left a box empty, so where there is no text, it counts as well.
    fn constant(&self, optional: bool) -> Option<bool> {
        match self {
            Test::Text(test) if test.text.is_empty() => Some(true),
            Test::IsNotNull if !optional => Some(true),
            Test::IsNull if !optional => Some(false),
            _ => None,
        }
    }
}

/// Several together: `neutral` is what changes nothing, the opposite decides by itself.
fn constant_of(conditions: &[Condition], meta: &ModelMeta, neutral: bool) -> Option<bool> {
    let constants: Vec<Option<bool>> = conditions.iter().map(|condition| condition.constant(meta)).collect();
    if constants.contains(&Some(!neutral)) {
        return Some(!neutral);
    }
    constants.iter().all(Option::is_some).then_some(neutral)
}
