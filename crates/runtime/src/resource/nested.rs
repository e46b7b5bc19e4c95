//! What a write does to the rows at the other end of a relation.

use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;

use sea_orm::Value;

use super::{Id, Input, Resource};

/// What becomes of one row of `R` when a row is written that a relation leads from: an element of `"comments": [ … ]`.
///
/// Each is done under the rules of its own model and runs that model's interceptors.
pub struct Nested<R> {
    change: Change,
    target: PhantomData<fn() -> R>,
}

impl<R: Resource> Nested<R> {
    /// Links a row that is there.
    pub fn connect(id: R::Id) -> Self {
        Self::from(Change::Connect(Named::by_id(id)))
    }

    /// Makes a row and links it. The key that leads back is filled in.
    pub fn create(input: R::Create) -> Self {
        Self::from(Change::Create(Draft::complete(Box::new(input))))
    }

    /// Changes a row that is linked.
    pub fn update(id: R::Id, input: R::Update) -> Self {
        Self::from(Change::Update(Named::by_id(id), Draft::complete(Box::new(input))))
    }

    /// Links a row no longer.
    pub fn disconnect(id: R::Id) -> Self {
        Self::from(Change::Disconnect(Named::by_id(id)))
    }

    /// Deletes a row that is linked.
    pub fn delete(id: R::Id) -> Self {
        Self::from(Change::Delete(Named::by_id(id)))
    }

    /// Links these rows and no others; rows that the caller does not see stay as they are.
    pub fn set(ids: impl IntoIterator<Item = R::Id>) -> Self {
        let rows = ids.into_iter().map(Named::by_id).collect();
        Self::from(Change::Set(Replacement { rows, place: String::new() }))
    }

    /// The row that is made, or would be made where none is there yet.
    pub fn created(&mut self) -> Option<&mut R::Create> {
        match &mut self.change {
            Change::Create(draft)
            | Change::ConnectOrCreate(_, draft)
            | Change::Upsert(Upsert { create: draft, .. }) => draft.input.as_any().downcast_mut(),
            _ => None,
        }
    }

    /// What is changed, or would be changed where a row is there.
    pub fn updated(&mut self) -> Option<&mut R::Update> {
        match &mut self.change {
            Change::Update(_, draft) | Change::Upsert(Upsert { update: draft, .. }) => {
                draft.input.as_any().downcast_mut()
            }
            _ => None,
        }
    }
}

impl<R> From<Change> for Nested<R> {
    fn from(change: Change) -> Self {
        Self { change, target: PhantomData }
    }
}

impl<R> From<Nested<R>> for Change {
    fn from(nested: Nested<R>) -> Self {
        nested.change
    }
}

// Derived, these would ask the same of `R`.
impl<R> Clone for Nested<R> {
    fn clone(&self) -> Self {
        Self::from(self.change.clone())
    }
}

impl<R> Debug for Nested<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.change.fmt(f)
    }
}

impl<R> PartialEq for Nested<R> {
    fn eq(&self, other: &Self) -> bool {
        self.change == other.change
    }
}

/// `Nested` without its type. Inputs of related models would otherwise contain each other, and their types with them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Connect(Named),
    Create(Draft),
    Update(Named, Draft),
    Disconnect(Named),
    Delete(Named),
    Set(Replacement),
    /// Links the row where it is there, and makes it otherwise.
    ConnectOrCreate(Named, Draft),
    Upsert(Upsert),
}

/// The rows that are linked afterwards, apart from those that the other changes of the relation link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Replacement {
    pub(crate) rows: Vec<Named>,
    /// Where the relation stands in the body of the request. Nothing where code names the rows.
    pub(crate) place: String,
}

/// A row that is changed where it is there, and made otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Upsert {
    pub(crate) named: Named,
    pub(crate) among: Among,
    pub(crate) update: Draft,
    pub(crate) create: Draft,
}

/// Where an `Upsert` looks for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    /// Rows that are linked to the written row.
    Linked,
    /// All rows: nothing is linked to a new row, and what is found is linked to it.
    All,
}

/// A row of the other model that is there already.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) key: Key,
    /// Where it is named in the body of the request: `2.tags.0`. Nothing where code names it.
    pub(crate) place: String,
}

impl Named {
    fn by_id(id: impl Into<Id>) -> Self {
        Self { key: Key::Id(id.into()), place: String::new() }
    }
}

/// Inputs are the same that mean the same, wherever they stand.
impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Which row of the other model is meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    Id(Id),
    /// The values of one of the model's unique indexes, in the order of its fields.
    Unique {
        index: usize,
        values: Vec<Value>,
    },
    /// The one that is linked, for relations that lead to one row.
    Linked,
}

/// An input and what has to be done before it is complete.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) input: Box<dyn AnyInput>,
    /// Where it stands in the body of the request: `2.comments.0`. Nothing for the body itself.
    pub(crate) place: String,
    pub(crate) references: Vec<Reference>,
    pub(crate) inline: Vec<InlineKey>,
}

/// A key that the body gives through its relation: `{ "author": { "id": … } }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct InlineKey {
    /// `authorId`
    pub(crate) key: &'static str,
    /// `author`
    pub(crate) relation: &'static str,
}

/// A row that a key of the input is to name, or that it names and that changes with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reference {
    /// Index into `ModelMeta::relations`.
    pub(crate) relation: usize,
    pub(crate) change: Change,
}

impl Draft {
    /// An input whose keys are all known.
    pub(crate) fn complete(input: Box<dyn AnyInput>) -> Self {
        Self { input, place: String::new(), references: Vec::new(), inline: Vec::new() }
    }
}

impl PartialEq for Draft {
    fn eq(&self, other: &Self) -> bool {
        self.input.equals(other.input.as_ref()) && self.references == other.references
    }
}

/// An `Input` of some model.
pub trait AnyInput: Any + Debug {
    /// See `Input::set_key`.
    fn set_key(&mut self, field: usize, id: Option<Id>);
    fn boxed_clone(&self) -> Box<dyn AnyInput>;
    fn equals(&self, other: &dyn Any) -> bool;
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<I: Input> AnyInput for I {
    fn set_key(&mut self, field: usize, id: Option<Id>) {
        Input::set_key(self, field, id);
    }

    fn boxed_clone(&self) -> Box<dyn AnyInput> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Clone for Box<dyn AnyInput> {
    fn clone(&self) -> Self {
        self.as_ref().boxed_clone()
    }
}
