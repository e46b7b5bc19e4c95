//! Reads the relations of a body, which name rows of other models.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::body::BodyReader;
use super::element::{Element, Target};
use super::long_form::is_long;
use super::read_element::placeholder;
use crate::error::Problem;
use crate::meta::{ModelMeta, RelationKind, RelationMeta};
use crate::model::{Among, Change, InlineKey, Key, Nested, Reference, Replacement, Resource, RowRef, Upsert};
use crate::text::upper_first;

impl BodyReader<'_> {
    /// `"comments": [ … ]`: rows to connect, create, change, disconnect or delete.
    pub fn nested<R: Resource>(&mut self, relation: &'static str) -> Vec<Nested<R>> {
        let Some((meta, value)) = self.take_relation(relation, R::META) else { return Vec::new() };
        self.list(meta, Target::of::<R>(), value).into_iter().map(Nested::from).collect()
    }

    /// `"profile": { … }`: like `nested`, for a relation that leads to one row, which has the key.
    pub fn nested_one<R: Resource>(&mut self, relation: &'static str) -> Vec<Nested<R>> {
        let Some((meta, value)) = self.take_relation(relation, R::META) else { return Vec::new() };
        let element = Element { relation: meta, target: Target::of::<R>(), path: relation };
        merge_replacements(self.element(&element, value).unwrap_or_default()).into_iter().map(Nested::from).collect()
    }

    /// `"author": { … }`, where this row has the key. The id is moved to `"authorId"`, where the methods that read
    /// fields find it; a placeholder stands in for an id that is not known yet.
    pub fn reference<R: Resource>(&mut self, relation: &'static str, key: &'static str) {
        let Some(value) = self.body.remove(relation) else {
            self.plain_keys |= self.body.get(key).is_some_and(|value| !value.is_null());
            return;
        };
        if self.body.contains_key(key) {
            self.problems.push(Problem {
                field: relation.to_owned(),
                code: format!("{}AmbiguousReference", upper_first(relation)),
                message: format!("give either '{relation}' or '{key}', not both"),
            });
            return;
        }
        if value.is_null() {
            self.body.insert(key.to_owned(), value);
        } else {
            self.refer(relation, key, Target::of::<R>(), value);
        }
    }

    /// Takes a relation out of the body. One whose key is private stays there, and `finish` refuses it as an unknown
    /// field.
    fn take_relation(
        &mut self,
        name: &'static str,
        target: &'static ModelMeta,
    ) -> Option<(&'static RelationMeta, Value)> {
        let relation = self.meta.relations.iter().find(|relation| relation.name == name)?;
        let private = |key: &str| target.fields.iter().any(|field| field.name == key && field.private);
        if let RelationKind::HasOne { field } | RelationKind::HasMany { field } = relation.kind
            && private(field)
        {
            return None;
        }
        let value = self.body.remove(name)?;
        if self.reader.reach.is_none_or(|reach| !reach.leads_to(target)) {
            let code = format!("InvalidField{}", upper_first(name));
            let message = format!("'{name}' cannot be written here");
            self.problems.push(Problem { field: name.to_owned(), code, message });
            return None;
        }
        Some((relation, value))
    }

    fn list(&mut self, relation: &'static RelationMeta, target: Target, value: Value) -> Vec<Change> {
        let name = relation.name;
        let element = Element { relation, target, path: name };
        let read = match (value, self.reader.reach) {
            (Value::Array(items), _) => Ok(self.elements(&element, items)),
            (Value::Object(entries), Some(reach)) if is_long(target.meta, &entries) => {
                self.operations(&element, reach, entries)
            }
            _ => Err(self.refuse(&element, "IsArrayConstraint", "must be a list of objects")),
        };
        let mut changes = merge_replacements(read.unwrap_or_default());
        if !agree(&mut changes) {
            self.problem(name, "AmbiguousReference", "says different things of the same record");
        }
        changes
    }

    fn elements(&mut self, relation: &Element<'_>, items: Vec<Value>) -> Vec<Change> {
        let mut changes = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{}.{index}", relation.path);
            changes.extend(self.element(&relation.at(&path), item).unwrap_or_default());
        }
        changes
    }

    /// Reads the element of a relation whose key is in this row: sets the key, and keeps changes that need more.
    fn refer(&mut self, name: &'static str, key: &'static str, target: Target, value: Value) {
        let Some(position) = self.meta.relations.iter().position(|relation| relation.name == name) else { return };
        let element = Element { relation: &self.meta.relations[position], target, path: name };
        let Ok(mut changes) = self.element(&element, value) else {
            // The problem is recorded; the placeholder keeps the key from being reported as missing as well.
            self.body.insert(key.to_owned(), placeholder(target.meta.id));
            return;
        };
        let key_value = match changes.first() {
            Some(Change::Connect(RowRef { key: Key::Id(id), .. })) => Some((*id).into()),
            Some(
                Change::Connect(_)
                | Change::Create(_)
                | Change::ConnectOrCreate(..)
                | Change::Upsert(Upsert { among: Among::All, .. }),
            ) => Some(placeholder(target.meta.id)),
            Some(Change::Disconnect(_) | Change::Delete(_)) => Some(Value::Null),
            Some(Change::Update(..) | Change::Upsert(_) | Change::Set(_)) | None => None,
        };
        if let Some(key_value) = key_value {
            self.body.insert(key.to_owned(), key_value);
        }
        if let Some(Change::Connect(RowRef { key: Key::Id(_), .. })) = changes.first() {
            self.inline.push(InlineKey { key, relation: name });
        }
        // The key alone expresses these changes.
        let in_key = |change: &Change| match change {
            Change::Connect(row_ref) => matches!(row_ref.key, Key::Id(_)),
            Change::Disconnect(row_ref) => row_ref.key == Key::Linked,
            _ => false,
        };
        changes.retain(|change| !in_key(change));
        self.references.extend(changes.into_iter().map(|change| Reference { relation: position, change }));
    }
}

/// Merges all rows that a relation is set to into one replacement, however many elements name them.
fn merge_replacements(changes: Vec<Change>) -> Vec<Change> {
    let mut replacement: Option<Replacement> = None;
    let mut others = Vec::with_capacity(changes.len());
    for change in changes {
        match (change, &mut replacement) {
            (Change::Set(more), Some(replacement)) => replacement.rows.extend(more.rows),
            (Change::Set(first), None) => replacement = Some(first),
            (other, _) => others.push(other),
        }
    }
    others.extend(replacement.map(Change::Set));
    others
}

/// Whether no row is both linked and unlinked. Rows are compared as elements identify them: by id, or by unique values.
/// Removes repetitions of a change.
fn agree(changes: &mut Vec<Change>) -> bool {
    let mut links: BTreeMap<String, bool> = BTreeMap::new();
    let mut done: BTreeSet<(String, u8)> = BTreeSet::new();
    let mut agree = true;
    changes.retain(|change| {
        let (row_ref, links_it, kind) = match change {
            Change::Connect(row_ref) => (row_ref, true, 0),
            Change::Update(row_ref, _)
            | Change::ConnectOrCreate(row_ref, _)
            | Change::Upsert(Upsert { row_ref, .. }) => (row_ref, true, 1),
            Change::Disconnect(row_ref) => (row_ref, false, 2),
            Change::Delete(row_ref) => (row_ref, false, 3),
            Change::Create(_) => return true,
            Change::Set(replacement) => {
                for row_ref in &replacement.rows {
                    agree &= *links.entry(text(&row_ref.key)).or_insert(true);
                }
                return true;
            }
        };
        if matches!(row_ref.key, Key::Linked) {
            return true;
        }
        let key = text(&row_ref.key);
        agree &= *links.entry(key.clone()).or_insert(links_it) == links_it;
        // Two updates of one row are both kept.
        kind == 1 || done.insert((key, kind))
    });
    agree
}

fn text(key: &Key) -> String {
    format!("{key:?}")
}
