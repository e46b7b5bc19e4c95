//! `BodyReader`: reads one JSON object field by field, and collects every problem.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use validator::ValidationErrors;

use super::reach::Reach;
use super::validation::Broken;
use super::{FromJson, Mismatch, Patch, PlainPassword, normal_address, validation};
use crate::error::{ApiError, Problem};
use crate::meta::{FieldKind, FieldMeta, FieldSet, ModelKind, ModelMeta, Origin, PasswordPolicy, RelationKind};
use crate::model::input::password_problems;
use crate::model::{AnyInput, Id, InlineKey, Input, Names, Reference, RowId, name_in};
use crate::text::upper_first;

/// The caller and the rules of a request, as needed to read a body.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) account: Option<Id>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) passwords: &'a PasswordPolicy,
    /// Fields that the caller may write: the Scope's field mask.
    pub(crate) writable: FieldSet,
    /// The fields that have another name in the body, under which their problems are reported.
    pub(crate) field_names: Names,
    /// Access to other models, if bodies may nest their rows.
    pub(crate) reach: Option<Reach<'a>>,
}

/// Reads a body object for one model. Each method removes its key; keys that are left at `finish` are refused.
pub struct BodyReader<'a> {
    pub(super) meta: &'static ModelMeta,
    pub(super) body: Map<String, Value>,
    pub(super) reader: Reader<'a>,
    pub(super) problems: Vec<Problem>,
    pub(super) passwords: Vec<PlainPassword>,
    pub(super) references: Vec<Reference>,
    pub(super) inline: Vec<InlineKey>,
    /// Whether the body gives a foreign key by its own name and not through its relation.
    pub(super) plain_keys: bool,
    pub(super) refusal: Option<ApiError>,
    invalid: Option<ValidationErrors>,
}

/// The results of reading a body, apart from the input.
pub(crate) struct Finished {
    pub(crate) problems: Vec<Problem>,
    /// To be hashed, once there are no problems.
    pub(crate) passwords: Vec<PlainPassword>,
    /// Rows to find, create or change before the input is complete.
    pub(crate) references: Vec<Reference>,
    /// Foreign keys that were given through their relations; empty if others were given by their own names, as a
    /// database does not report which key points to no row.
    pub(crate) inline: Vec<InlineKey>,
    /// Why the caller may not write the nested rows.
    pub(crate) refusal: Option<ApiError>,
}

/// Reads an input and runs its validators.
pub(crate) fn read<I: Input>(body: &mut BodyReader<'_>) -> Box<dyn AnyInput> {
    let input = I::read(body);
    body.invalid = input.validate().err();
    Box::new(input)
}

impl<'a> BodyReader<'a> {
    pub(crate) fn new(meta: &'static ModelMeta, body: Map<String, Value>, reader: Reader<'a>) -> Self {
        Self {
            meta,
            body,
            reader,
            problems: Vec::new(),
            passwords: Vec::new(),
            references: Vec::new(),
            inline: Vec::new(),
            plain_keys: false,
            refusal: None,
            invalid: None,
        }
    }

    /// A field that is required to create a row.
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

    /// A field of an update that cannot be null.
    pub fn patch<T: FromJson>(&mut self, name: &'static str) -> Patch<T> {
        match self.take(name) {
            None => Patch::Absent,
            Some(Value::Null) => {
                self.problem(name, "RequiredConstraint", "cannot be null");
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
        let name = self.name_in_body(name);
        if !text.is_empty() || self.problems.iter().all(|problem| problem.field != name) {
            self.problems.extend(password_problems(self.reader.passwords, name, &text));
        }
        let password = PlainPassword::new(text);
        self.passwords.push(password.clone());
        password
    }

    /// A required key to the account, by default the caller's (`default: $me`). For anonymous callers there is no
    /// default.
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

    /// The caller's account, for a key with `default: $me` that cannot be given in a body.
    pub fn caller<T: RowId>(&self) -> Option<T> {
        self.reader.account.and_then(T::from_id)
    }

    /// The time of the request, for `default: now`.
    pub fn now(&self) -> DateTime<Utc> {
        self.reader.now
    }

    /// Refuses the keys that no method has read, and returns all problems.
    pub(crate) fn finish(mut self) -> Finished {
        let left: Vec<String> = self.body.keys().cloned().collect();
        for key in left {
            let problem = self.not_writable(&key);
            self.problems.push(problem);
        }
        self.report_invalid();
        in_order(self.meta, &mut self.problems);
        let Self { problems, passwords, references, mut inline, plain_keys, refusal, .. } = self;
        if plain_keys {
            inline.clear();
        }
        Finished { problems, passwords, references, inline, refusal }
    }

    /// Adds the problems that the validators found. A field that could not be read holds a placeholder, whose problems
    /// are left out.
    fn report_invalid(&mut self) {
        let Some(errors) = self.invalid.take() else { return };
        let named: BTreeSet<&str> = self.problems.iter().map(|problem| problem.field.as_str()).collect();
        let mut more = validation::problems(self.meta, self.reader.field_names, &errors);
        more.retain(|problem| !named.contains(problem.field.as_str()));
        self.problems.extend(more);
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let gated = self.meta.field_index(name).is_some_and(|field| !self.reader.writable.contains(field));
        // A field that the caller may not write stays in the body, where `finish` refuses it.
        if gated { None } else { self.body.remove(self.name_in_body(name)) }
    }

    fn convert<T: FromJson>(&mut self, name: &str, value: Value) -> T {
        let kind = self.meta.fields.iter().find(|field| field.name == name).map(|field| field.kind);
        if kind == Some(FieldKind::Url) && leads_elsewhere(&value) {
            self.problem(name, "IsUrlConstraint", "must be an http or https URL");
            return T::default();
        }
        let value = match kind {
            Some(FieldKind::Enum(known)) if self.meta.kind == ModelKind::AccountPermission && name == "effect" => {
                Ok(in_known_case(known, value))
            }
            Some(kind) => normalized(kind, value),
            None => Ok(value),
        };
        value.and_then(T::from_json).unwrap_or_else(|Mismatch(expected)| {
            let constraint = kind.map_or("Constraint", validation::type_constraint);
            self.problem(name, constraint, &format!("must be {expected}"));
            T::default()
        })
    }

    fn missing<T: Default>(&mut self, name: &str) -> T {
        self.problems.push(Broken::Required.problem(self.name_in_body(name)));
        T::default()
    }

    /// The problem of a key that no method has read. Server-set, unwritable and unknown fields are told apart only if
    /// the caller may know of the field: a private field answers like an unknown one, except a password.
    fn not_writable(&self, key: &str) -> Problem {
        let of_relation = self.meta.relations.iter().find_map(|relation| match relation.kind {
            RelationKind::BelongsTo { field } if relation.name == key => Some(field),
            _ => None,
        });
        if key == "apiAction" {
            let message =
                "'apiAction' belongs in the elements of a relation, where it selects what happens to each record";
            return Problem { field: key.to_owned(), code: "InvalidApiAction".to_owned(), message: message.to_owned() };
        }
        let known = self.meta.fields.iter().find(|field| field.name == of_relation.unwrap_or(key));
        let (code, message) = match known {
            Some(field) if field.kind == FieldKind::Password || !field.private => refused(field),
            _ => ("UnknownField".to_owned(), format!("'{key}' is not a field of {}", self.meta.name)),
        };
        Problem { field: key.to_owned(), code, message }
    }

    /// Reports that a field breaks a constraint, such as `must be a text`.
    pub(super) fn problem(&mut self, field: &str, constraint: &str, why: &str) {
        let name = self.name_in_body(field);
        let (code, message) = (format!("{}{constraint}", upper_first(name)), format!("'{name}' {why}"));
        self.problems.push(Problem { field: name.to_owned(), code, message });
    }

    fn name_in_body<'n>(&self, field: &'n str) -> &'n str {
        name_in(self.reader.field_names, field)
    }
}

/// Sorts problems in the order of the fields; those that belong to no field come last.
pub(crate) fn in_order(meta: &ModelMeta, problems: &mut [Problem]) {
    problems.sort_by_key(|problem| {
        // `comments.0.content` is a problem of `comments`.
        let name = problem.field.split('.').next().unwrap_or_default();
        let key = meta.relations.iter().find_map(|relation| match relation.kind {
            RelationKind::BelongsTo { field } if relation.name == name => Some(field),
            _ => None,
        });
        meta.field_index(key.unwrap_or(name)).unwrap_or(usize::MAX)
    });
}

/// Checks and normalizes a value beyond its Rust type: e-mail addresses, and lists of enum values without repetition.
fn normalized(kind: FieldKind, value: Value) -> Result<Value, Mismatch> {
    match (kind, value) {
        // One mailbox must not make two accounts.
        (FieldKind::Email, Value::String(text)) => Ok(Value::String(normal_address(&text))),
        (FieldKind::EnumList(known), value) if !is_list_of(known, &value) => {
            Err(Mismatch(format!("a list without repetition of {}", known.join(", ")).into()))
        }
        (_, value) => Ok(value),
    }
}

/// Accepts `Allow` for `allow`: clients of Arkos spell the effects of permissions so.
fn in_known_case(known: &[&str], value: Value) -> Value {
    let same = value.as_str().and_then(|text| known.iter().find(|known| known.eq_ignore_ascii_case(text)));
    same.map_or(value, |known| (*known).into())
}

fn is_list_of(known: &[&str], value: &Value) -> bool {
    let Value::Array(items) = value else {
        return false;
    };
    let texts: Option<BTreeSet<&str>> = items.iter().map(Value::as_str).collect();
    texts.is_some_and(|texts| texts.len() == items.len() && texts.iter().all(|text| known.contains(text)))
}

/// Whether a URL has a scheme other than http and https: a page that shows the link must not run `javascript:` or
/// `data:`.
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
