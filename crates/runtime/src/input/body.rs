//! `BodyReader`: one JSON object, read field by field, every problem collected.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::validation::Broken;
use super::{FromJson, Mismatch, Patch, PlainPassword};
use crate::access::FieldSet;
use crate::app_meta::PasswordPolicy;
use crate::auth::password_problems;
use crate::resource::{FieldKind, FieldMeta, Id, IdKind, Link, ModelMeta, Origin, RowId};
use crate::text::upper_first;

/// One thing that is wrong with a request, as `meta.errors` shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// `title`; `2.title` in a bulk body
    pub field: String,
    /// `TitleMinLengthConstraint`
    pub code: String,
    pub message: String,
}

impl Problem {
    pub(crate) fn unknown_field(name: &str) -> Self {
        let message = format!("'{name}' is not a known field");
        Self { field: name.to_owned(), code: "UnknownField".to_owned(), message }
    }
}

/// Whose request it is, as far as reading a body needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) account: Option<Id>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) passwords: &'a PasswordPolicy,
    /// How many rows one list of links may name.
    pub(crate) max_links: usize,
    /// Fields that the caller may write: the Scope's field mask.
    pub(crate) writable: FieldSet,
}

/// Reads a body object for one model. Each method takes its key out; what is left at `finish` is unknown.
#[derive(Debug)]
pub struct BodyReader<'a> {
    meta: &'static ModelMeta,
    body: Map<String, Value>,
    reader: Reader<'a>,
    problems: Vec<Problem>,
    passwords: Vec<PlainPassword>,
}

/// What is left when a body was read.
pub(crate) struct Finished {
    pub(crate) problems: Vec<Problem>,
    /// To be hashed, once there are no problems.
    pub(crate) passwords: Vec<PlainPassword>,
}

impl<'a> BodyReader<'a> {
    pub(crate) fn new(meta: &'static ModelMeta, body: Map<String, Value>, reader: Reader<'a>) -> Self {
        Self { meta, body, reader, problems: Vec::new(), passwords: Vec::new() }
    }

    /// A field without which no row can be made.
    pub fn required<T: FromJson>(&mut self, name: &'static str) -> T {
        match self.take(name) {
            Some(Value::Null) | None => self.missing(name),
            Some(value) => self.convert(name, value),
        }
    }

    /// A field that may be left out or null.
    pub fn optional<T: FromJson>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            Some(Value::Null) | None => None,
            Some(value) => Some(self.convert(name, value)),
        }
    }

    /// A required field with a default; null is refused.
    pub fn default_to<T: FromJson>(&mut self, name: &'static str, default: impl FnOnce() -> T) -> T {
        match self.take(name) {
            None => default(),
            Some(Value::Null) => self.missing(name),
            Some(value) => self.convert(name, value),
        }
    }

    /// An optional field with a default; an explicit null stays null.
    pub fn optional_or<T: FromJson>(&mut self, name: &'static str, default: impl FnOnce() -> T) -> Option<T> {
        match self.take(name) {
            None => Some(default()),
            Some(Value::Null) => None,
            Some(value) => Some(self.convert(name, value)),
        }
    }

    /// A field of an update that a row cannot be without: null is refused.
    pub fn patch<T: FromJson>(&mut self, name: &'static str) -> Patch<T> {
        match self.take(name) {
            None => Patch::Absent,
            Some(Value::Null) => {
                self.problem(name, "RequiredConstraint", format!("'{name}' cannot be null"));
                Patch::Absent
            }
            Some(value) => Patch::Value(self.convert(name, value)),
        }
    }

    /// A field of an update that null clears.
    pub fn patch_optional<T: FromJson>(&mut self, name: &'static str) -> Patch<T> {
        match self.take(name) {
            None => Patch::Absent,
            Some(Value::Null) => Patch::Null,
            Some(value) => Patch::Value(self.convert(name, value)),
        }
    }

    /// The password of a new account, which must satisfy the policy.
    pub fn password(&mut self, name: &'static str) -> PlainPassword {
        let text: String = self.required(name);
        if !text.is_empty() || self.problems.iter().all(|problem| problem.field != name) {
            self.problems.extend(password_problems(self.reader.passwords, name, &text));
        }
        let password = PlainPassword::new(text);
        self.passwords.push(password.clone());
        password
    }

    /// Moves `"author": { "id": … }` to `"authorId"`, where the methods above find it. Both at once are refused.
    pub fn reference(&mut self, relation: &'static str, key: &'static str) {
        let Some(value) = self.body.remove(relation) else {
            return;
        };
        if self.body.contains_key(key) {
            return self.problem(
                relation,
                "AmbiguousReference",
                format!("give either '{relation}' or '{key}', not both"),
            );
        }
        match only_id(value) {
            Some(id) => {
                self.body.insert(key.to_owned(), id);
            }
            None => self.problem(relation, "TypeConstraint", format!("'{relation}' must be an object with an id")),
        }
    }

    /// `"tags": [{ "id": … }]`; with `"apiAction": "disconnect"` the row is taken out.
    pub fn links(&mut self, relation: &'static str, ids: IdKind) -> Vec<Link> {
        let Some(value) = self.body.remove(relation) else { return Vec::new() };
        let parsed: Option<Vec<Link>> = match value {
            Value::Array(items) => items.into_iter().map(|item| link(item, ids)).collect(),
            _ => None,
        };
        let Some(mut links) = parsed else {
            self.problem(relation, "TypeConstraint", format!("'{relation}' must be a list of objects with an id"));
            return Vec::new();
        };
        links.sort_unstable_by_key(|link| (link.id, link.disconnect));
        links.dedup();
        let max = self.reader.max_links;
        if links.len() > max {
            self.problem(relation, "MaxLengthConstraint", format!("'{relation}' must name at most {max} records"));
        }
        if links.windows(2).any(|pair| pair[0].id == pair[1].id) {
            let message = format!("'{relation}' connects and disconnects the same record");
            self.problem(relation, "AmbiguousReference", message);
        }
        links
    }

    /// A required key to the account, by default the caller's (`default: $me`). Anonymous callers have none to give.
    pub fn me<T: FromJson + RowId>(&mut self, name: &'static str) -> T {
        match self.take(name) {
            None => self.reader.account.and_then(T::from_id).unwrap_or_else(|| self.missing(name)),
            Some(Value::Null) => self.missing(name),
            Some(value) => self.convert(name, value),
        }
    }

    /// An optional key to the account, by default the caller's; an explicit null stays null.
    pub fn optional_me<T: FromJson + RowId>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            None => self.reader.account.and_then(T::from_id),
            Some(Value::Null) => None,
            Some(value) => Some(self.convert(name, value)),
        }
    }

    /// The caller's account, for a key with `default: $me` that nobody may write.
    pub fn caller<T: RowId>(&self) -> Option<T> {
        self.reader.account.and_then(T::from_id)
    }

    /// The moment of the request, for `default: now`.
    pub fn now(&self) -> DateTime<Utc> {
        self.reader.now
    }

    /// Refuses what nothing asked for, and hands all problems over.
    pub(crate) fn finish(mut self) -> Finished {
        let left: Vec<String> = self.body.keys().cloned().collect();
        for key in left {
            let problem = self.not_writable(&key);
            self.problems.push(problem);
        }
        Finished { problems: self.problems, passwords: self.passwords }
    }

    /// Fields that a problem already names, so that a placeholder is not complained about again.
    pub(crate) fn fields_in_error(problems: &[Problem]) -> BTreeSet<String> {
        problems.iter().map(|problem| problem.field.clone()).collect()
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let gated = self.meta.field_index(name).is_some_and(|field| !self.reader.writable.contains(field));
        // A field that the caller may not write stays in the body, where `finish` refuses it.
        if gated { None } else { self.body.remove(name) }
    }

    fn convert<T: FromJson>(&mut self, name: &str, value: Value) -> T {
        let kind = self.meta.fields.iter().find(|field| field.name == name).map(|field| field.kind);
        if kind == Some(FieldKind::Url) && leads_elsewhere(&value) {
            self.problem(name, "UrlConstraint", format!("'{name}' must be an http or https URL"));
            return T::default();
        }
        let value = match kind {
            Some(kind) => normalized(kind, value),
            None => Ok(value),
        };
        value.and_then(T::from_json).unwrap_or_else(|Mismatch(expected)| {
            self.problem(name, "TypeConstraint", format!("'{name}' must be {expected}"));
            T::default()
        })
    }

    fn missing<T: Default>(&mut self, name: &str) -> T {
        self.problems.push(Broken::Required.problem(name));
        T::default()
    }

    /// A server-set field, one the caller may not write, and one that does not exist must be told apart only where
    /// the caller may know of the field: a private field answers like an unknown one.
    fn not_writable(&self, key: &str) -> Problem {
        let known = self.meta.fields.iter().find(|field| field.name == key);
        let (code, message) = match known {
            Some(field) if field.kind == FieldKind::Password || !field.private => refused(field),
            _ => ("UnknownField".to_owned(), format!("'{key}' is not a field of {}", self.meta.name)),
        };
        Problem { field: key.to_owned(), code, message }
    }

    fn problem(&mut self, name: &str, constraint: &str, message: String) {
        let code = format!("{}{constraint}", upper_first(name));
        self.problems.push(Problem { field: name.to_owned(), code, message });
    }
}

/// What a kind of field asks of its values beyond their Rust type.
fn normalized(kind: FieldKind, value: Value) -> Result<Value, Mismatch> {
    match (kind, value) {
        // One mailbox must not make two accounts.
        (FieldKind::Email, Value::String(text)) => Ok(Value::String(text.trim().to_lowercase())),
        (FieldKind::EnumList(known), value) if !is_list_of(known, &value) => {
            Err(Mismatch(format!("a list without repetition of {}", known.join(", ")).into()))
        }
        (_, value) => Ok(value),
    }
}

fn is_list_of(known: &[&str], value: &Value) -> bool {
    let Value::Array(items) = value else {
        return false;
    };
    let texts: Option<BTreeSet<&str>> = items.iter().map(Value::as_str).collect();
    texts.is_some_and(|texts| texts.len() == items.len() && texts.iter().all(|text| known.contains(text)))
}

/// A page that shows a link must not run it: `javascript:` and `data:` are URLs, too.
fn leads_elsewhere(value: &Value) -> bool {
    let scheme = value.as_str().and_then(|text| text.trim_start().split_once(':')).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https"))
}

fn refused(field: &FieldMeta) -> (String, String) {
    let name = field.name;
    let why = match field.origin {
        Origin::Declared | Origin::ForeignKey if field.immutable => "cannot be changed",
        _ => "cannot be written here",
    };
    (format!("InvalidField{}", upper_first(name)), format!("'{name}' {why}"))
}

/// The id of `{ "id": … }` when there is nothing else in it; `null` clears the reference.
fn only_id(value: Value) -> Option<Value> {
    match value {
        Value::Null => Some(Value::Null),
        Value::Object(mut entries) => {
            let connect = match entries.remove("apiAction") {
                None => true,
                Some(action) => action == "connect",
            };
            let id = entries.remove("id")?;
            (connect && entries.is_empty()).then_some(id)
        }
        _ => None,
    }
}

fn link(value: Value, ids: IdKind) -> Option<Link> {
    let Value::Object(mut entries) = value else {
        return None;
    };
    let disconnect = match entries.remove("apiAction") {
        None => false,
        Some(Value::String(action)) if action == "connect" => false,
        Some(Value::String(action)) if action == "disconnect" => true,
        Some(_) => return None,
    };
    let id = Id::from_json(entries.remove("id")?).ok()?;
    let fits = matches!((id, ids), (Id::Uuid(_), IdKind::Uuid) | (Id::Integer(_), IdKind::Integer));
    (fits && entries.is_empty()).then_some(Link { id, disconnect })
}
