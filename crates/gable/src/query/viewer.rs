//! The caller's view of other models that a query leads to.

use super::{Model, ModelSet};
use crate::access::{Principal, Scope, decide};
use crate::meta::{FieldPreset, FieldSet, ModelMeta, Operation, RelationKind, RelationMeta};

/// The caller, whose view of a model is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Viewer<'a> {
    pub(crate) models: &'a ModelSet,
    pub(crate) principal: &'a Principal,
    /// A model of which the route hides fields, on whatever path a request leads to it.
    limited: Option<(&'static ModelMeta, &'static FieldPreset)>,
}

impl<'a> Viewer<'a> {
    pub(crate) fn new(models: &'a ModelSet, principal: &'a Principal) -> Self {
        Self { models, principal, limited: None }
    }

    /// Hides further fields of the model wherever it is reached, unless the route lists relations: if it shows all,
    /// they may lead back to the model.
    #[must_use]
    pub(super) fn limited(self, meta: &'static ModelMeta, shown: Option<&'static FieldPreset>) -> Self {
        Self { limited: shown.filter(|shown| shown.relations.is_none()).map(|shown| (meta, shown)), ..self }
    }
}

/// A model and the caller's view of it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) scope: Scope,
    /// The fields that the route shows; `None` for all that the scope permits.
    pub(super) shown: Option<&'static FieldPreset>,
    /// The number of relations that may still be followed from there.
    pub(super) steps: u32,
}

impl View {
    /// The position of a field that may be read. A field that may not be read is treated like one that does not exist.
    pub(super) fn readable(&self, name: &str) -> Option<usize> {
        self.meta.field_index(name).filter(|field| self.reads(*field))
    }

    pub(super) fn reads(&self, field: usize) -> bool {
        self.scope.read.contains(field) && self.shown.is_none_or(|shown| shown.fields.contains(&field))
    }

    /// All fields that may be read.
    pub(super) fn fields(&self) -> FieldSet {
        match self.shown {
            None => self.scope.read,
            Some(shown) => shown.fields.iter().copied().filter(|field| self.scope.read.contains(*field)).collect(),
        }
    }

    /// Whether the caller may read a key. A route that hides the key may still show the row that it points to.
    fn knows_key(&self, name: &str) -> bool {
        self.meta.field_index(name).is_some_and(|field| self.scope.read.contains(field))
    }

    /// The fields that the route shows of a related model; `None` if it does not show the relation.
    fn relation_preset(&self, name: &str) -> Option<Option<&'static FieldPreset>> {
        match self.shown.and_then(|shown| shown.relations) {
            None => Some(None),
            Some(relations) => relations.iter().find(|(known, _)| *known == name).map(|(_, shown)| Some(*shown)),
        }
    }
}

impl Viewer<'_> {
    /// The relation of this name and the view of its other end. If the caller may not see its key or its target, the
    /// relation is treated like one that does not exist.
    pub(super) fn follow(&self, from: &View, name: &str) -> Option<(&'static RelationMeta, View)> {
        let relation = from.meta.relations.iter().find(|relation| relation.name == name)?;
        let shown = from.relation_preset(name)?;
        let view = self.view(self.models.find(relation.target)?, shown, from.steps.saturating_sub(1))?;
        let readable = match relation.kind {
            RelationKind::BelongsTo { field } => from.knows_key(field),
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => view.knows_key(field),
            RelationKind::ManyToMany { .. } => true,
        };
        readable.then_some((relation, view))
    }

    fn view(&self, model: &Model, shown: Option<&'static FieldPreset>, steps: u32) -> Option<View> {
        let scope = decide(model.meta, &model.masks, model.meta.action_of(Operation::FindMany), self.principal).ok()?;
        let limited = self.limited.filter(|(meta, _)| meta.name == model.meta.name).map(|(_, shown)| shown);
        let shown = shown.or(limited);
        Some(View { meta: model.meta, scope, shown, steps })
    }
}
