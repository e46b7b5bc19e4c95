//! Random conditions: their form in a request, and their evaluation in memory.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::world::{Field, Model, Row, Viewer, World};

#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test { field: &'static str, operator: &'static str, operand: Value },
    Related { relation: &'static str, quantifier: Option<&'static str>, inner: Box<Condition> },
}

use Condition::{All, Any, Not, Related, Test};

/// Conditions of at most this depth, which follow at most `relations` relations.
pub(super) fn condition(model: Model, depth: u32, steps: u32) -> BoxedStrategy<Condition> {
    if depth == 0 {
        return prop_oneof![8 => test(model), 1 => Just(All(vec![]))].boxed();
    }
    let inner = || condition(model, depth - 1, steps);
    let several = || prop::collection::vec(inner(), 1..=2);
    let here = prop_oneof![
        2 => test(model),
        1 => several().prop_map(All),
        1 => several().prop_map(Any),
        1 => inner().prop_map(|inner| Not(Box::new(inner))),
    ];
    if steps == 0 || model.relations().is_empty() {
        return here.boxed();
    }
    prop_oneof![1 => here, 1 => related(model, move |target| condition(target, depth - 1, steps - 1))].boxed()
}

/// Conditions that one parameter can express: relations, one after another, and a comparison.
pub(super) fn path(model: Model, steps: u32) -> BoxedStrategy<Condition> {
    if steps == 0 || model.relations().is_empty() {
        return test(model);
    }
    prop_oneof![1 => test(model), 1 => related(model, move |target| path(target, steps - 1))].boxed()
}

fn related(model: Model, inner: impl Fn(Model) -> BoxedStrategy<Condition> + 'static) -> BoxedStrategy<Condition> {
    let relations = select(model.relations());
    let built = relations.prop_flat_map(move |(relation, target, many)| {
        let words = if many { vec![None, Some("some"), Some("every"), Some("none")] } else { vec![None] };
        (select(words), inner(target)).prop_map(move |(quantifier, inner)| Related {
            relation,
            quantifier,
            inner: Box::new(inner),
        })
    });
    built.boxed()
}

fn test(model: Model) -> BoxedStrategy<Condition> {
    let tested = select(model.fields()).prop_flat_map(|(field, kind)| {
        let mut operators = vec!["eq", "ne", "in", "notIn", "isNull"];
        operators.extend(match kind {
            Field::Text => &["contains", "startsWith", "endsWith", "icontains", "istartsWith", "iendsWith"][..],
            Field::Ordered(_) => &["gt", "gte", "lt", "lte"],
            Field::Word(_) => &[],
        });
        (select(operators), prop::collection::vec(kind.value(), 1..=3), any::<bool>()).prop_map(
            move |(operator, values, truth)| {
                let operand = match operator {
                    "in" | "notIn" => Value::from(values),
                    "isNull" => Value::from(truth),
                    _ => values[0].clone(),
                };
                Test { field, operator, operand }
            },
        )
    });
    tested.boxed()
}

impl Condition {
    /// The form in `filters={…}`.
    pub(super) fn json(&self) -> Value {
        match self {
            All(all) if all.is_empty() => json!({}),
            All(all) => json!({ "AND": all.iter().map(Condition::json).collect::<Vec<_>>() }),
            Any(any) => json!({ "OR": any.iter().map(Condition::json).collect::<Vec<_>>() }),
            Not(inner) => json!({ "NOT": inner.json() }),
            Test { field, operator, operand } => json!({ *field: { *operator: operand } }),
            Related { relation, quantifier: None, inner } => json!({ *relation: inner.json() }),
            Related { relation, quantifier: Some(word), inner } => json!({ *relation: { *word: inner.json() } }),
        }
    }

    /// The form as one parameter: the parts of its name, and the value. Only for conditions made by `path`.
    pub(super) fn parameter(&self) -> (Vec<&'static str>, String) {
        match self {
            Test { field, operator, operand } => (vec![field, operator], plain(operand)),
            Related { relation, quantifier, inner } => {
                let (behind, value) = inner.parameter();
                (std::iter::once(*relation).chain(*quantifier).chain(behind).collect(), value)
            }
            _ => unreachable!("a path has neither AND, OR nor NOT"),
        }
    }

    /// Whether the condition holds for a row. Rows that the viewer cannot see are ignored.
    pub(super) fn holds(&self, world: &World, viewer: Viewer, row: &Row) -> bool {
        match self {
            All(all) => all.iter().all(|one| one.holds(world, viewer, row)),
            Any(any) => any.iter().any(|one| one.holds(world, viewer, row)),
            Not(inner) => !inner.holds(world, viewer, row),
            Test { field, operator, operand } => compares(&row.json[*field], operator, operand),
            Related { relation, quantifier, inner } => {
                let rows = world.related(viewer, row, relation);
                match quantifier {
                    Some("every") => rows.iter().all(|row| inner.holds(world, viewer, row)),
                    Some("none") => !rows.iter().any(|row| inner.holds(world, viewer, row)),
                    _ => rows.iter().any(|row| inner.holds(world, viewer, row)),
                }
            }
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn compares(value: &Value, operator: &str, operand: &Value) -> bool {
    let listed = || operand.as_array().is_some_and(|list| list.iter().any(|one| same(value, one)));
    match operator {
        "eq" => same(value, operand),
        "ne" => !same(value, operand),
        "in" => listed(),
        "notIn" => !listed(),
        "isNull" => operand == value.is_null(),
        "gt" | "gte" | "lt" | "lte" => between(value, operator, operand),
        _ => text(value, operator, operand),
    }
}

/// A number; decimals are texts in JSON.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn same(value: &Value, operand: &Value) -> bool {
    match (number(value), number(operand)) {
        (Some(value), Some(operand)) => value.total_cmp(&operand).is_eq(),
        _ => value == operand,
    }
}

fn between(value: &Value, operator: &str, operand: &Value) -> bool {
    if value.is_null() {
        return false;
    }
    let order = match (number(value), number(operand)) {
        (Some(value), Some(operand)) => value.total_cmp(&operand),
        _ => value.as_str().cmp(&operand.as_str()),
    };
    match operator {
        "gt" => order.is_gt(),
        "gte" => order.is_ge(),
        "lt" => order.is_lt(),
        _ => order.is_le(),
    }
}

fn text(value: &Value, operator: &str, operand: &Value) -> bool {
    let (Some(value), Some(operand)) = (value.as_str(), operand.as_str()) else { return false };
    match operator {
        "contains" => value.contains(operand),
        "startsWith" => value.starts_with(operand),
        "endsWith" => value.ends_with(operand),
        "icontains" => value.to_ascii_lowercase().contains(&operand.to_ascii_lowercase()),
        "istartsWith" => value.to_ascii_lowercase().starts_with(&operand.to_ascii_lowercase()),
        "iendsWith" => value.to_ascii_lowercase().ends_with(&operand.to_ascii_lowercase()),
        other => unreachable!("{other}"),
    }
}
