//! Cycles of required references: if every A needs a B and every B needs an A, no first row can be created.

use std::collections::{HashSet, VecDeque};

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftModel, DraftRelation};

use super::CheckContext;

pub(crate) fn check(context: &CheckContext<'_, '_>, sink: &mut Sink) {
    let mut reported: HashSet<&str> = HashSet::new();
    for draft in context.drafts {
        let name = draft.name.value.as_str();
        if reported.contains(name) {
            continue;
        }
        if let Some((first, path)) = shortest_cycle(context, draft) {
            reported.extend(path.iter().copied());
            sink.push(cycle(first, &path));
        }
    }
}

fn required<'d>(draft: &'d DraftModel<'_>) -> impl Iterator<Item = &'d DraftRelation> {
    draft.relations.iter().filter(|relation| relation.key().is_some_and(|key| !key.key.field.optional))
}

/// Finds the shortest cycle of required keys from a model to itself: its first relation, and the models on the cycle.
fn shortest_cycle<'d>(
    context: &'d CheckContext<'_, '_>,
    start: &'d DraftModel<'_>,
) -> Option<(&'d DraftRelation, Vec<&'d str>)> {
    let here = start.name.value.as_str();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut queue: VecDeque<(&str, &DraftRelation, Vec<&str>)> = VecDeque::new();
    queue.extend(required(start).map(|relation| (relation.target.value.as_str(), relation, vec![here])));
    while let Some((at, first, mut path)) = queue.pop_front() {
        if at == here {
            return Some((first, path));
        }
        let Some(draft) = context.draft(at).filter(|_| seen.insert(at)) else {
            continue;
        };
        path.push(at);
        queue.extend(required(draft).map(|relation| (relation.target.value.as_str(), first, path.clone())));
    }
    None
}

fn cycle(first: &DraftRelation, path: &[&str]) -> Problem {
    let around: Vec<String> = path.iter().chain(path.first()).map(|name| format!("`{name}`")).collect();
    let message = format!("no first row can be created: {}", around.join(" requires "));
    Problem::new("required-cycle", first.target.span, message)
        .label("this relation is required, and so are those that lead back")
        .help("make one of these relations `optional: true`")
}
