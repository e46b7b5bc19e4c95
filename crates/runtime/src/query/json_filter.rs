//! `filters={…}`: the same filters as JSON, with `AND`, `OR` and `NOT` at any depth.

use serde_json::{Map, Value};

use super::condition::{Condition, Quantifier};
use super::filter::{Filters, Operand, Operator, Refusal, Step, operator};
use super::path;
use super::sight::View;

/// How deep `AND`, `OR`, `NOT` and relations may stand in each other: the stack must never be a client's to fill.
const NESTING: u32 = 8;

/// A filter that is refused, and where it stands: `OR.0.price.gte`
pub(super) struct Misplaced {
    pub(super) place: String,
    pub(super) refusal: Refusal,
}

/// # Errors
/// The first thing that is wrong.
pub(super) fn read(filters: &mut Filters<'_>, view: &View, json: &Value) -> Result<Condition, Misplaced> {
    JsonReader { filters, place: vec!["filters".to_owned()], nesting: 0 }.all(view, json)
}

struct JsonReader<'f, 'a> {
    filters: &'f mut Filters<'a>,
    place: Vec<String>,
    nesting: u32,
}

impl JsonReader<'_, '_> {
    /// Everything that an object asks for. One that asks for nothing counts, too: it may lead to other rows.
    fn all(&mut self, view: &View, json: &Value) -> Result<Condition, Misplaced> {
        let object = self.object(json)?;
        if object.is_empty() {
            self.filters.counted().map_err(|refusal| self.refuse(refusal))?;
        }
        let entries = object.iter().map(|(key, value)| self.at(key, |reader| reader.entry(view, key, value)));
        entries.collect::<Result<_, _>>().map(Condition::All)
    }

    fn entry(&mut self, view: &View, key: &str, value: &Value) -> Result<Condition, Misplaced> {
        match key {
            "AND" => self.list(view, value).map(Condition::All),
            "OR" => self.list(view, value).map(Condition::Any),
            "NOT" => self.inner(view, value).map(|not| Condition::Not(Box::new(not))),
            _ => match path::parts(key) {
                Some(parts) => self.path(view, &parts, value),
                None => Err(self.refuse(Refusal::Unknown)),
            },
        }
    }

    fn list(&mut self, view: &View, json: &Value) -> Result<Vec<Condition>, Misplaced> {
        match json.as_array() {
            Some(list) if !list.is_empty() => {
                let elements = list.iter().enumerate();
                elements.map(|(nth, json)| self.at(&nth.to_string(), |reader| reader.inner(view, json))).collect()
            }
            _ => Err(self.refuse(Refusal::Mismatch("a list with at least one filter".to_owned()))),
        }
    }

    /// `author`, or `author__name` as in a URL.
    fn path(&mut self, view: &View, parts: &[&str], value: &Value) -> Result<Condition, Misplaced> {
        let (first, rest) = parts.split_first().ok_or_else(|| self.refuse(Refusal::Unknown))?;
        if let Some(field) = view.readable(first) {
            return match rest {
                [] => self.field(view, field, value),
                _ => operator(rest)
                    .map_err(|refusal| self.refuse(refusal))
                    .and_then(|operator| self.test(view, field, operator, value)),
            };
        }
        let step = self.filters.step(view, first).map_err(|refusal| self.refuse(refusal))?;
        let condition = match step.quantifier(rest) {
            (None, []) => return self.related(&step, value),
            (quantifier, []) => (quantifier, self.inner(&step.view, value)?),
            (quantifier, rest) => (quantifier, self.path(&step.view, rest, value)?),
        };
        Ok(step.related(condition.0.unwrap_or(Quantifier::Some), condition.1))
    }

    /// `{ "some": { … }, "none": { … } }`, or what some of the rows must be like.
    fn related(&mut self, step: &Step, value: &Value) -> Result<Condition, Misplaced> {
        let object = self.object(value)?;
        if !object.keys().any(|key| step.quantified(key).is_some()) {
            let condition = self.inner(&step.view, value)?;
            return Ok(step.clone().related(Quantifier::Some, condition));
        }
        let quantified = object.iter().map(|(word, value)| {
            self.at(word, |reader| {
                let quantifier = step.quantified(word).ok_or_else(|| reader.refuse(Refusal::Unknown))?;
                let condition = reader.inner(&step.view, value)?;
                Ok(step.clone().related(quantifier, condition))
            })
        });
        quantified.collect::<Result<_, _>>().map(Condition::All)
    }

    /// `"price": 5`, `"price": { "gte": 5, "lt": 10 }`, `"status": ["draft", "published"]`.
    fn field(&mut self, view: &View, field: usize, value: &Value) -> Result<Condition, Misplaced> {
        match value {
            Value::Object(tests) => self.tests(view, field, tests),
            Value::Array(_) => self.test(view, field, Operator::In, value),
            _ => self.test(view, field, Operator::Equals, value),
        }
    }

    fn tests(&mut self, view: &View, field: usize, tests: &Map<String, Value>) -> Result<Condition, Misplaced> {
        if tests.is_empty() {
            return Err(self.refuse(Refusal::Mismatch("a value, or an object with at least one operator".to_owned())));
        }
        let each = tests.iter().map(|(name, value)| {
            self.at(name, |reader| {
                let operator = Operator::named(name).ok_or_else(|| reader.refuse(Refusal::Unknown))?;
                reader.test(view, field, operator, value)
            })
        });
        each.collect::<Result<_, _>>().map(Condition::All)
    }

    fn test(&mut self, view: &View, field: usize, operator: Operator, value: &Value) -> Result<Condition, Misplaced> {
        let tested = self.filters.test(view, field, operator, Operand::Json(value));
        tested.map_err(|refusal| self.refuse(refusal))
    }

    fn at<T>(&mut self, part: &str, read: impl FnOnce(&mut Self) -> Result<T, Misplaced>) -> Result<T, Misplaced> {
        self.place.push(part.to_owned());
        let done = read(self);
        self.place.pop();
        done
    }

    /// An object within another.
    fn inner(&mut self, view: &View, json: &Value) -> Result<Condition, Misplaced> {
        if self.nesting == NESTING {
            return Err(self.refuse(Refusal::TooNested(NESTING)));
        }
        self.nesting += 1;
        let done = self.all(view, json);
        self.nesting -= 1;
        done
    }

    fn object<'j>(&self, json: &'j Value) -> Result<&'j Map<String, Value>, Misplaced> {
        json.as_object().ok_or_else(|| self.refuse(Refusal::Mismatch("an object".to_owned())))
    }

    fn refuse(&self, refusal: Refusal) -> Misplaced {
        Misplaced { place: self.place.join("."), refusal }
    }
}
