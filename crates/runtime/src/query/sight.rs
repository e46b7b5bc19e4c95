//! What the caller sees of other models, for a query that leads there.

use crate::access::{FieldSet, Principal, Scope, decide};
use crate::core::{Core, Model};
use crate::resource::{FieldPreset, ModelMeta, Operation, RelationKind, RelationMeta};

/// Who looks.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) core: &'a Core,
    pub(crate) principal: &'a Principal,
    /// A model of which the route leaves fields out, on whatever path a request leads to it.
    limited: Option<(&'static ModelMeta, &'static FieldPreset)>,
}

impl<'a> Sight<'a> {
    pub(crate) fn new(core: &'a Core, principal: &'a Principal) -> Self {
        Self { core, principal, limited: None }
    }

    /// Sees no more of the model than this, where it shows all relations: these may lead back to it.
    #[must_use]
    pub(super) fn limited(self, meta: &'static ModelMeta, shown: Option<&'static FieldPreset>) -> Self {
        Self { limited: shown.filter(|shown| shown.relations.is_none()).map(|shown| (meta, shown)), ..self }
    }
}

/// A model and what may be seen of it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) scope: Scope,
    /// What the route shows of the model; everything that the scope does where it does not say.
    pub(super) shown: Option<&'static FieldPreset>,
    /// Relations that may still be followed from there.
    pub(super) steps: u32,
}

impl View {
    /// The field of this name, when it may be read: what may not be read is not there.
    pub(super) fn readable(&self, name: &str) -> Option<usize> {
        self.meta.field_index(name).filter(|field| self.reads(*field))
    }

    pub(super) fn reads(&self, field: usize) -> bool {
        self.scope.read.contains(field) && self.shown.is_none_or(|shown| shown.fields.contains(&field))
    }

    /// All that may be read.
    pub(super) fn fields(&self) -> FieldSet {
        match self.shown {
            None => self.scope.read,
            Some(shown) => shown.fields.iter().copied().filter(|field| self.scope.read.contains(*field)).collect(),
        }
    }

    /// Whether the caller may read a key. A route that does not show it may still show what it leads to.
    fn knows_key(&self, name: &str) -> bool {
        self.meta.field_index(name).is_some_and(|field| self.scope.read.contains(field))
    }

    /// What the route shows behind a relation; none where it does not show the relation.
    fn behind(&self, name: &str) -> Option<Option<&'static FieldPreset>> {
        match self.shown.and_then(|shown| shown.relations) {
            None => Some(None),
            Some(relations) => relations.iter().find(|(known, _)| *known == name).map(|(_, shown)| Some(*shown)),
        }
    }
}

impl Sight<'_> {
    /// The relation of this name, and what is seen at its other end. One whose key or whose target may not be seen is
    /// not there.
    pub(super) fn follow(&self, from: &View, name: &str) -> Option<(&'static RelationMeta, View)> {
        let relation = from.meta.relations.iter().find(|relation| relation.name == name)?;
        let shown = from.behind(name)?;
        let view = self.view(self.core.model(relation.target)?, shown, from.steps.saturating_sub(1))?;
        let readable = match relation.kind {
            RelationKind::BelongsTo { field } => from.knows_key(field),
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => view.knows_key(field),
            RelationKind::ManyToMany { .. } => true,
        };
        readable.then_some((relation, view))
    }

    fn view(&self, model: &Model, shown: Option<&'static FieldPreset>, steps: u32) -> Option<View> {
        let scope = decide(model.meta, &model.masks, Operation::FindMany.action(model.meta), self.principal).ok()?;
        let limited = self.limited.filter(|(meta, _)| meta.name == model.meta.name).map(|(_, shown)| shown);
        let shown = shown.or(limited);
        Some(View { meta: model.meta, scope, shown, steps })
    }
}
