//! The values that one field may have, as far as the tests of a condition tell them apart: each value that is named, what
//! stands between two of them where the type has an order, any other one, and null.

use std::cmp::Ordering;
use std::collections::HashMap;

use sea_orm::Value;

use super::Goal;
use crate::query::condition::{Comparison, Condition, Test};
use crate::resource::{FieldKind, ModelMeta};

/// For each class of values, whether it is among them. The last one is null.
pub(super) type Positions = Vec<bool>;

/// The domains of all fields that the goals test, related rows not among them.
pub(super) fn of<'c>(goals: &[Goal<'c>], meta: &'c ModelMeta) -> HashMap<usize, Domain<'c>> {
    let mut named = HashMap::new();
    goals.iter().for_each(|(condition, _)| collect(condition, &mut named));
    named.into_iter().map(|(field, values)| (field, Domain::new(meta, field, values))).collect()
}

fn collect<'c>(condition: &'c Condition, named: &mut HashMap<usize, Vec<&'c Value>>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| collect(part, named)),
        Condition::Not(inner) => collect(inner, named),
        Condition::Field { field, test } => named.entry(*field).or_default().extend(values(test)),
        Condition::Related(_) => {}
    }
}

/// The values that a test names as a whole.
fn values(test: &Test) -> &[Value] {
    match test {
        Test::Equals(value) | Test::Differs(value) | Test::Compares(_, value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => values,
        Test::Text(_) | Test::IsNull | Test::IsNotNull => &[],
    }
}

/// The classes of values of one field.
pub(super) struct Domain<'c> {
    /// Named values by their text. Behind them stands null.
    places: HashMap<String, usize>,
    values: Vec<&'c Value>,
    kind: Kind,
    is_optional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There are no other values than those named.
    Closed,
    /// The named values are in order, with others before, between and behind them.
    Ordered,
    /// One more class stands for all other values.
    Open,
}

impl<'c> Domain<'c> {
    fn new(meta: &'c ModelMeta, field: usize, named: Vec<&'c Value>) -> Self {
        let known = &meta.fields[field];
        let mut values: Vec<&Value> = Vec::new();
        let mut places = HashMap::new();
        for value in named {
            places.entry(key(value)).or_insert_with(|| {
                values.push(value);
                values.len() - 1
            });
        }
        let kind = match known.kind {
            FieldKind::Boolean if values.len() == 2 => Kind::Closed,
            FieldKind::Enum(all) if values.len() >= all.len() => Kind::Closed,
            _ if sort(&mut values) => Kind::Ordered,
            _ => Kind::Open,
        };
        if kind == Kind::Ordered {
            places = values.iter().enumerate().map(|(place, value)| (key(value), place)).collect();
        }
        Self { places, values, kind, is_optional: known.optional }
    }

    /// Classes without null.
    fn len(&self) -> usize {
        match self.kind {
            Kind::Closed => self.values.len(),
            Kind::Ordered => 2 * self.values.len() + 1,
            Kind::Open => self.values.len() + 1,
        }
    }

    fn position(&self, value: &Value) -> Option<usize> {
        let place = *self.places.get(&key(value))?;
        Some(if self.kind == Kind::Ordered { 2 * place + 1 } else { place })
    }

    /// The classes among those left, or among all, whose values pass or fail the test. One that cannot be decided by
    /// itself leaves all but null.
    pub(super) fn narrowed(&self, left: Option<&Positions>, test: &Test, wanted: bool) -> Positions {
        let mut all = vec![true; self.len()];
        all.push(self.is_optional);
        let passing = self.passing(test);
        let possible = |position: usize| match &passing {
            Some(passing) => passing[position] == wanted,
            None => position < self.len() || !wanted,
        };
        left.unwrap_or(&all).iter().enumerate().map(|(position, is_left)| *is_left && possible(position)).collect()
    }

    /// The classes whose values pass; none where that depends on what is not interpreted here.
    fn passing(&self, test: &Test) -> Option<Positions> {
        let null = self.len();
        let among = |values: &[Value], inside: bool| {
            let mut positions = vec![!inside; null + 1];
            for position in values.iter().filter_map(|value| self.position(value)) {
                positions[position] = inside;
            }
            positions
        };
        Some(match test {
            Test::Equals(value) => among(std::slice::from_ref(value), true),
            Test::In(values) => among(values, true),
            Test::Differs(value) => among(std::slice::from_ref(value), false),
            Test::NotIn(values) => among(values, false),
            Test::IsNull => (0..=null).map(|position| position == null).collect(),
            Test::IsNotNull => (0..=null).map(|position| position != null).collect(),
            // As in `Test::constant`.
            Test::Text(test) if test.text.is_empty() => vec![true; null + 1],
            Test::Compares(comparison, value) if self.kind == Kind::Ordered => {
                let named = self.position(value)?;
                let passes = |position: usize| comparison.admits(position.cmp(&named));
                (0..=null).map(|position| position != null && passes(position)).collect()
            }
            Test::Text(_) | Test::Compares(..) => return None,
        })
    }

    /// Whether a value of the classes left passes all tests as wanted.
    pub(super) fn is_possible(&self, left: &Positions, tests: &[(&Test, bool)]) -> bool {
        let open: Vec<(&Test, bool)> = tests.iter().copied().filter(|(test, _)| self.passing_is_open(test)).collect();
        let null = self.len();
        let named = open.iter().filter_map(|(test, _)| self.position(values(test).first()?)).collect::<Vec<_>>();
        let other = (0..null).find(|position| left[*position] && !named.contains(position));
        let agrees = |position: &usize| left[*position] && self.agrees(*position, &open);
        left[null] && open.iter().all(|(_, wanted)| !wanted) || named.iter().chain(&other).any(agrees)
    }

    fn passing_is_open(&self, test: &Test) -> bool {
        match test {
            Test::Text(test) => !test.text.is_empty(),
            Test::Compares(..) => self.kind != Kind::Ordered,
            _ => false,
        }
    }

    /// Whether a value of the class may pass all of these tests as wanted: the same one does not both pass and fail.
    fn agrees(&self, position: usize, tests: &[(&Test, bool)]) -> bool {
        let equals = |test: &Test| values(test).first().and_then(|value| self.position(value)) == Some(position);
        let (known, unknown): (Vec<_>, Vec<_>) = tests.iter().partition(|(test, _)| equals(test));
        let passes = |test: &Test| matches!(test, Test::Compares(comparison, _) if comparison.admits(Ordering::Equal));
        let contradicts = |(test, wanted): &(&Test, bool)| {
            unknown.iter().any(|(other, held)| {
                (test == other && wanted != held) || (are_opposites(test, other) && wanted == held)
            })
        };
        known.iter().all(|(test, wanted)| passes(test) == *wanted) && !unknown.iter().any(contradicts)
    }
}

impl Comparison {
    /// Whether it holds for a value that stands so to the one it names.
    fn admits(self, order: Ordering) -> bool {
        match self {
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
        }
    }
}

/// Whether of two comparisons exactly one holds for each value.
fn are_opposites(one: &Test, other: &Test) -> bool {
    let (Test::Compares(one, left), Test::Compares(other, right)) = (one, other) else { return false };
    let opposite = match one {
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    };
    *other == opposite && left == right
}

fn key(value: &Value) -> String {
    format!("{value:?}")
}

/// Sorts values of a type whose order is that of the databases; false for others.
fn sort(values: &mut [&Value]) -> bool {
    let is_ordered = values.iter().all(|value| compare(value, value).is_some());
    if is_ordered {
        values.sort_by(|one, other| compare(one, other).unwrap_or(Ordering::Equal));
    }
    is_ordered
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(Some(one)), Value::Int(Some(other))) => Some(one.cmp(other)),
        (Value::BigInt(Some(one)), Value::BigInt(Some(other))) => Some(one.cmp(other)),
        (Value::Double(Some(one)), Value::Double(Some(other))) => one.partial_cmp(other),
        (Value::Decimal(Some(one)), Value::Decimal(Some(other))) => Some(one.cmp(other)),
        (Value::ChronoDate(Some(one)), Value::ChronoDate(Some(other))) => Some(one.cmp(other)),
        (Value::ChronoTime(Some(one)), Value::ChronoTime(Some(other))) => Some(one.cmp(other)),
        (Value::ChronoDateTimeUtc(Some(one)), Value::ChronoDateTimeUtc(Some(other))) => Some(one.cmp(other)),
        _ => None,
    }
}
