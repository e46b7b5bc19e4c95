//! Whether a condition holds for every row that a table could have: `A OR NOT A`, null or not null, one of all values of an
//! enum. Looks for a row that it does not hold for, by the rules of propositions and those of the tests of one field.
//!
//! That there is such a row is said too often, never too seldom: numbers, dates and texts are not compared with each other, so
//! `seats > 5 OR seats < 6` counts as a condition that a row can fail.

use sea_orm::Value;

use super::condition::{Comparison, Condition, Quantifier, Related, Test};
use crate::resource::{FieldKind, ModelMeta};

/// Steps of the search. Conditions that need more count as holding for every row: nobody writes them by hand.
const STEPS: usize = 10_000;

/// Whether no row can fail the condition.
pub(super) fn always_holds(condition: &Condition, meta: &ModelMeta) -> bool {
    holds_within(condition, meta, STEPS).0
}

/// The answer, and the steps that are left.
fn holds_within(condition: &Condition, meta: &ModelMeta, steps: usize) -> (bool, usize) {
    let mut search = Search { meta, steps, tests: Vec::new(), related: Vec::new() };
    let fails = search.finds(vec![(condition, false)]);
    (!fails || search.steps == 0, search.steps)
}

/// A condition, and whether the row is to meet it.
type Goal<'c> = (&'c Condition, bool);

/// The row that is looked for, as far as it is decided.
struct Search<'c> {
    meta: &'c ModelMeta,
    steps: usize,
    tests: Vec<(usize, &'c Test, bool)>,
    related: Vec<(&'c Related, bool)>,
}

impl<'c> Search<'c> {
    /// Whether some row meets all goals and what was decided before.
    fn finds(&mut self, mut goals: Vec<Goal<'c>>) -> bool {
        let Some((condition, wanted)) = goals.pop() else { return true };
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        match condition {
            Condition::Not(inner) => {
                goals.push((inner, !wanted));
                self.finds(goals)
            }
            Condition::All(parts) | Condition::Any(parts) => {
                let together = matches!(condition, Condition::All(_)) == wanted;
                if together {
                    goals.extend(parts.iter().map(|part| (part, wanted)));
                    return self.finds(goals);
                }
                parts.iter().any(|part| self.finds([&goals[..], &[(part, wanted)]].concat()))
            }
            Condition::Field { field, test } => {
                self.tests.push((*field, test, wanted));
                let found = self.is_possible(*field) && self.finds(goals);
                self.tests.pop();
                found
            }
            Condition::Related(related) => self.relates(related, wanted, goals),
        }
    }

    fn relates(&mut self, related: &'c Related, wanted: bool, goals: Vec<Goal<'c>>) -> bool {
        let contradicts = self.related.iter().any(|(known, held)| *held != wanted && is_same_relation(known, related));
        if contradicts || (!wanted && self.is_met_by_all(related)) {
            return false;
        }
        self.related.push((related, wanted));
        let found = self.finds(goals);
        self.related.pop();
        found
    }

    fn is_met_by_all(&mut self, related: &Related) -> bool {
        if related.quantifier != Quantifier::Every {
            return false;
        }
        let (holds, left) = holds_within(&related.condition, related.target, self.steps);
        self.steps = left;
        holds
    }

    /// Whether some value of the field passes its tests as decided.
    fn is_possible(&self, field: usize) -> bool {
        let tests: Vec<(&Test, bool)> =
            self.tests.iter().filter(|(own, ..)| *own == field).map(|(_, test, wanted)| (*test, *wanted)).collect();
        candidates(self.meta, field, &tests).iter().any(|candidate| passes(candidate, &tests))
    }
}

/// A value that a row may have.
enum Candidate {
    Null,
    Value(Value),
    /// One that no test names.
    Other,
}

/// Values that stand for all that the field may have.
fn candidates(meta: &ModelMeta, field: usize, tests: &[(&Test, bool)]) -> Vec<Candidate> {
    let known = &meta.fields[field];
    let mut candidates: Vec<Candidate> = match known.kind {
        FieldKind::Boolean => [true, false].into_iter().map(|value| Candidate::Value(value.into())).collect(),
        FieldKind::Enum(values) => values.iter().map(|value| Candidate::Value((*value).into())).collect(),
        _ => {
            let named = tests.iter().flat_map(|(test, _)| values(test)).cloned().map(Candidate::Value);
            named.chain([Candidate::Other]).collect()
        }
    };
    candidates.extend(known.optional.then_some(Candidate::Null));
    candidates
}

/// The values that a test names as a whole.
fn values(test: &Test) -> &[Value] {
    match test {
        Test::Equals(value) | Test::Differs(value) | Test::Compares(_, value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => values,
        Test::Text(_) | Test::IsNull | Test::IsNotNull => &[],
    }
}

fn passes(candidate: &Candidate, tests: &[(&Test, bool)]) -> bool {
    let known = |(test, wanted): &(&Test, bool)| outcome(candidate, test).is_none_or(|holds| holds == *wanted);
    // Of the others nothing is known but that a test does not hold and fail at once.
    let open = || tests.iter().filter(|(test, _)| outcome(candidate, test).is_none());
    let contradicts = |(test, wanted): &(&Test, bool)| {
        open().any(|(other, held)| (test == other && wanted != held) || (are_opposites(test, other) && wanted == held))
    };
    tests.iter().all(known) && !open().any(contradicts)
}

/// Whether the test holds for the value; none where that depends on what is not compared here.
fn outcome(candidate: &Candidate, test: &Test) -> Option<bool> {
    let is = |value: &Value| matches!(candidate, Candidate::Value(own) if own == value);
    let is_null = matches!(candidate, Candidate::Null);
    match test {
        Test::Equals(value) => Some(is(value)),
        Test::Differs(value) => Some(!is(value)),
        Test::In(values) => Some(values.iter().any(is)),
        Test::NotIn(values) => Some(!values.iter().any(is)),
        Test::IsNull => Some(is_null),
        Test::IsNotNull => Some(!is_null),
        // As in `Test::constant`.
        Test::Text(test) if test.text.is_empty() => Some(true),
        Test::Text(_) | Test::Compares(..) if is_null => Some(false),
        Test::Compares(comparison, value) if is(value) => {
            Some(matches!(comparison, Comparison::GreaterOrEqual | Comparison::LessOrEqual))
        }
        Test::Text(_) | Test::Compares(..) => None,
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

/// Whether two conditions on related rows are the same one.
fn is_same_relation(one: &Related, other: &Related) -> bool {
    one.relation.name == other.relation.name
        && one.quantifier == other.quantifier
        && is_same(&one.condition, &other.condition)
}

fn is_same(one: &Condition, other: &Condition) -> bool {
    let all = |left: &[Condition], right: &[Condition]| {
        left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
    };
    match (one, other) {
        (Condition::All(left), Condition::All(right)) | (Condition::Any(left), Condition::Any(right)) => {
            all(left, right)
        }
        (Condition::Not(left), Condition::Not(right)) => is_same(left, right),
        (Condition::Field { field: left, test }, Condition::Field { field: right, test: tested }) => {
            left == right && test == tested
        }
        (Condition::Related(left), Condition::Related(right)) => is_same_relation(left, right),
        _ => false,
    }
}
