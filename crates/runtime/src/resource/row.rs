//! What is written to a row, on its way there.

use sea_orm::Value;

use super::nested::Change;
use super::{ModelMeta, Nested};
use crate::input::{Patch, PlainPassword};

/// Values on their way to a table, one slot per column; an empty slot is left as it is (update) or for the server to fill (create).
#[derive(Debug, Default)]
pub struct RowValues {
    values: Vec<Option<Value>>,
    passwords: Vec<(usize, PlainPassword)>,
    relating: Vec<Relating>,
}

/// What becomes of the rows at the other end of one relation.
#[derive(Debug)]
pub(crate) struct Relating {
    /// Index into `ModelMeta::relations`.
    pub(crate) relation: usize,
    pub(crate) changes: Vec<Change>,
}

impl RowValues {
    pub fn new(meta: &ModelMeta) -> Self {
        Self { values: vec![None; meta.fields.len()], ..Self::default() }
    }

    /// Gives the column a value.
    pub fn set(&mut self, field: usize, value: impl Into<Value>) {
        self.values[field] = Some(value.into());
    }

    /// Leaves the column to the server, or as it is.
    pub(crate) fn leave_out(&mut self, field: usize) {
        self.values[field] = None;
    }

    /// Gives the column a value unless the patch leaves it alone.
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

    /// A password is hashed, off the worker threads, before it becomes a value.
    pub fn password(&mut self, field: usize, password: PlainPassword) {
        self.passwords.push((field, password));
    }

    /// `relation` is an index into `ModelMeta::relations`.
    pub fn nested<R>(&mut self, relation: usize, rows: impl IntoIterator<Item = Nested<R>>) {
        let changes: Vec<Change> = rows.into_iter().map(Change::from).collect();
        if !changes.is_empty() {
            self.relating.push(Relating { relation, changes });
        }
    }

    pub fn get(&self, field: usize) -> Option<&Value> {
        self.values[field].as_ref()
    }

    /// The slots that hold a value, in table order.
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
