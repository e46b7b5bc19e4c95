//! Ids of rows: UUIDs and 64-bit integers.

use sea_orm::Value;
use uuid::Uuid;

use super::input::Patch;
use crate::db::{DbError, Row};
use crate::meta::IdKind;

/// The id of a row of any model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// The id of a model with UUIDs.
    Uuid(Uuid),
    /// The id of a model with integers.
    Integer(i64),
}

impl From<Uuid> for Id {
    fn from(id: Uuid) -> Self {
        Id::Uuid(id)
    }
}

impl From<i64> for Id {
    fn from(id: i64) -> Self {
        Id::Integer(id)
    }
}

/// Implemented by the two types that an entity's id can have.
pub trait RowId: Copy + Into<Id> + 'static {
    /// Returns `None` if the id is of the other kind.
    fn from_id(id: Id) -> Option<Self>;
}

impl RowId for Uuid {
    fn from_id(id: Id) -> Option<Self> {
        match id {
            Id::Uuid(id) => Some(id),
            Id::Integer(_) => None,
        }
    }
}

impl RowId for i64 {
    fn from_id(id: Id) -> Option<Self> {
        match id {
            Id::Integer(id) => Some(id),
            Id::Uuid(_) => None,
        }
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        match id {
            Id::Uuid(id) => id.into(),
            Id::Integer(id) => id.into(),
        }
    }
}

impl From<Id> for serde_json::Value {
    fn from(id: Id) -> Self {
        match id {
            Id::Uuid(id) => id.to_string().into(),
            Id::Integer(id) => id.into(),
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Id::Uuid(id) => id.fmt(f),
            Id::Integer(id) => id.fmt(f),
        }
    }
}

/// Implemented by the types of input fields that are foreign keys.
pub trait KeySlot {
    /// Sets the field. For a required field, a missing id or an id of the other kind leaves the field unchanged.
    fn put(&mut self, id: Option<Id>);
}

impl KeySlot for Uuid {
    fn put(&mut self, id: Option<Id>) {
        put(self, id);
    }
}

impl KeySlot for i64 {
    fn put(&mut self, id: Option<Id>) {
        put(self, id);
    }
}

impl<T: RowId> KeySlot for Option<T> {
    fn put(&mut self, id: Option<Id>) {
        *self = id.and_then(T::from_id);
    }
}

impl<T: RowId> KeySlot for Patch<T> {
    fn put(&mut self, id: Option<Id>) {
        *self = id.map_or(Patch::Null, |id| T::from_id(id).map_or(Patch::Absent, Patch::Value));
    }
}

fn put<T: RowId>(slot: &mut T, id: Option<Id>) {
    if let Some(id) = id.and_then(T::from_id) {
        *slot = id;
    }
}

/// Reads an id column of a model.
pub(crate) fn id_from(row: &mut Row<'_>, kind: IdKind) -> Result<Id, DbError> {
    match kind {
        IdKind::Uuid => row.next().map(Id::Uuid),
        IdKind::Integer => row.next().map(Id::Integer),
    }
}

pub(crate) fn optional_id(row: &mut Row<'_>, kind: IdKind) -> Result<Option<Id>, DbError> {
    match kind {
        IdKind::Uuid => row.next::<Option<Uuid>>().map(|id| id.map(Id::Uuid)),
        IdKind::Integer => row.next::<Option<i64>>().map(|id| id.map(Id::Integer)),
    }
}
