//! One element of a relation in a body: a row of another model, and the action on it.

use serde_json::{Map, Value};

use super::Reach;
use super::body::{BodyReader, read};
use crate::meta::{ModelMeta, RelationKind, RelationMeta};
use crate::model::{AnyInput, Resource};

/// The value of `apiAction`, or the action that the form of an element implies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Connect,
    Create,
    Update,
    Disconnect,
    Delete,
    Set,
    ConnectOrCreate,
    Upsert,
}

impl Action {
    /// Whether the action takes rows that are not linked, and its result does not reveal which rows are linked. `Set`
    /// takes any row, but reveals it.
    pub(super) fn looks_everywhere(self) -> bool {
        matches!(self, Action::Connect | Action::ConnectOrCreate | Action::Create)
    }

    /// Whether the action applies to the linked row if the element does not identify a row.
    pub(super) fn finds_linked(self) -> bool {
        matches!(self, Action::Update | Action::Disconnect | Action::Delete | Action::Upsert)
    }
}

/// The model at the other end of a relation, as far as its bodies are concerned.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) meta: &'static ModelMeta,
    pub(super) create: fn(&mut BodyReader<'_>) -> Box<dyn AnyInput>,
    pub(super) update: fn(&mut BodyReader<'_>) -> Box<dyn AnyInput>,
}

impl Target {
    pub(super) fn of<R: Resource>() -> Self {
        Self { meta: R::META, create: read::<R::Create>, update: read::<R::Update> }
    }
}

/// One element of a relation in a body, while it is read.
#[derive(Clone, Copy)]
pub(super) struct Element<'e> {
    pub(super) relation: &'static RelationMeta,
    pub(super) target: Target,
    /// `comments.0`
    pub(super) path: &'e str,
}

/// An element and its entries.
pub(super) type Row<'e> = (Element<'e>, Map<String, Value>);

/// One of the objects that a compound element consists of, and its place.
#[derive(Default)]
pub(super) struct Part {
    pub(super) entries: Map<String, Value>,
    pub(super) path: String,
}

impl Element<'_> {
    /// A part of this element, at its own path.
    pub(super) fn at<'p>(&self, path: &'p str) -> Element<'p> {
        Element { relation: self.relation, target: self.target, path }
    }

    /// Whether its relation leads to many rows, and so takes any number of elements.
    pub(super) fn is_listed(&self) -> bool {
        matches!(self.relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
    }

    /// Whether the key at the other end never changes: such rows are created with it, and cannot be linked later.
    pub(super) fn is_fixed(&self) -> bool {
        let meta = self.target.meta;
        match self.relation.kind {
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
                meta.fields.iter().any(|other| other.name == field && (other.immutable || other.read_only))
            }
            RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => false,
        }
    }

    /// Place of the element in the body of the request.
    pub(super) fn place(&self, reach: Reach<'_>) -> String {
        format!("{}{}", reach.place, self.path)
    }

    /// Whether the key is in the row that is written.
    pub(super) fn belongs(&self) -> bool {
        matches!(self.relation.kind, RelationKind::BelongsTo { .. })
    }
}

/// An element could not be read; the problem has been recorded.
pub(super) struct Refused;
