//! What the caller sees of other models, for a query that leads there.

use crate::access::{Principal, Scope, decide};
use crate::core::{Core, Model};
use crate::resource::{ModelMeta, Operation, RelationKind, RelationMeta};

/// Who looks.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) core: &'a Core,
    pub(crate) principal: &'a Principal,
}

/// A model and what may be seen of it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) scope: Scope,
    /// Relations that may still be followed from there.
    pub(super) steps: u32,
}

impl View {
    /// The field of this name, when it may be read: what may not be read is not there.
    pub(super) fn readable(&self, name: &str) -> Option<usize> {
        self.meta.field_index(name).filter(|field| self.scope.read.contains(*field))
    }
}

impl Sight<'_> {
    /// The relation of this name, and what is seen at its other end. One whose key or whose target may not be seen is
    /// not there.
    pub(super) fn follow(&self, from: &View, name: &str) -> Option<(&'static RelationMeta, View)> {
        let relation = from.meta.relations.iter().find(|relation| relation.name == name)?;
        let view = self.view(self.core.model(relation.target)?, from.steps.saturating_sub(1))?;
        let readable = match relation.kind {
            RelationKind::BelongsTo { field } => from.readable(field).is_some(),
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => view.readable(field).is_some(),
            RelationKind::ManyToMany { .. } => true,
        };
        readable.then_some((relation, view))
    }

    fn view(&self, model: &Model, steps: u32) -> Option<View> {
        let scope = decide(model.meta, &model.masks, Operation::FindMany.action(model.meta), self.principal).ok()?;
        Some(View { meta: model.meta, scope, steps })
    }
}
