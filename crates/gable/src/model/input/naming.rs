//! Finds which row an element of a relation names, and checks that the caller may know of it.

use serde_json::{Map, Value};

use super::body::BodyReader;
use super::element::{Action, Element, Refused};
use super::validation::{id_constraint, type_constraint};
use super::{Form, FromJson, Mismatch, Reach};
use crate::meta::{FieldSet, IdKind, ModelMeta, RelationKind};
use crate::model::{Id, Key, RowRef, typed_json};

impl BodyReader<'_> {
    /// Reads the row that an element names, by its id or by one of the unique indexes in `keys`, all fields of which
    /// are `readable`.
    pub(super) fn named(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        action: Action,
        (keys, readable): (&FieldSet, &FieldSet),
        entries: &mut Map<String, Value>,
    ) -> Result<RowRef, Refused> {
        let key = self.key(element, keys, entries)?;
        let key = self.checked_key(element, action, reach.form, key)?;
        if reach.form == Form::Update && !action.looks_everywhere() {
            self.may_follow(element, reach, readable)?;
        }
        Ok(RowRef { key, place: element.place(reach) })
    }

    /// The row that the entries name, by its id or by the values of a unique index that the caller may read.
    pub(super) fn key(
        &mut self,
        element: &Element<'_>,
        readable: &FieldSet,
        entries: &mut Map<String, Value>,
    ) -> Result<Option<Key>, Refused> {
        let meta = element.target.meta;
        if let Some(value) = entries.remove("id") {
            return match id_of(meta.id, value) {
                Ok(id) => Ok(Some(Key::Id(id))),
                Err(Mismatch(expected)) => {
                    Err(self.refuse_at(element, "id", id_constraint(meta.id), &format!("must be {expected}")))
                }
            };
        }
        let named = uniques(meta, readable).find(|(_, fields)| fields.iter().all(|name| entries.contains_key(*name)));
        let Some((index, fields)) = named else { return Ok(None) };
        let mut values = Vec::with_capacity(fields.len());
        for name in fields {
            let field = meta.fields.iter().find(|field| field.name == *name);
            let (Some(field), Some(value)) = (field, entries.remove(*name)) else { return Ok(None) };
            match typed_json(field.kind, &value) {
                Ok(value) => values.push(field.folded(value)),
                Err(Mismatch(expected)) => {
                    return Err(self.refuse_at(
                        element,
                        name,
                        type_constraint(field.kind),
                        &format!("must be {expected}"),
                    ));
                }
            }
        }
        Ok(Some(Key::Unique { index, values }))
    }

    /// Refuses to unlink from a new row, which has no links, and a missing key unless the relation leads to at most one
    /// linked row.
    fn checked_key(
        &mut self,
        element: &Element<'_>,
        action: Action,
        form: Form,
        key: Option<Key>,
    ) -> Result<Key, Refused> {
        if form == Form::Create && matches!(action, Action::Disconnect | Action::Delete) {
            return Err(self.refuse(element, "ApiActionConstraint", "is of a new record, to which nothing is linked"));
        }
        match key {
            Some(key) => Ok(key),
            None if !element.is_listed() && form == Form::Update && action.finds_linked() => Ok(Key::Linked),
            None => Err(self.refuse(element, "RequiredConstraint", "needs an id or a unique field")),
        }
    }

    /// Checks that the caller may know which rows are linked: an action that reaches only linked rows reveals them.
    pub(super) fn may_follow(
        &mut self,
        element: &Element<'_>,
        reach: Reach<'_>,
        readable: &FieldSet,
    ) -> Result<(), Refused> {
        let known = match element.relation.kind {
            RelationKind::BelongsTo { field } => {
                let row = if reach.own {
                    reach.rights.readable_of_oneself(self.meta.name)
                } else {
                    reach.rights.readable(self.meta.name)
                };
                let row = row.unwrap_or_default();
                self.meta.field_index(field).is_some_and(|key| row.contains(key))
            }
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
                element.target.meta.field_index(field).is_some_and(|key| readable.contains(key))
            }
            RelationKind::ManyToMany { .. } => true,
        };
        if known {
            Ok(())
        } else {
            Err(self.refuse(element, "ApiActionConstraint", "follows a key that is not readable"))
        }
    }
}

/// The unique indexes by which a caller may name a row. Others are left out, because they would reveal values of fields
/// that the caller may not read.
pub(super) fn uniques(
    meta: &'static ModelMeta,
    readable: &FieldSet,
) -> impl Iterator<Item = (usize, &'static [&'static str])> {
    let known = move |name: &&str| meta.field_index(name).is_some_and(|field| readable.contains(field));
    let indexes = meta.uniques.iter().enumerate().map(|(index, unique)| (index, unique.fields));
    indexes.filter(move |(_, fields)| fields.iter().all(known))
}

fn id_of(kind: IdKind, value: Value) -> Result<Id, Mismatch> {
    match (Id::from_json(value), kind) {
        (Ok(id @ Id::Uuid(_)), IdKind::Uuid) | (Ok(id @ Id::Integer(_)), IdKind::Integer) => Ok(id),
        (_, IdKind::Uuid) => Err("a UUID".into()),
        (_, IdKind::Integer) => Err("an integer".into()),
    }
}
