//! Writes the rows at the other ends of relations: creates, changes, links and deletes each by the operation of its own
//! model, with the access rule, row rule and interceptors of that model, in the same transaction.

use std::collections::BTreeMap;

use super::locate::{RelationLink, locate, locate_each, scope_of};
use super::relation_end::RelationEnd;
use super::replace::Replaced;
use super::sorted::{Repeats, Sorted};
use crate::access::{Authority, Scope};
use crate::context::Context;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::{Draft, Id, Key, Relating, RowRef};
use crate::query::Model;

/// A written row, and the changes that its body asks for in related rows.
pub(super) type Related = (Id, Vec<Relating>);

/// Whether operations of other models ran, whose interceptors may have changed the written rows as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Links,
    Operations,
}

/// Applies the changes that the bodies of written rows ask for in related rows. Rows are unlinked and deleted first,
/// then linked, created and changed.
///
/// # Errors
/// 400 `InlineRecordNotFound`, or `ReferencedRecordNotFound` for rows that code names, if a row does not exist, is not
/// linked or is not within the caller's scope; otherwise the errors of the operation on the other model.
pub(super) async fn write_related(
    ctx: &mut Context<'_>,
    model: &Model,
    authority: Authority,
    rows: Vec<Related>,
) -> Result<Effect, ApiError> {
    let mut sorted: BTreeMap<usize, Sorted> = BTreeMap::new();
    for (id, relating) in rows {
        ctx.write.known.insert((model.meta.name, id));
        for Relating { relation, changes } in relating {
            let sorted = sorted.entry(relation).or_default();
            changes.into_iter().for_each(|change| sorted.add(id, change));
        }
    }
    let mut effect = Effect::Links;
    for (relation, sorted) in sorted {
        let end = RelationEnd::of(ctx, model, authority, relation)?;
        if sorted.operates() || matches!(end.link, RelationLink::Key(_)) {
            effect = Effect::Operations;
        }
        // Boxed, because operations call each other recursively, as deep as bodies nest.
        Box::pin(end.write(ctx, sorted)).await?;
    }
    Ok(effect)
}

/// Sorts rows by id, whatever their order in the body, so that requests that change the same rows wait for each other
/// but do not deadlock. Several changes of one row keep their order.
pub(super) fn in_order<T>(rows: impl Iterator<Item = (Id, T)>) -> Vec<(Id, T)> {
    let mut rows: Vec<(Id, T)> = rows.collect();
    rows.sort_by_key(|(id, _)| *id);
    rows
}

impl<'m> RelationEnd<'m> {
    async fn write(&self, ctx: &mut Context<'_>, sorted: Sorted) -> Result<(), ApiError> {
        let again = self.write_once(ctx, sorted, Repeats::Wait).await?;
        if again.is_empty() {
            return Ok(());
        }
        // A row created for the first of several elements that name it exists for the others now.
        self.write_once(ctx, again, Repeats::Make).await.map(drop)
    }

    /// Returns the elements that wait for a row that another element creates.
    async fn write_once(&self, ctx: &mut Context<'_>, sorted: Sorted, repeats: Repeats) -> Result<Sorted, ApiError> {
        let replaced = self.replaced(ctx, &sorted).await?;
        let Sorted { disconnect, delete, mut connect, mut create, mut update, connect_or_create, upsert, .. } = sorted;
        for (id, row_refs) in disconnect {
            self.disconnect(ctx, id, &row_refs).await?;
        }
        for (id, row_refs) in delete {
            self.delete(ctx, id, &row_refs).await?;
        }
        for Replaced { id, lost, gained, place } in replaced {
            self.replace(ctx, id, lost, &place).await?;
            connect.extend(gained.into_iter().map(|row_ref| (id, row_ref)));
        }
        let either = self.either(ctx, connect_or_create, upsert, repeats).await?;
        connect.extend(either.connect);
        create.extend(either.create);
        for (id, changes) in either.update {
            update.entry(id).or_default().extend(changes);
        }
        if !connect.is_empty() {
            self.connect(ctx, connect).await?;
        }
        if !create.is_empty() {
            self.create(ctx, create).await?;
        }
        for (id, wanted) in update {
            self.update(ctx, id, wanted).await?;
        }
        Ok(either.again)
    }

    async fn disconnect(&self, ctx: &mut Context<'_>, id: Id, row_refs: &[RowRef]) -> Result<(), ApiError> {
        match self.link {
            RelationLink::Key(field) => {
                let scope = scope_of(ctx, self.target, self.authority, Operation::UpdateOne)?;
                let others = locate(ctx, self.target, &scope, Some((self.link, id)), row_refs).await?;
                for (other, row_ref) in in_order(others.into_iter().zip(row_refs)) {
                    self.set_key(ctx, &scope, (other, &row_ref.place), field, None).await?;
                }
                Ok(())
            }
            RelationLink::Join(join) => {
                let others = self.joined(ctx, id, row_refs).await?;
                join.delete(ctx, self.model, id, &others).await
            }
        }
    }

    /// Finds the rows to unlink many to many. A row that the caller does not see stays linked, and the answer is that
    /// for a row that does not exist.
    async fn joined(&self, ctx: &Context<'_>, id: Id, row_refs: &[RowRef]) -> Result<Vec<Id>, ApiError> {
        if self.linking != Operation::FindOne {
            let scope = scope_of(ctx, self.target, self.authority, self.linking)?;
            return locate(ctx, self.target, &scope, Some((self.link, id)), row_refs).await;
        }
        let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
        let is_id = |row_ref: &RowRef| matches!(row_ref.key, Key::Id(_));
        let (ids, others): (Vec<RowRef>, Vec<RowRef>) = row_refs.iter().cloned().partition(is_id);
        let mut found =
            locate_each(ctx, self.target, &view, None, ids.iter().map(|row_ref| &row_ref.key).collect()).await?;
        found.extend(locate(ctx, self.target, &view, None, &others).await?.into_iter().map(Some));
        Ok(found.into_iter().flatten().collect())
    }

    async fn delete(&self, ctx: &mut Context<'_>, id: Id, row_refs: &[RowRef]) -> Result<(), ApiError> {
        let scope = scope_of(ctx, self.target, self.authority, Operation::DeleteOne)?;
        let others = locate(ctx, self.target, &scope, Some((self.link, id)), row_refs).await?;
        // A row may be named twice: by its id and by its unique fields.
        let others: BTreeMap<Id, &str> =
            others.into_iter().zip(row_refs.iter().map(|row_ref| row_ref.place.as_str())).collect();
        for (other, place) in others {
            ctx.core.operations.delete(ctx, self.target, &scope, (other, place)).await?;
        }
        Ok(())
    }

    async fn connect(&self, ctx: &mut Context<'_>, wanted: Vec<(Id, RowRef)>) -> Result<(), ApiError> {
        let (ids, row_refs): (Vec<Id>, Vec<RowRef>) = wanted.into_iter().unzip();
        let operation = match self.link {
            RelationLink::Key(_) => Operation::UpdateOne,
            RelationLink::Join(_) => self.linking,
        };
        let scope = scope_of(ctx, self.target, self.authority, operation)?;
        let others = locate(ctx, self.target, &scope, None, &row_refs).await?;
        match self.link {
            RelationLink::Key(field) => {
                for (other, (id, row_ref)) in in_order(others.into_iter().zip(ids.into_iter().zip(&row_refs))) {
                    self.set_key(ctx, &scope, (other, &row_ref.place), field, Some(id)).await?;
                }
                Ok(())
            }
            RelationLink::Join(join) => {
                join.insert(ctx, self.model, &ids.into_iter().zip(others).collect::<Vec<_>>()).await
            }
        }
    }

    async fn create(&self, ctx: &mut Context<'_>, wanted: Vec<(Id, Draft)>) -> Result<(), ApiError> {
        let scope = scope_of(ctx, self.target, self.authority, Operation::CreateOne)?;
        let (ids, mut drafts): (Vec<Id>, Vec<Draft>) = wanted.into_iter().unzip();
        if let RelationLink::Key(field) = self.link {
            drafts.iter_mut().zip(&ids).for_each(|(draft, id)| draft.input.set_key(field, Some(*id)));
        }
        let others = ctx.core.operations.create_each(ctx, self.target, &scope, drafts).await?;
        match self.link {
            RelationLink::Key(_) => Ok(()),
            RelationLink::Join(join) => {
                join.insert(ctx, self.model, &ids.into_iter().zip(others).collect::<Vec<_>>()).await
            }
        }
    }

    async fn update(&self, ctx: &mut Context<'_>, id: Id, wanted: Vec<(RowRef, Draft)>) -> Result<(), ApiError> {
        let (row_refs, drafts): (Vec<RowRef>, Vec<Draft>) = wanted.into_iter().unzip();
        let scope = scope_of(ctx, self.target, self.authority, Operation::UpdateOne)?;
        let others = locate(ctx, self.target, &scope, Some((self.link, id)), &row_refs).await?;
        for (other, (draft, row_ref)) in in_order(others.into_iter().zip(drafts.into_iter().zip(&row_refs))) {
            ctx.core.operations.update(ctx, self.target, &scope, (other, &row_ref.place), draft).await?;
        }
        Ok(())
    }

    /// Links or unlinks a row whose key is at the other end, as a change of that row.
    pub(super) async fn set_key(
        &self,
        ctx: &mut Context<'_>,
        scope: &Scope,
        other: (Id, &str),
        field: usize,
        to: Option<Id>,
    ) -> Result<(), ApiError> {
        let meta = self.target.meta;
        if meta.fields[field].immutable {
            return Err(ApiError::internal(format!("{}.{} cannot be changed", meta.name, meta.fields[field].name)));
        }
        let mut input = self.target.resource.no_update();
        input.set_key(field, to);
        ctx.core.operations.update(ctx, self.target, scope, other, Draft::complete(input)).await
    }
}
