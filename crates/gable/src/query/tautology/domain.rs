//! The values of one field in classes that the tests of a condition do not tell apart: each value that is named, the
//! values between two of them if the type is ordered, all other values, and null.

use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::NaiveTime;
use sea_orm::Value;

use crate::meta::{FieldKind, ModelMeta};
use crate::query::condition::{Comparison, Condition, Test};

/// A condition, and whether the row must meet it.
pub(super) type Goal<'c> = (&'c Condition, bool);

/// Whether each class of values is included. The last class is null.
pub(super) type Positions = Vec<bool>;

/// The values that goals name, by field, without those for related rows.
pub(super) struct NamedValues<'c>(HashMap<usize, Vec<&'c Value>>);

impl<'c> NamedValues<'c> {
    pub(super) fn of(goals: &[Goal<'c>]) -> Self {
        let mut named = HashMap::new();
        goals.iter().for_each(|(condition, _)| collect(condition, &mut named));
        Self(named)
    }

    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// The domains of all fields that the goals test.
    pub(super) fn domains(self, meta: &ModelMeta) -> HashMap<usize, Domain> {
        self.0.into_iter().map(|(field, values)| (field, Domain::new(meta, field, values))).collect()
    }
}

fn collect<'c>(condition: &'c Condition, named: &mut HashMap<usize, Vec<&'c Value>>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| collect(part, named)),
        Condition::Not(inner) => collect(inner, named),
        Condition::Field { field, test } => named.entry(*field).or_default().extend(values(test)),
        Condition::Related(_) => {}
    }
}

/// The values with which a test compares the whole value of a field.
pub(super) fn values(test: &Test) -> &[Value] {
    match test {
        Test::Equals(value) | Test::Differs(value) | Test::Compares(_, value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => values,
        Test::Text(_) | Test::IsNull | Test::IsNotNull => &[],
    }
}

/// The classes of values of one field; null comes after all others.
pub(super) struct Domain {
    points: Points,
    /// Number of classes without null.
    len: usize,
    is_optional: bool,
}

/// The classes of the named values.
enum Points {
    /// In order, with further classes between them for other values.
    Ordered(Vec<(Value, usize)>),
    /// By their debug texts.
    Unordered(HashMap<String, usize>),
}

impl Domain {
    fn new(meta: &ModelMeta, field: usize, named: Vec<&Value>) -> Self {
        let known = &meta.fields[field];
        let (points, len) = match in_order(&named) {
            Some(values) => ordered(values),
            None => unordered(&named, known.kind),
        };
        Self { points, len, is_optional: known.optional }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn position(&self, value: &Value) -> Option<usize> {
        match &self.points {
            Points::Ordered(points) => {
                let order = |(point, _): &(Value, usize)| compare(point, value).unwrap_or(Ordering::Less);
                points.binary_search_by(order).ok().map(|place| points[place].1)
            }
            Points::Unordered(points) => points.get(&text(value)).copied(),
        }
    }

    fn is_ordered(&self) -> bool {
        matches!(self.points, Points::Ordered(_))
    }

    /// The classes among those left, or among all, whose values may pass or fail the test as wanted. A test that cannot
    /// be decided by class excludes only null, which cannot pass it.
    pub(super) fn narrowed(&self, left: Option<&Positions>, test: &Test, wanted: bool) -> Positions {
        let mut all = vec![true; self.len];
        all.push(self.is_optional);
        let passing = self.passing(test);
        let possible = |position: usize| match (test, &passing) {
            // Every text contains an empty text. Such a filter comes from an input box that was left empty, so no row
            // that fails it is searched for.
            (Test::Text(test), _) if test.text.is_empty() => wanted && position < self.len,
            (_, Some(passing)) => passing[position] == wanted,
            (_, None) => position < self.len || !wanted,
        };
        left.unwrap_or(&all).iter().enumerate().map(|(position, is_left)| *is_left && possible(position)).collect()
    }

    /// The classes whose values pass; `None` if the test is not interpreted here.
    fn passing(&self, test: &Test) -> Option<Positions> {
        let null = self.len;
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
            Test::Compares(comparison, value) if self.is_ordered() => {
                let named = self.position(value)?;
                let passes = |position: usize| comparison.admits(position.cmp(&named));
                (0..=null).map(|position| position != null && passes(position)).collect()
            }
            Test::Text(_) | Test::Compares(..) => return None,
        })
    }

    /// Whether some value of the classes left may pass or fail each test as wanted.
    pub(super) fn is_possible(&self, left: &Positions, tests: &[(&Test, bool)]) -> bool {
        let open: Vec<(&Test, bool)> = tests.iter().copied().filter(|(test, _)| self.passing_is_open(test)).collect();
        let null = self.len;
        let named = open.iter().filter_map(|(test, _)| self.position(values(test).first()?)).collect::<Vec<_>>();
        let other = (0..null).find(|position| left[*position] && !named.contains(position));
        let agrees = |position: &usize| left[*position] && self.agrees(*position, &open);
        left[null] && open.iter().all(|(_, wanted)| !wanted) || named.iter().chain(&other).any(agrees)
    }

    fn passing_is_open(&self, test: &Test) -> bool {
        match test {
            Test::Text(test) => !test.text.is_empty(),
            Test::Compares(..) => !self.is_ordered(),
            _ => false,
        }
    }

    /// Whether a value of the class may pass or fail each of these tests as wanted: one value cannot do both.
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
    /// Whether the comparison holds for a value that is in this order to the named one.
    fn admits(self, order: Ordering) -> bool {
        match self {
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
        }
    }
}

/// Whether exactly one of the two comparisons holds for each value.
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

/// One class for each named value, and one for all others if there are any.
fn unordered(named: &[&Value], kind: FieldKind) -> (Points, usize) {
    let mut points = HashMap::new();
    for value in named {
        let next = points.len();
        points.entry(text(value)).or_insert(next);
    }
    let all = match kind {
        FieldKind::Boolean => Some(2),
        FieldKind::Enum(values) => Some(values.len()),
        _ => None,
    };
    let others = usize::from(all.is_none_or(|all| points.len() < all));
    let len = points.len() + others;
    (Points::Unordered(points), len)
}

fn text(value: &Value) -> String {
    format!("{value:?}")
}

/// The values in order, without repetition; `None` for types without an order that is known here.
fn in_order(named: &[&Value]) -> Option<Vec<Value>> {
    let mut values: Vec<Value> = named.iter().map(|value| (*value).clone()).collect();
    if values.is_empty() || !values.iter().all(|value| compare(value, &values[0]).is_some()) {
        return None;
    }
    values.sort_by(|one, other| compare(one, other).unwrap_or(Ordering::Equal));
    values.dedup_by(|one, other| compare(one, other) == Some(Ordering::Equal));
    Some(values)
}

/// One class for each value, and one for the values before, between and after them.
fn ordered(values: Vec<Value>) -> (Points, usize) {
    let mut len = usize::from(!is_least(&values[0]));
    let mut points: Vec<(Value, usize)> = Vec::with_capacity(values.len());
    for value in values {
        if points.last().is_some_and(|(before, _)| !are_neighbours(before, &value)) {
            len += 1;
        }
        points.push((value, len));
        len += 1;
    }
    let is_last = points.last().is_some_and(|(value, _)| is_greatest(value));
    (Points::Ordered(points), len + usize::from(!is_last))
}

/// Compares values as the databases do; `None` for types without an order that is known here.
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

/// Whether no value lies between the two.
fn are_neighbours(one: &Value, next: &Value) -> bool {
    match (one, next) {
        (Value::Int(Some(one)), Value::Int(Some(next))) => one.checked_add(1) == Some(*next),
        (Value::BigInt(Some(one)), Value::BigInt(Some(next))) => one.checked_add(1) == Some(*next),
        (Value::ChronoDate(Some(one)), Value::ChronoDate(Some(next))) => one.succ_opt() == Some(*next),
        _ => false,
    }
}

fn is_least(value: &Value) -> bool {
    match value {
        Value::Int(Some(value)) => *value == i32::MIN,
        Value::BigInt(Some(value)) => *value == i64::MIN,
        Value::ChronoTime(Some(value)) => *value == NaiveTime::MIN,
        _ => false,
    }
}

fn is_greatest(value: &Value) -> bool {
    match value {
        Value::Int(Some(value)) => *value == i32::MAX,
        Value::BigInt(Some(value)) => *value == i64::MAX,
        _ => false,
    }
}
