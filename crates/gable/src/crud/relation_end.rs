//! One end of a relation, whose related rows a write changes.

use super::join::Join;
use super::locate::RelationLink;
use crate::access::Authority;
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::{Operation, RelationKind};
use crate::query::Model;

/// The other end of a relation.
pub(super) struct RelationEnd<'m> {
    pub(super) model: &'m Model,
    pub(super) target: &'m Model,
    pub(super) link: RelationLink,
    /// The authority for operations on the other model.
    pub(super) authority: Authority,
    /// The operation that must be permitted on a row of the other model to link it many to many.
    pub(super) linking: Operation,
}

impl<'m> RelationEnd<'m> {
    pub(super) fn of<'r: 'm>(
        ctx: &Context<'r>,
        model: &'m Model,
        authority: Authority,
        relation: usize,
    ) -> Result<Self, ApiError> {
        let relation = &model.meta.relations[relation];
        let target = ctx.core.model(relation.target);
        let key = |target: &Model| match relation.kind {
            RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
                target.meta.field_index(field).map(RelationLink::Key)
            }
            _ => Join::of(relation).map(RelationLink::Join),
        };
        // Linking requires the right to change one of the two rows: this one, or if it is the caller's own account, the
        // other.
        let linking = if authority == Authority::Own { Operation::UpdateOne } else { Operation::FindOne };
        match target.and_then(|target| Some((target, key(target)?))) {
            Some((target, link)) => Ok(Self { model, target, link, authority: authority.beyond(), linking }),
            None => Err(ApiError::internal(format!("nothing is tied by {}.{}", model.meta.name, relation.name))),
        }
    }
}
