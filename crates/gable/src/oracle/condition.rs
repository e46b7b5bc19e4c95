//! Random conditions, and whether they hold for a row by a plain implementation of the API. `spelling` writes them as
//! requests.

use super::choices::Choices;
use super::schema::Kind;
use super::seen::Seen;
use super::value::{Operand, Value};
use super::world::Row;
use crate::db::Dialect;
use crate::meta::{FieldKind, Origin};

#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Test),
    Related(Related),
}

#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) field: usize,
    pub(super) name: String,
    pub(super) operator: &'static str,
    /// One operand, except for lists.
    pub(super) operands: Vec<Operand>,
    /// The operand of `isNull`.
    pub(super) truth: bool,
    /// Whether to use a shorter spelling if there is one.
    pub(super) brief: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Related {
    pub(super) relation: usize,
    pub(super) name: String,
    pub(super) target: usize,
    pub(super) is_to_many: bool,
    pub(super) quantifier: Option<&'static str>,
    pub(super) inner: Box<Condition>,
    /// Whether to join the name and a single key that follows it to one key.
    pub(super) joined: bool,
}

const WORDS: [Option<&str>; 4] = [None, Some("some"), Some("every"), Some("none")];

impl Condition {
    /// A condition of at most this depth, which follows at most so many relations.
    pub(super) fn random(seen: &Seen<'_>, model: usize, depth: u32, steps: u32, choices: &mut Choices<'_>) -> Self {
        if depth == 0 {
            return Condition::Test(Test::random(seen, model, choices));
        }
        let inner = |choices: &mut Choices<'_>| Self::random(seen, model, depth - 1, steps, choices);
        match choices.below(12) {
            0..=2 => Condition::Test(Test::random(seen, model, choices)),
            3 => Condition::All(choices.several(2, inner)),
            4 => Condition::All(vec![inner(choices), inner(choices)]),
            5..=6 => Condition::Any(vec![inner(choices), inner(choices)]),
            7..=8 => Condition::Not(Box::new(inner(choices))),
            _ => Self::related(seen, model, steps, choices, |target, choices| {
                Self::random(seen, target, depth - 1, steps - 1, choices)
            }),
        }
    }

    /// A condition that one parameter can express: relations in order, and a test.
    pub(super) fn path(seen: &Seen<'_>, model: usize, steps: u32, choices: &mut Choices<'_>) -> Self {
        if !choices.percent(50) {
            return Condition::Test(Test::random(seen, model, choices));
        }
        Self::related(seen, model, steps, choices, |target, choices| Self::path(seen, target, steps - 1, choices))
    }

    fn related(
        seen: &Seen<'_>,
        model: usize,
        steps: u32,
        choices: &mut Choices<'_>,
        inner: impl FnOnce(usize, &mut Choices<'_>) -> Self,
    ) -> Self {
        let relations = seen.relations(model);
        if steps == 0 || relations.is_empty() {
            return Condition::Test(Test::random(seen, model, choices));
        }
        let relation = choices.among(&relations);
        let known = &seen.model(model).relations[relation];
        let is_to_many = matches!(known.kind, Kind::HasMany(_) | Kind::ManyToMany(..));
        Condition::Related(Related {
            relation,
            name: known.name.clone(),
            target: known.target,
            is_to_many,
            quantifier: if is_to_many { choices.among(&WORDS) } else { None },
            inner: Box::new(inner(known.target, choices)),
            joined: choices.percent(30),
        })
    }

    /// Whether a list in it cannot be given in a URL, where commas separate its values.
    pub(super) fn has_commas(&self) -> bool {
        match self {
            Condition::Test(test) => test.has_commas(),
            Condition::Related(related) => related.inner.has_commas(),
            _ => unreachable!("a path has neither AND, OR nor NOT"),
        }
    }

    /// Whether the condition holds for a row. Rows that the caller does not see are ignored.
    pub(super) fn holds(&self, seen: &Seen<'_>, model: usize, row: &Row) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|one| one.holds(seen, model, row)),
            Condition::Any(any) => any.iter().any(|one| one.holds(seen, model, row)),
            Condition::Not(inner) => !inner.holds(seen, model, row),
            Condition::Test(test) => test.holds(&row[test.field], seen.world.schema.dialect),
            Condition::Related(Related { relation, target, quantifier, inner, .. }) => {
                let mut rows = seen.related(model, row, *relation).into_iter();
                match quantifier {
                    Some("every") => rows.all(|row| inner.holds(seen, *target, row)),
                    Some("none") => !rows.any(|row| inner.holds(seen, *target, row)),
                    _ => rows.any(|row| inner.holds(seen, *target, row)),
                }
            }
        }
    }
}

const EQUAL: &[&str] = &["eq", "ne", "in", "notIn", "isNull"];
const ORDERED: &[&str] = &["gt", "gte", "lt", "lte"];
const TEXT: &[&str] = &["contains", "startsWith", "endsWith", "icontains", "istartsWith", "iendsWith"];

fn operators(kind: FieldKind) -> &'static [&'static [&'static str]] {
    match kind {
        FieldKind::Json => &[&["isNull"]],
        FieldKind::Boolean | FieldKind::Enum(_) | FieldKind::Uuid => &[EQUAL],
        FieldKind::String | FieldKind::Text | FieldKind::Email | FieldKind::Url => &[EQUAL, ORDERED, TEXT],
        _ => &[EQUAL, ORDERED],
    }
}

impl Test {
    fn random(seen: &Seen<'_>, model: usize, choices: &mut Choices<'_>) -> Self {
        let known = seen.model(model);
        let field = choices.among(&seen.readable(model));
        let alike = choices.among(operators(known.fields[field].kind));
        let operator = choices.among(alike);
        let operands = match operator {
            "isNull" => Vec::new(),
            "in" | "notIn" => (0..=choices.below(3)).map(|_| operand(seen, model, field, choices)).collect(),
            _ if TEXT.contains(&operator) => vec![piece(seen, model, field, operator, choices)],
            _ => vec![operand(seen, model, field, choices)],
        };
        let name = known.fields[field].name.clone();
        // JSON cannot be compared, not even with null.
        let brief = choices.percent(60) && known.fields[field].kind != FieldKind::Json;
        Self { field, name, operator, operands, truth: choices.percent(50), brief }
    }

    fn holds(&self, value: &Value, dialect: Dialect) -> bool {
        let equal = self.operands.iter().any(|operand| value.equals(&operand.meant));
        match self.operator {
            "isNull" => value.is_null() == self.truth,
            "eq" | "in" => equal,
            "ne" | "notIn" => !equal,
            _ if value.is_null() => false,
            "gt" => value.order(&self.operands[0].meant).is_gt(),
            "gte" => value.order(&self.operands[0].meant).is_ge(),
            "lt" => value.order(&self.operands[0].meant).is_lt(),
            "lte" => value.order(&self.operands[0].meant).is_le(),
            operator => is_found(value, operator, &self.operands[0].meant, dialect),
        }
    }
}

/// A value to compare with, more often than not from a row.
fn operand(seen: &Seen<'_>, model: usize, field: usize, choices: &mut Choices<'_>) -> Operand {
    let (known, rows) = (&seen.model(model).fields[field], &seen.world.rows[model]);
    let there = &rows[choices.below(rows.len())][field];
    let is_made_up = choices.percent(40) && known.origin == Origin::Declared;
    let value = if there.is_null() || is_made_up { Value::random(known.kind, choices) } else { there.clone() };
    Operand::spelled(known.kind, value, choices)
}

/// A piece of a text, more often than not from a row, at the place where the operator looks for it.
fn piece(seen: &Seen<'_>, model: usize, field: usize, operator: &str, choices: &mut Choices<'_>) -> Operand {
    let Value::Text(text) = operand(seen, model, field, choices).meant else { unreachable!("a text") };
    let letters: Vec<char> = text.chars().collect();
    let cut = choices.below(letters.len() + 1);
    let (from, to) = match operator.trim_start_matches('i') {
        "startsWith" => (0, cut),
        "endsWith" => (cut, letters.len()),
        _ => (cut, cut + choices.below(letters.len() - cut + 1)),
    };
    let text: String = letters[from..to].iter().collect();
    Operand::plain(if choices.percent(30) { text.to_uppercase() } else { text })
}

fn is_found(value: &Value, operator: &str, operand: &Value, dialect: Dialect) -> bool {
    let (Value::Text(value), Value::Text(operand)) = (value, operand) else { unreachable!("texts") };
    match operator {
        "contains" => value.contains(operand),
        "startsWith" => value.starts_with(operand),
        "endsWith" => value.ends_with(operand),
        "icontains" => folded(value, dialect).contains(&folded(operand, dialect)),
        "istartsWith" => folded(value, dialect).starts_with(&folded(operand, dialect)),
        "iendsWith" => folded(value, dialect).ends_with(&folded(operand, dialect)),
        other => unreachable!("{other}"),
    }
}

/// The text in lower case. SQLite knows only the cases of ASCII letters.
fn folded(text: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => text.to_ascii_lowercase(),
        Dialect::Postgres => text.to_lowercase(),
    }
}

/// Whether one of the searched texts of the row contains this text.
pub(super) fn is_searched(seen: &Seen<'_>, model: usize, row: &Row, text: &str) -> bool {
    let wanted = Value::Text(text.to_owned());
    let dialect = seen.world.schema.dialect;
    let contains = |field: &usize| !row[*field].is_null() && is_found(&row[*field], "icontains", &wanted, dialect);
    text.is_empty() || seen.searched(model).iter().any(contains)
}
