//! `set`: makes a relation lead to exactly these rows.

use std::collections::{BTreeMap, BTreeSet};

use super::locate::{RelationLink, locate, locate_each, scope_of};
use super::relation_end::RelationEnd;
use super::sorted::Sorted;
use crate::access::Scope;
use crate::context::Context;
use crate::db::Row;
use crate::error::{ApiError, Problem};
use crate::meta::Operation;
use crate::model::{Id, Key, Replacement, RowRef, id_from};
use crate::text::upper_first;

/// The effect of a replacement on one written row.
pub(super) struct Replaced {
    pub(crate) id: Id,
    /// Rows to unlink.
    pub(super) lost: BTreeSet<Id>,
    /// Rows to link.
    pub(super) gained: Vec<RowRef>,
    /// Place of the relation in the body of the request.
    pub(super) place: String,
}

impl RelationEnd<'_> {
    /// Compares the linked rows with those that `set` names. Rows that the caller does not see stay linked.
    ///
    /// # Errors
    /// 400 for a row that does not exist, for a row that the body also unlinks, and where more rows would be unlinked
    /// than a request may name.
    pub(super) async fn replaced(&self, ctx: &mut Context<'_>, sorted: &Sorted) -> Result<Vec<Replaced>, ApiError> {
        let mut replaced = Vec::with_capacity(sorted.set.len());
        if sorted.set.is_empty() {
            return Ok(replaced);
        }
        let view = scope_of(ctx, self.target, self.authority, Operation::FindOne)?;
        for (id, Replacement { rows, place }) in &sorted.set {
            // A row that is named twice is linked once.
            let found = locate(ctx, self.target, &view, None, rows).await?;
            let wanted: BTreeMap<Id, &RowRef> = found.into_iter().zip(rows).collect();
            let unlinked = self.linked_among(ctx, &view, *id, sorted.unlinked(*id)).await?;
            if unlinked.iter().any(|other| wanted.contains_key(other)) {
                return Err(contradicted(place));
            }
            let besides = &self.linked_among(ctx, &view, *id, sorted.linked_besides(*id)).await? | &unlinked;
            // One row more than may be unlinked is enough to detect that there are too many.
            let most = ctx.write.nested_rows_left as usize + wanted.len() + besides.len() + 1;
            let linked = self.linked(ctx, &view, *id, most).await?;
            let stay = |other: &Id| wanted.contains_key(other) || besides.contains(other);
            let lost: BTreeSet<Id> = linked.iter().copied().filter(|other| !stay(other)).collect();
            charge(ctx, lost.len(), place)?;
            let gained = wanted.into_iter().filter(|(other, _)| !linked.contains(other));
            let gained = gained.map(|(other, row_ref)| RowRef { key: Key::Id(other), place: row_ref.place.clone() });
            replaced.push(Replaced { id: *id, lost, gained: gained.collect(), place: place.clone() });
        }
        Ok(replaced)
    }

    /// The rows among these keys that are linked.
    async fn linked_among(
        &self,
        ctx: &Context<'_>,
        view: &Scope,
        id: Id,
        keys: Vec<&Key>,
    ) -> Result<BTreeSet<Id>, ApiError> {
        let found = locate_each(ctx, self.target, view, Some((self.link, id)), keys).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// At most `most` of the linked rows that the caller sees.
    async fn linked(&self, ctx: &Context<'_>, view: &Scope, id: Id, most: usize) -> Result<BTreeSet<Id>, ApiError> {
        let mut select = self.target.sql.ids(view);
        match self.link {
            RelationLink::Key(field) => {
                select.push(" AND ").identifier(self.target.meta.fields[field].column).push(" = ").bind(id);
            }
            RelationLink::Join(join) => {
                select.push(" AND \"id\" IN (SELECT ").identifier(join.target_column).push(" FROM ");
                select.identifier(join.table).push(" WHERE ").identifier(join.this_column).push(" = ").bind(id);
                select.push(")");
            }
        }
        select.push(&format!(" LIMIT {most}"));
        let mut linked = BTreeSet::new();
        for row in &ctx.source().all(select).await? {
            linked.insert(id_from(&mut Row::new(row), self.target.meta.id)?);
        }
        Ok(linked)
    }

    /// Unlinks rows as `disconnect` does.
    ///
    /// # Errors
    /// 400 if their key cannot be null, 403 for a row that the caller sees but may not change.
    pub(super) async fn replace(
        &self,
        ctx: &mut Context<'_>,
        id: Id,
        lost: BTreeSet<Id>,
        place: &str,
    ) -> Result<(), ApiError> {
        if lost.is_empty() {
            return Ok(());
        }
        match self.link {
            RelationLink::Join(join) if self.linking == Operation::FindOne => {
                join.delete(ctx, self.model, id, &lost.into_iter().collect::<Vec<_>>()).await
            }
            RelationLink::Join(join) => {
                let scope = scope_of(ctx, self.target, self.authority, self.linking)?;
                let others = self.changeable(ctx, &scope, id, lost).await?;
                join.delete(ctx, self.model, id, &others).await
            }
            RelationLink::Key(field) if !self.target.meta.fields[field].optional => {
                Err(orphaned(place, self.target.meta.fields[field].name))
            }
            RelationLink::Key(field) => {
                let scope = scope_of(ctx, self.target, self.authority, Operation::UpdateOne)?;
                for other in self.changeable(ctx, &scope, id, lost).await? {
                    self.set_key(ctx, &scope, (other, place), field, None).await?;
                }
                Ok(())
            }
        }
    }

    /// Checks that all these linked rows are within the scope, and returns their ids.
    async fn changeable(
        &self,
        ctx: &Context<'_>,
        scope: &Scope,
        id: Id,
        rows: BTreeSet<Id>,
    ) -> Result<Vec<Id>, ApiError> {
        let keys: Vec<Key> = rows.into_iter().map(Key::Id).collect();
        let others = locate_each(ctx, self.target, scope, Some((self.link, id)), keys.iter().collect()).await?;
        others.into_iter().map(|other| other.ok_or_else(ApiError::not_enough_permissions)).collect()
    }
}

/// Counts unlinked rows against the number of rows that one request may name.
fn charge(ctx: &mut Context<'_>, rows: usize, place: &str) -> Result<(), ApiError> {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    match ctx.write.nested_rows_left.checked_sub(rows) {
        Some(left) => {
            ctx.write.nested_rows_left = left;
            Ok(())
        }
        None => {
            let message = format!("'{}' would unlink more records than one request may", name_of(place));
            Err(refused(place, "MaxNestedConstraint", message))
        }
    }
}

fn contradicted(place: &str) -> ApiError {
    let message = format!("'{}' links a record and unlinks it", name_of(place));
    refused(place, "AmbiguousReference", message)
}

fn orphaned(place: &str, key: &str) -> ApiError {
    let message = format!(
        "'{}' would leave records without '{key}', which cannot be null: delete them, or give them to another record",
        name_of(place)
    );
    refused(place, "RequiredConstraint", message)
}

fn refused(place: &str, constraint: &str, message: String) -> ApiError {
    let code = format!("{}{constraint}", upper_first(name_of(place)));
    ApiError::invalid_body(vec![Problem { field: place.to_owned(), code, message }])
}

/// The name of the relation: the last segment of its place.
fn name_of(place: &str) -> &str {
    place.rsplit('.').next().unwrap_or(place)
}
