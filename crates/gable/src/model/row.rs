//! Values and relation changes that a write applies to a row.

use sea_orm::Value;

use super::Nested;
use super::nested::Change;
use crate::meta::ModelMeta;
use crate::model::input::{Patch, PlainPassword};

/// Values of a row to be written, one slot per column. An empty slot is filled by the server (create) or left
/// unchanged (update).
#[derive(Debug, Default)]
pub struct RowValues {
    values: Vec<Option<Value>>,
    passwords: Vec<(usize, PlainPassword)>,
    relating: Vec<Relating>,
}

/// Changes to the rows at the other end of one relation.
#[derive(Debug)]
pub(crate) struct Relating {
    /// Index into `ModelMeta::relations`.
    pub(crate) relation: usize,
    pub(crate) changes: Vec<Change>,
}

impl RowValues {
    /// Creates a row without values.
    pub fn new(meta: &ModelMeta) -> Self {
        Self { values: vec![None; meta.fields.len()], ..Self::default() }
    }

    /// Gives the column a value.
    pub fn set(&mut self, field: usize, value: impl Into<Value>) {
        self.values[field] = Some(value.into());
    }

    /// Clears the slot of a column.
    pub(crate) fn leave_out(&mut self, field: usize) {
        self.values[field] = None;
    }

    /// Sets a column unless the patch is absent.
    pub fn patch<T>(&mut self, field: usize, patch: Patch<T>)
    where
        T: Into<Value>,
        Option<T>: Into<Value>,
    {
        match patch {
            Patch::Absent => {}
            Patch::Null => self.values[field] = Some(None::<T>.into()),
            Patch::Value(value) => self.values[field] = Some(value.into()),
        }
    }

    /// Adds a password, which is hashed outside the worker threads before it becomes a value.
    pub fn password(&mut self, field: usize, password: PlainPassword) {
        self.passwords.push((field, password));
    }

    /// Adds changes to related rows. `relation` is an index into [`ModelMeta::relations`].
    pub fn nested<R>(&mut self, relation: usize, rows: impl IntoIterator<Item = Nested<R>>) {
        let changes: Vec<Change> = rows.into_iter().map(Change::from).collect();
        if !changes.is_empty() {
            self.relating.push(Relating { relation, changes });
        }
    }

    /// Returns the value of a column, if it has one.
    pub fn get(&self, field: usize) -> Option<&Value> {
        self.values[field].as_ref()
    }

    /// Returns the slots that hold a value, in table order.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.values.iter().enumerate().filter_map(|(field, value)| Some((field, value.as_ref()?)))
    }

    pub(crate) fn take_passwords(&mut self) -> Vec<(usize, PlainPassword)> {
        std::mem::take(&mut self.passwords)
    }

    pub(crate) fn take_relating(&mut self) -> Vec<Relating> {
        std::mem::take(&mut self.relating)
    }
}
