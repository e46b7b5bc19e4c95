//! Changes that a write makes to the rows at the other end of a relation.

use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;

use sea_orm::Value;

use super::{Id, Input, Resource};

/// A change to one related row of `R`, made when the row that owns the relation is written: an element of
/// `"comments": [ … ]`.
///
/// Each change is subject to the access rules of its own model and runs the interceptors of that model.
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use api::{Comment, CreateComment, CreatePost};
/// use gable::{ApiError, Context, Nested};
///
/// /// Writes a comment together with every new post, and trims those that the request brings along.
/// async fn begin_discussion(_: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
///     for comment in post.comments.iter_mut().filter_map(Nested::created) {
///         comment.content = comment.content.trim().to_owned();
///     }
///     let first = CreateComment { content: "What do you think?".to_owned(), post_id: uuid::Uuid::nil() };
///     post.comments.push(Nested::<Comment>::create(first));
///     Ok(())
/// }
/// ```
pub struct Nested<R> {
    change: Change,
    target: PhantomData<fn() -> R>,
}

impl<R: Resource> Nested<R> {
    /// Links an existing row.
    pub fn connect(id: R::Id) -> Self {
        Self::from(Change::Connect(RowRef::by_id(id)))
    }

    /// Creates a row and links it. The runtime sets the foreign key that refers back.
    pub fn create(input: R::Create) -> Self {
        Self::from(Change::Create(Draft::complete(Box::new(input))))
    }

    /// Updates a linked row.
    pub fn update(id: R::Id, input: R::Update) -> Self {
        Self::from(Change::Update(RowRef::by_id(id), Draft::complete(Box::new(input))))
    }

    /// Unlinks a row.
    pub fn disconnect(id: R::Id) -> Self {
        Self::from(Change::Disconnect(RowRef::by_id(id)))
    }

    /// Deletes a linked row.
    pub fn delete(id: R::Id) -> Self {
        Self::from(Change::Delete(RowRef::by_id(id)))
    }

    /// Links exactly these rows, and unlinks all others. Links to rows that the caller may not view are unchanged.
    pub fn set(ids: impl IntoIterator<Item = R::Id>) -> Self {
        let rows = ids.into_iter().map(RowRef::by_id).collect();
        Self::from(Change::Set(Replacement { rows, place: String::new() }))
    }

    /// Returns the input of the row that is created, or that is created if no row is found; `None` for other changes.
    pub fn created(&mut self) -> Option<&mut R::Create> {
        match &mut self.change {
            Change::Create(draft)
            | Change::ConnectOrCreate(_, draft)
            | Change::Upsert(Upsert { create: draft, .. }) => draft.input.as_any().downcast_mut(),
            _ => None,
        }
    }

    /// Returns the input of the update, or of the update that applies if a row is found; `None` for other changes.
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

// Deriving these traits would require them of `R`, too.
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

/// `Nested` without its type parameter. Otherwise the input types of related models would contain each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Connect(RowRef),
    Create(Draft),
    Update(RowRef, Draft),
    Disconnect(RowRef),
    Delete(RowRef),
    Set(Replacement),
    /// Links the row if it exists, and creates it otherwise.
    ConnectOrCreate(RowRef, Draft),
    Upsert(Upsert),
}

/// The complete list of linked rows, apart from those that other changes of the relation link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Replacement {
    pub(crate) rows: Vec<RowRef>,
    /// Path of the relation in the request body; empty if code set the rows.
    pub(crate) place: String,
}

/// A row that is updated if it exists, and created otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Upsert {
    pub(crate) row_ref: RowRef,
    pub(crate) among: Among,
    pub(crate) update: Draft,
    pub(crate) create: Draft,
}

/// The rows that an `Upsert` searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    /// Rows linked to the written row.
    Linked,
    /// All rows: a new row has no linked rows yet, and the row that is found is linked to it.
    All,
}

/// A reference to an existing row of the other model.
#[derive(Clone, Debug)]
pub(crate) struct RowRef {
    pub(crate) key: Key,
    /// Path of the reference in the request body: `2.tags.0`; empty if code set it.
    pub(crate) place: String,
}

impl RowRef {
    fn by_id(id: impl Into<Id>) -> Self {
        Self { key: Key::Id(id.into()), place: String::new() }
    }
}

/// Compares the keys only; the path in the body does not matter.
impl PartialEq for RowRef {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Identifies a row of the other model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    Id(Id),
    /// The values of one of the model's unique indexes, in the order of its fields.
    Unique {
        index: usize,
        values: Vec<Value>,
    },
    /// The linked row, for relations to one row.
    Linked,
}

/// An input, and the references that must be resolved before it is complete.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) input: Box<dyn AnyInput>,
    /// Path of the input in the request body: `2.comments.0`; empty for the body itself.
    pub(crate) place: String,
    pub(crate) references: Vec<Reference>,
    pub(crate) inline: Vec<InlineKey>,
    /// Whether the request needs no statement after the one that writes the row. The operation itself may need some.
    pub(crate) is_last: bool,
}

/// A foreign key given through its relation: `{ "author": { "id": … } }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct InlineKey {
    /// `authorId`
    pub(crate) key: &'static str,
    /// `author`
    pub(crate) relation: &'static str,
}

/// A row to which a foreign key of the input will refer, or a referenced row that is changed along with the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reference {
    /// Index into `ModelMeta::relations`.
    pub(crate) relation: usize,
    pub(crate) change: Change,
}

impl Draft {
    /// Creates a draft without unresolved references.
    pub(crate) fn complete(input: Box<dyn AnyInput>) -> Self {
        Self { input, place: String::new(), references: Vec::new(), inline: Vec::new(), is_last: false }
    }
}

impl PartialEq for Draft {
    fn eq(&self, other: &Self) -> bool {
        self.input.equals(other.input.as_ref()) && self.references == other.references
    }
}

/// An [`Input`] of some model.
pub trait AnyInput: Any + Debug {
    /// Sets the foreign key at this position of [`ModelMeta::fields`](crate::generated::ModelMeta::fields).
    fn set_key(&mut self, field: usize, id: Option<Id>);
    /// Returns a copy.
    fn boxed_clone(&self) -> Box<dyn AnyInput>;
    /// Returns whether `other` has the type and the value of this input.
    fn equals(&self, other: &dyn Any) -> bool;
    /// Returns the input for a downcast to its type.
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<I: Input> AnyInput for I {
    fn set_key(&mut self, field: usize, id: Option<Id>) {
        if let Some(key) = self.key(field) {
            key.put(id);
        }
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
