//! `filters={…}`: filters as JSON, with nested `AND`, `OR` and `NOT`.

use serde_json::{Map, Value};

use super::condition::{Condition, Quantifier};
use super::filter::{Filters, Operand, Step};
use super::operator::{Ending, NO_MODE, Operator, is_insensitive, no_operator};
use super::path;
use super::refusal::Refusal;
use super::viewer::View;

/// How deep `AND`, `OR`, `NOT` and relations may be nested, so that a client cannot exhaust the stack.
const NESTING: u32 = 8;

/// A refused filter and its place: `filters.OR.0.price.gte`
pub(super) struct Misplaced {
    pub(super) place: String,
    pub(super) refusal: Refusal,
}

/// Reads the value of `filters`.
///
/// # Errors
/// The first problem.
pub(super) fn read(filters: &mut Filters<'_>, view: &View, json: &Value) -> Result<Condition, Misplaced> {
    JsonReader { filters, place: vec!["filters".to_owned()], nesting: 0 }.all(view, json)
}

/// Prisma's `mode`, which is given next to the operators that it applies to.
#[derive(Clone, Copy, Default)]
struct Mode {
    insensitive: bool,
}

struct JsonReader<'f, 'a> {
    filters: &'f mut Filters<'a>,
    place: Vec<String>,
    nesting: u32,
}

impl JsonReader<'_, '_> {
    /// Reads all entries of an object. An empty object counts as a filter as well, because it may be the condition of a
    /// relation.
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
            "NOT" => self.not(view, value),
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

    /// Negates a filter, or each filter of a list.
    fn not(&mut self, view: &View, json: &Value) -> Result<Condition, Misplaced> {
        let opposite = |inner| Condition::Not(Box::new(inner));
        match json.as_array() {
            Some(list) if !list.is_empty() => {
                Ok(Condition::All(self.list(view, json)?.into_iter().map(opposite).collect()))
            }
            _ => self.inner(view, json).map(opposite),
        }
    }

    /// `author`, or `author__name` as in a URL.
    fn path(&mut self, view: &View, parts: &[&str], value: &Value) -> Result<Condition, Misplaced> {
        let (first, rest) = parts.split_first().ok_or_else(|| self.refuse(Refusal::Unknown))?;
        if let Some(field) = view.readable(first) {
            return match rest {
                [] => self.field(view, field, value),
                ["not"] => self.negated(view, field, value, Mode::default()),
                _ => self.ending(view, field, rest, value),
            };
        }
        let step = self.filters.step(view, first).map_err(|refusal| self.refuse(refusal))?;
        match step.quantifier(rest) {
            (None, []) => self.related(&step, value),
            (quantifier, []) => self.rows(step, quantifier, value),
            (quantifier, rest) => {
                let condition = self.path(&step.view, rest, value)?;
                Ok(step.related(quantifier.unwrap_or(Quantifier::Some), condition))
            }
        }
    }

    /// Reads `{ "some": { … }, "none": { … } }`, or filters of which `some` is meant.
    fn related(&mut self, step: &Step, value: &Value) -> Result<Condition, Misplaced> {
        let quantifiers = value.as_object().filter(|object| object.keys().any(|key| step.quantified(key).is_some()));
        let Some(object) = quantifiers else { return self.rows(step.clone(), None, value) };
        let quantified = object.iter().map(|(word, value)| {
            self.at(word, |reader| {
                let quantifier = step.quantified(word).ok_or_else(|| reader.refuse(Refusal::Unknown))?;
                reader.rows(step.clone(), Some(quantifier), value)
            })
        });
        quantified.collect::<Result<_, _>>().map(Condition::All)
    }

    /// Reads filters on the rows of a relation; `null` means that no row is related.
    fn rows(&mut self, step: Step, quantifier: Option<Quantifier>, value: &Value) -> Result<Condition, Misplaced> {
        if value.is_null() && !step.is_to_many() {
            let missing = self.filters.counted().and_then(|()| step.missing(quantifier));
            return missing.map_err(|refusal| self.refuse(refusal));
        }
        let condition = self.inner(&step.view, value)?;
        Ok(step.related(quantifier.unwrap_or(Quantifier::Some), condition))
    }

    fn ending(&mut self, view: &View, field: usize, words: &[&str], value: &Value) -> Result<Condition, Misplaced> {
        let ending = Ending::read(words).map_err(|refusal| self.refuse(refusal))?;
        self.test(view, field, ending.operator, value).map(|test| ending.around(test))
    }

    /// `"price": 5`, `"price": { "gte": 5, "lt": 10 }`, `"status": ["draft", "published"]`.
    fn field(&mut self, view: &View, field: usize, value: &Value) -> Result<Condition, Misplaced> {
        match value {
            Value::Object(tests) => self.tests(view, field, tests, Mode::default()),
            Value::Array(_) => self.test(view, field, Operator::In, value),
            _ => self.test(view, field, Operator::Equals, value),
        }
    }

    fn tests(
        &mut self,
        view: &View,
        field: usize,
        tests: &Map<String, Value>,
        around: Mode,
    ) -> Result<Condition, Misplaced> {
        let mode = match tests.get("mode") {
            Some(mode) => self.at("mode", |reader| reader.mode(mode))?,
            None => around,
        };
        let each = tests.iter().filter(|(name, _)| *name != "mode").map(|(name, value)| {
            self.at(name, |reader| match name.as_str() {
                "not" => reader.negated(view, field, value, mode),
                _ => reader.named(view, field, name, value, mode),
            })
        });
        let each = each.collect::<Result<Vec<_>, _>>()?;
        if each.is_empty() {
            return Err(self.refuse(Refusal::Mismatch("a value, or an object with at least one operator".to_owned())));
        }
        Ok(Condition::All(each))
    }

    fn mode(&self, mode: &Value) -> Result<Mode, Misplaced> {
        let insensitive = is_insensitive(mode.as_str()).map_err(|refusal| self.refuse(refusal))?;
        Ok(Mode { insensitive })
    }

    /// `"title": { "not": "a" }`, or `{ "not": { "contains": "a" } }`
    fn negated(&mut self, view: &View, field: usize, value: &Value, mode: Mode) -> Result<Condition, Misplaced> {
        let Value::Object(tests) = value else {
            let has_mode = mode.insensitive && !value.is_null();
            return if has_mode { Err(self.refuse(NO_MODE)) } else { self.test(view, field, Operator::Differs, value) };
        };
        let inner = self.deeper(|reader| reader.tests(view, field, tests, mode))?;
        Ok(Condition::Not(Box::new(inner)))
    }

    fn named(
        &mut self,
        view: &View,
        field: usize,
        name: &str,
        value: &Value,
        mode: Mode,
    ) -> Result<Condition, Misplaced> {
        let operator = Operator::named(name).ok_or_else(|| self.refuse(no_operator(name)))?;
        let operator = match (mode.insensitive, operator.insensitive()) {
            (true, None) => return Err(self.refuse(NO_MODE)),
            (true, Some(insensitive)) => insensitive,
            (false, _) => operator,
        };
        self.test(view, field, operator, value)
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

    /// Reads an object within another.
    fn inner(&mut self, view: &View, json: &Value) -> Result<Condition, Misplaced> {
        self.deeper(|reader| reader.all(view, json))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Misplaced>) -> Result<T, Misplaced> {
        if self.nesting == NESTING {
            return Err(self.refuse(Refusal::TooNested(NESTING)));
        }
        self.nesting += 1;
        let done = read(self);
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
