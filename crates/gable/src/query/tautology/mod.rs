//! Decides whether a condition holds for every row that a table could contain: `A OR NOT A`, null or not null, all
//! values of an enum, `seats > 5 OR seats < 6`, `some` or `none` of one relation. Searches for a row that fails it, by
//! the rules of propositional logic (here), those for the values of one field (`domain`) and those for related rows.
//!
//! The result that some row fails it may be wrong: patterns and the order of texts are not interpreted, keys and
//! inverse relations are not linked to each other, and `min:` of a field is not known here. The result that no row
//! fails it is right, unless the search exceeds `WORK`.

mod domain;

use std::collections::HashMap;
use std::rc::Rc;

use domain::{Domain, Goal, NamedValues, Positions};

use super::condition::{Condition, Quantifier, Related, Test};
use crate::access::RowRule;
use crate::meta::{ModelMeta, RelationKind};

impl Condition {
    /// Whether no row can fail the condition, as far as `tautology` can tell. A filter for an empty text counts as well
    /// (see `Test::constant`). A condition that merely happens to hold for all rows does not.
    pub(crate) fn keeps_everything(&self, meta: &ModelMeta) -> bool {
        self.constant(meta) == Some(true) || always_holds(self, meta)
    }
}

/// Limit of the search, in classes of values that are examined. A condition that exceeds it counts as holding for every
/// row: such conditions are not written by hand.
const WORK: usize = 4_000_000;
/// Work that is charged for a named value, and for a step that examines no class.
const VALUE: usize = 10;

/// Whether no row can fail the condition.
pub(super) fn always_holds(condition: &Condition, meta: &ModelMeta) -> bool {
    let (fails, left) = satisfies(&[(condition, false)], meta, WORK);
    !fails || left == 0
}

/// Whether some row meets all goals, and the work that is left of the limit.
fn satisfies(goals: &[Goal<'_>], meta: &ModelMeta, work: usize) -> (bool, usize) {
    let named = NamedValues::of(goals);
    let work = work.saturating_sub(VALUE * named.count());
    if work == 0 {
        return (false, 0);
    }
    let mut search = Search { meta, work, domains: named.domains(meta), tests: Vec::new(), related: Vec::new() };
    let found = search.finds(goals.to_vec());
    (found, search.work)
}

/// The row that is searched for, as far as it is determined.
struct Search<'c> {
    meta: &'c ModelMeta,
    work: usize,
    domains: HashMap<usize, Domain>,
    tests: Vec<Decided<'c>>,
    related: Vec<Claim<'c>>,
}

/// A test of a field, and whether the row passes it.
struct Decided<'c> {
    field: usize,
    test: &'c Test,
    wanted: bool,
    /// The classes of values that the field may still have.
    left: Rc<Positions>,
}

/// Whether the row has a related row that meets a goal. All three quantifiers reduce to such claims.
#[derive(Clone, Copy)]
struct Claim<'c> {
    related: &'c Related,
    goal: Goal<'c>,
    exists: bool,
}

impl<'c> Claim<'c> {
    fn new(related: &'c Related, wanted: bool) -> Self {
        let (meets, exists) = match related.quantifier {
            Quantifier::Some => (true, wanted),
            Quantifier::None => (true, !wanted),
            Quantifier::Every => (false, !wanted),
        };
        Self { related, goal: (&related.condition, meets), exists }
    }

    /// The goal of a related row that does not meet the goal of the claim.
    fn opposite(self) -> Goal<'c> {
        (self.goal.0, !self.goal.1)
    }
}

impl<'c> Search<'c> {
    /// Whether some row meets all goals and all decisions before.
    fn finds(&mut self, mut goals: Vec<Goal<'c>>) -> bool {
        let Some((condition, wanted)) = goals.pop() else { return true };
        self.work = self.work.saturating_sub(VALUE);
        if self.work == 0 {
            return false;
        }
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
                let Some(decided) = self.decide(*field, test, wanted) else { return false };
                self.tests.push(decided);
                let found = self.finds(goals);
                self.tests.pop();
                found
            }
            Condition::Related(related) => {
                self.related.push(Claim::new(related, wanted));
                let found = self.relates(related) && self.finds(goals);
                self.related.pop();
                found
            }
        }
    }

    /// Decides a test; `None` if no value of the field agrees with it and the tests decided before.
    fn decide(&mut self, field: usize, test: &'c Test, wanted: bool) -> Option<Decided<'c>> {
        let domain = self.domains.get(&field)?;
        self.work = self.work.saturating_sub(domain.len() + VALUE * domain::values(test).len());
        let before = self.tests.iter().rev().find(|decided| decided.field == field);
        let left = domain.narrowed(before.map(|decided| &*decided.left), test, wanted);
        let tests = self.tests.iter().filter(|decided| decided.field == field);
        let tests: Vec<_> = tests.map(|decided| (decided.test, decided.wanted)).chain([(test, wanted)]).collect();
        domain.is_possible(&left, &tests).then(|| Decided { field, test, wanted, left: Rc::new(left) })
    }

    /// Whether the row can have related rows as claimed.
    fn relates(&mut self, related: &Related) -> bool {
        let same = self.related.iter().filter(|claim| claim.related.relation.name == related.relation.name);
        let (present, absent): (Vec<Claim<'c>>, Vec<Claim<'c>>) = same.partition(|claim| claim.exists);
        let absent: Vec<Goal<'c>> = absent.into_iter().map(Claim::opposite).collect();
        let is_to_one = matches!(related.relation.kind, RelationKind::BelongsTo { .. } | RelationKind::HasOne { .. });
        if is_to_one {
            let present: Vec<Goal<'c>> = present.iter().map(|claim| claim.goal).collect();
            let needs_row = !present.is_empty() || self.always_has(related);
            return !needs_row || self.exists(related, [present, absent].concat());
        }
        present.iter().all(|claim| self.exists(related, [&[claim.goal], &absent[..]].concat()))
    }

    fn exists(&mut self, related: &Related, goals: Vec<Goal<'c>>) -> bool {
        let (found, left) = satisfies(&goals, related.target, self.work);
        self.work = left;
        found
    }

    /// Whether every row has a related row that the caller sees.
    fn always_has(&self, related: &Related) -> bool {
        let RelationKind::BelongsTo { field } = related.relation.kind else { return false };
        let is_required = self.meta.fields.iter().any(|key| key.name == field && !key.optional);
        let all_seen = [&related.scope.rows, &related.scope.seen].iter().all(|rule| **rule == RowRule::Every);
        is_required && all_seen && !related.target.soft_delete
    }
}
