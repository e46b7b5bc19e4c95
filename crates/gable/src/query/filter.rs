//! One filter of a query: a path through the models, an operator, a value.

use chrono::NaiveTime;
use sea_orm::Value;
use serde_json::Value as Json;

use super::condition::{Case, Condition, Place, Quantifier, Related, Test, TextTest};
use super::operator::{Elements, Operator, not_taken};
use super::refusal::Refusal;
use super::viewer::{View, Viewer};
use crate::meta::{FieldKind, QueryLimits, RelationKind, RelationMeta};
use crate::model::input::parse_date;
use crate::model::{typed_json, typed_value};

/// The value that a field is compared with.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a> {
    /// From a URL. `null` means no value if the field is optional.
    Text(&'a str),
    /// The elements of a list in a URL.
    Texts(&'a [&'a str]),
    Json(&'a Json),
}

/// Turns filters into conditions, and counts them.
pub(super) struct Filters<'a> {
    viewer: Viewer<'a>,
    limits: QueryLimits,
    count: u32,
}

impl<'a> Filters<'a> {
    pub(super) fn new(viewer: Viewer<'a>, limits: QueryLimits) -> Self {
        Self { viewer, limits, count: 0 }
    }

    /// Follows a relation to its other end.
    pub(super) fn step(&self, view: &View, name: &str) -> Result<Step, Refusal> {
        let (relation, target) = self.viewer.follow(view, name).ok_or(Refusal::Unknown)?;
        if view.steps == 0 {
            return Err(Refusal::TooDeep(self.limits.max_depth));
        }
        Ok(Step { relation, view: target })
    }

    /// Reads one comparison.
    pub(super) fn test(
        &mut self,
        view: &View,
        field: usize,
        operator: Operator,
        operand: Operand<'_>,
    ) -> Result<Condition, Refusal> {
        let known = &view.meta.fields[field];
        let (kind, optional) = (known.kind, known.optional);
        let null = matches!(operator, Operator::Equals | Operator::Differs) && is_null(operand, optional);
        if !if null { Operator::IsNull.takes(kind) } else { operator.takes(kind) } {
            return Err(not_taken(operator, kind));
        }
        self.counted()?;
        let test = match operator {
            Operator::Equals if null => Test::IsNull,
            Operator::Differs if null => Test::IsNotNull,
            Operator::Equals => Test::Equals(one(kind, operand)?),
            Operator::Differs => Test::Differs(one(kind, operand)?),
            Operator::Compares(comparison) => Test::Compares(comparison, one(kind, operand)?),
            Operator::In | Operator::NotIn => return Ok(among(field, operator, self.list(kind, optional, operand)?)),
            Operator::Text(place, case) => Test::Text(TextTest { place, case, text: text(operand)? }),
            Operator::IsNull if truth(operand)? => Test::IsNull,
            Operator::IsNull => Test::IsNotNull,
            Operator::Has(elements) => return self.has(field, kind, elements, operand),
            Operator::IsEmpty => return Ok(is_empty(field, kind, truth(operand)?)),
        };
        Ok(Condition::field(field, test.of(&view.meta.fields[field])))
    }

    fn has(
        &self,
        field: usize,
        kind: FieldKind,
        elements: Elements,
        operand: Operand<'_>,
    ) -> Result<Condition, Refusal> {
        let FieldKind::EnumList(values) = kind else { return Err(Refusal::Unknown) };
        let element = FieldKind::Enum(values);
        let wanted = match elements {
            Elements::One => vec![one(element, operand)?],
            Elements::Some | Elements::Every => self.list(element, false, operand)?.values,
        };
        let mut distinct: Vec<Value> = Vec::new();
        for value in wanted {
            // SQLite refuses expressions of 1000 terms, and a list may repeat one value that often.
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        let each = distinct.iter().map(|value| Condition::field(field, Test::Text(element_in_json(value)))).collect();
        Ok(if elements == Elements::Some { Condition::Any(each) } else { Condition::All(each) })
    }

    /// Counts one filter.
    ///
    /// # Errors
    /// `TooMany` if the request has more filters than are allowed.
    pub(super) fn counted(&mut self) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > self.limits.max_filters { Err(Refusal::TooMany(self.limits.max_filters)) } else { Ok(()) }
    }

    fn list(&self, kind: FieldKind, optional: bool, operand: Operand<'_>) -> Result<List, Refusal> {
        let more = self.limits.max_in as usize + 1;
        let mut list = List::default();
        match operand {
            Operand::Texts(texts) => {
                texts.iter().take(more).try_for_each(|text| list.push(kind, optional, Operand::Text(text)))?;
            }
            Operand::Json(Json::Array(elements)) => {
                elements.iter().take(more).try_for_each(|value| list.push(kind, optional, Operand::Json(value)))?;
            }
            Operand::Text(_) | Operand::Json(_) => return Err(Refusal::Mismatch("a list".to_owned())),
        }
        match list.count {
            0 => Err(Refusal::Mismatch("a list with at least one value".to_owned())),
            count if count > self.limits.max_in as usize => Err(Refusal::TooLong(self.limits.max_in)),
            _ => Ok(list),
        }
    }
}

/// The elements of a list, and whether `null` is one of them.
#[derive(Default)]
struct List {
    values: Vec<Value>,
    null: bool,
    count: usize,
}

impl List {
    fn push(&mut self, kind: FieldKind, optional: bool, element: Operand<'_>) -> Result<(), Refusal> {
        self.count += 1;
        if optional && is_null(element, optional) {
            self.null = true;
        } else {
            self.values.push(one(kind, element)?);
        }
        Ok(())
    }
}

/// `in` and `notIn`. A `null` in the list stands for rows without a value.
fn among(field: usize, operator: Operator, list: List) -> Condition {
    let List { values, null, .. } = list;
    let at = |test| Condition::field(field, test);
    match (operator, null, values.is_empty()) {
        (Operator::NotIn, true, true) => at(Test::IsNotNull),
        (Operator::NotIn, true, false) => Condition::All(vec![at(Test::NotIn(values)), at(Test::IsNotNull)]),
        (Operator::NotIn, false, _) => at(Test::NotIn(values)),
        (_, true, true) => at(Test::IsNull),
        (_, true, false) => Condition::Any(vec![at(Test::In(values)), at(Test::IsNull)]),
        (_, false, _) => at(Test::In(values)),
    }
}

fn is_empty(field: usize, kind: FieldKind, wanted: bool) -> Condition {
    let test = match (kind, wanted) {
        (FieldKind::EnumList(_), _) => Test::Text(in_json(Place::Start, "[]".to_owned())),
        (_, true) => Test::Equals("".into()),
        (_, false) => Test::Differs("".into()),
    };
    let is_list = matches!(kind, FieldKind::EnumList(_));
    let condition = Condition::field(field, test);
    if is_list && !wanted { Condition::Not(Box::new(condition)) } else { condition }
}

/// Finds an element in the JSON of a list: its quotation marks cannot occur unescaped within another element.
fn element_in_json(value: &Value) -> TextTest {
    let text = match value {
        Value::String(Some(text)) => Json::from(text.as_str()).to_string(),
        _ => String::new(),
    };
    in_json(Place::Anywhere, text)
}

fn in_json(place: Place, text: String) -> TextTest {
    TextTest { place, case: Case::Sensitive, text }
}

/// A step from one model to another.
#[derive(Clone)]
pub(super) struct Step {
    relation: &'static RelationMeta,
    pub(super) view: View,
}

impl Step {
    /// Splits a quantifier off the start of a path, and returns the rest of the path.
    pub(super) fn quantifier<'p>(&self, rest: &'p [&'p str]) -> (Option<Quantifier>, &'p [&'p str]) {
        match rest.split_first() {
            Some((word, rest)) if self.quantified(word).is_some() => (self.quantified(word), rest),
            _ => (None, rest),
        }
    }

    /// `some`, `every` and `none` for relations to many rows; `is` and `isNot` for relations to one, unless the other
    /// model has a readable field of that name.
    pub(super) fn quantified(&self, word: &str) -> Option<Quantifier> {
        match (self.is_to_many(), word) {
            (true, "some") => Some(Quantifier::Some),
            (true, "every") => Some(Quantifier::Every),
            (true, "none") => Some(Quantifier::None),
            (false, "is") if self.view.readable(word).is_none() => Some(Quantifier::Some),
            (false, "isNot") if self.view.readable(word).is_none() => Some(Quantifier::None),
            _ => None,
        }
    }

    pub(super) fn is_to_many(&self) -> bool {
        matches!(self.relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
    }

    pub(super) fn name(&self) -> &'static str {
        self.relation.name
    }

    /// The condition for `null` in place of a row: no row is related, or with `isNot`, one is. Only for relations to
    /// one row.
    pub(super) fn missing(self, quantifier: Option<Quantifier>) -> Result<Condition, Refusal> {
        match quantifier {
            _ if self.is_to_many() => Err(Refusal::Instead("of a relation to many, write 'none'")),
            Some(Quantifier::None) => Ok(self.related(Quantifier::Some, Condition::nothing())),
            _ => Ok(self.related(Quantifier::None, Condition::nothing())),
        }
    }

    pub(super) fn related(self, quantifier: Quantifier, condition: Condition) -> Condition {
        let View { meta: target, scope, .. } = self.view;
        Condition::Related(Box::new(Related { relation: self.relation, target, scope, quantifier, condition }))
    }
}

/// Whether the operand means no value: `null` in JSON, and in a URL for an optional field.
fn is_null(operand: Operand<'_>, optional: bool) -> bool {
    match operand {
        Operand::Json(value) => value.is_null(),
        Operand::Text(text) => optional && text == "null",
        Operand::Texts(_) => false,
    }
}

fn one(kind: FieldKind, operand: Operand<'_>) -> Result<Value, Refusal> {
    let day = |text: Option<&str>| text.filter(|_| kind == FieldKind::Datetime).and_then(first_moment);
    let (day, typed) = match operand {
        Operand::Text(text) => (day(Some(text)), typed_value(kind, text)),
        Operand::Json(value) => (day(value.as_str()), typed_json(kind, value)),
        Operand::Texts(_) => return Err(Refusal::Mismatch("one value".to_owned())),
    };
    Ok(day.map_or(typed, Ok)?)
}

/// A date that is compared with times means the start of that day in UTC.
fn first_moment(text: &str) -> Option<Value> {
    parse_date(text).map(|day| day.and_time(NaiveTime::MIN).and_utc().into())
}

fn text(operand: Operand<'_>) -> Result<String, Refusal> {
    let text = match operand {
        Operand::Text(text) => Some(text),
        Operand::Json(value) => value.as_str(),
        Operand::Texts(_) => None,
    };
    let readable = text.filter(|text| !text.contains('\0'));
    readable.map(str::to_owned).ok_or_else(|| Refusal::Mismatch("text without NUL characters".to_owned()))
}

/// Reads true or false. JSON may contain it as text, as from clients that convert a query string into an object.
fn truth(operand: Operand<'_>) -> Result<bool, Refusal> {
    let named = |text: &str| match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let truth = match operand {
        Operand::Text(text) => named(text),
        Operand::Json(Json::String(text)) => named(text),
        Operand::Json(value) => value.as_bool(),
        Operand::Texts(_) => None,
    };
    truth.ok_or_else(|| Refusal::Mismatch("true or false".to_owned()))
}
