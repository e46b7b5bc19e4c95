//! Writes conditions as requests contain them: in one parameter, or as JSON.

use serde_json::{Map, Value as Json, json};

use super::condition::{Condition, Related, Test};

/// Parameters with a meaning of their own, which takes precedence over a filter on a field of that name.
const RESERVED: [&str; 9] = ["page", "limit", "cursor", "count", "sort", "search", "filterMode", "filters", "fields"];
const QUANTIFIERS: [&str; 3] = ["some", "every", "none"];
/// Spellings of a path in the name of a parameter: `a[b][c]`, `a__b__c`, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Underscores,
    Brackets,
    Mixed,
}

impl Spelling {
    pub(super) const ALL: [Spelling; 3] = [Spelling::Underscores, Spelling::Brackets, Spelling::Mixed];

    pub(super) fn name(self, parts: &[String]) -> String {
        let (first, rest) = parts.split_first().expect("a name has parts");
        match (self, rest) {
            (_, []) => first.clone(),
            (Spelling::Underscores, _) => parts.join("__"),
            (Spelling::Brackets, _) => format!("{first}[{}]", rest.join("][")),
            (Spelling::Mixed, [second, rest @ ..]) => {
                let rest: String = rest.iter().map(|part| format!("__{part}")).collect();
                format!("{first}[{second}]{rest}")
            }
        }
    }
}

impl Condition {
    /// The parts of a parameter's name, and its value; for conditions that `path` makes.
    pub(super) fn parameter(&self) -> (Vec<String>, String) {
        let (mut parts, text) = self.parts();
        if let [only] = parts.as_slice()
            && RESERVED.contains(&only.as_str())
        {
            parts.push("eq".to_owned());
        }
        (parts, text)
    }

    fn parts(&self) -> (Vec<String>, String) {
        match self {
            Condition::Test(test) => test.parts(),
            Condition::Related(related) => {
                let (rest, text) = related.inner.parts();
                let word = related.word(rest.iter().map(String::as_str).take(1));
                let own = std::iter::once(related.name.clone()).chain(word.map(str::to_owned));
                (own.chain(rest).collect(), text)
            }
            _ => unreachable!("a path has neither AND, OR nor NOT"),
        }
    }

    /// The condition as in `filters={…}`.
    pub(super) fn json(&self) -> Json {
        match self {
            Condition::All(all) => together(all.iter().map(Condition::json).collect()),
            Condition::Any(any) => json!({ "OR": any.iter().map(Condition::json).collect::<Vec<_>>() }),
            Condition::Not(inner) => json!({ "NOT": inner.json() }),
            Condition::Test(test) => test.json(),
            Condition::Related(related) => related.json(),
        }
    }
}

/// One object with all entries if no key occurs twice, or else an `AND`.
fn together(all: Vec<Json>) -> Json {
    let objects: Vec<&Map<String, Json>> = all.iter().filter_map(Json::as_object).collect();
    let merged: Map<String, Json> = objects.iter().flat_map(|object| (*object).clone()).collect();
    if merged.len() == objects.iter().map(|object| object.len()).sum::<usize>() {
        return Json::Object(merged);
    }
    json!({ "AND": all })
}

impl Test {
    fn parts(&self) -> (Vec<String>, String) {
        let texts: Vec<&str> = self.operands.iter().map(|operand| operand.text.as_str()).collect();
        let text = if self.operator == "isNull" { self.truth.to_string() } else { texts.join(",") };
        let operator = Some(self.operator.to_owned()).filter(|_| !(self.brief && self.operator == "eq"));
        (std::iter::once(self.name.clone()).chain(operator).collect(), text)
    }

    /// Whether a list contains a text with a comma, which would be read as two texts.
    pub(super) fn has_commas(&self) -> bool {
        ["in", "notIn"].contains(&self.operator) && self.operands.iter().any(|operand| operand.text.contains(','))
    }

    fn json(&self) -> Json {
        let values: Vec<&Json> = self.operands.iter().map(|operand| &operand.json).collect();
        let value = match self.operator {
            "isNull" => json!(self.truth),
            "in" | "notIn" => json!(values),
            _ => values[0].clone(),
        };
        match (self.operator, self.brief) {
            ("eq" | "in", true) => json!({ &self.name: value }),
            ("isNull", true) if self.truth => json!({ &self.name: null }),
            ("isNull", true) => json!({ &self.name: { "ne": null } }),
            (_, true) => json!({ format!("{}__{}", self.name, self.operator): value }),
            _ => json!({ &self.name: { self.operator: value } }),
        }
    }
}

impl Related {
    /// The quantifier to write. A field that is named like a quantifier is read as a field only if followed by another
    /// quantifier.
    fn word<'k>(&self, mut rest: impl Iterator<Item = &'k str>) -> Option<&'static str> {
        let is_one = |name: &str| QUANTIFIERS.contains(&name);
        let taken = self.is_to_many && rest.any(|key| key.split("__").next().is_some_and(is_one));
        self.quantifier.or(taken.then_some("some"))
    }

    fn json(&self) -> Json {
        let inner = self.inner.json();
        let object = inner.as_object().expect("a condition is an object");
        let word = self.word(object.keys().map(String::as_str));
        let only = object.iter().next().filter(|(key, _)| object.len() == 1 && !is_connective(key));
        match (word, only) {
            (word, Some((key, value))) if self.joined => {
                let parts = [Some(self.name.as_str()), word, Some(key)];
                json!({ parts.into_iter().flatten().collect::<Vec<_>>().join("__"): value })
            }
            (Some(word), _) if self.joined => json!({ format!("{}[{word}]", self.name): inner }),
            (Some(word), _) => json!({ &self.name: { word: inner } }),
            (None, _) => json!({ &self.name: inner }),
        }
    }
}

fn is_connective(key: &str) -> bool {
    ["AND", "OR", "NOT"].contains(&key)
}
