//! `PATCH /posts/{id}`

use super::nested::{Effect, Related, write_related};
use super::references::{Deletions, check_references, resolve_changed_references};
use super::version::{VersionedRecord, version};
use super::write::{Following, check_still_within, may_leave, prepare_update, set_clause, updated};
use super::{guard, refusal};
use crate::access::Scope;
use crate::context::hooks::HookPhase;
use crate::context::{Context, RowChange, RowWrite};
use crate::db::{RawRow, Row};
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::{Draft, Id, RowValues};
use crate::query::Model;

/// Updates a row with the model's validated `Update`; returns the row after the change.
///
/// # Errors
/// 404 when the row does not exist or is not visible, 403 when the change would move it out of the caller's scope.
pub(crate) async fn update_one(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
    mut draft: Draft,
) -> Result<VersionedRecord, ApiError> {
    guard::hold(ctx, model, scope).await?;
    let deletions = resolve_changed_references(ctx, model, scope, id, &mut draft).await?;
    let Draft { mut input, inline, is_last, .. } = draft;
    ctx.target = Some((model.meta.name, id));
    ctx.core.hooks(model).run(Operation::UpdateOne, HookPhase::Before, ctx, input.as_any()).await?;
    let mut row = model.resource.update_row(input);
    let relating = row.take_relating();
    prepare_update(ctx, model, &mut row)?;
    let checked = check_references(ctx, model, scope, std::slice::from_ref(&row)).await;
    checked.map_err(|refused| refusal::inline(refused.of_one(), &inline))?;
    let after_update = guard::before_update(ctx, model, id, &mut row).await?;
    let before = guard::rows_before(ctx, model, || model.sql.by_id(scope, id)).await?;
    let following = match is_last && relating.is_empty() && deletions.is_empty() && !may_leave(scope, &row) {
        true => Following::of_row(ctx, model, Operation::UpdateOne),
        false => Following::Statements,
    };
    let written = write(ctx, model, scope, (id, &row), following).await;
    let mut result = written.map_err(|error| refusal::inline(error, &inline))?;
    check_still_within(ctx, model, scope, id, &row).await?;
    if let Some(after_update) = after_update {
        after_update.finish(ctx, model).await?;
    }
    let related = !relating.is_empty();
    if related || !deletions.is_empty() {
        result = relate(ctx, model, scope, result, (id, relating), deletions).await?;
    }
    let change = RowChange { values: &row, before: &before };
    guard::check_row(ctx, model, scope, &result, RowWrite::Changed(change)).await?;
    if related {
        guard::check_row(ctx, model, scope, &result, RowWrite::Created).await?;
    }
    let mut record = model.resource.decode(&mut Row::new(&result))?;
    updated(ctx, model, &row, &result);
    ctx.target = Some((model.meta.name, id));
    let version = version(model, record.as_ref(), &scope.read);
    ctx.core.hooks(model).run(Operation::UpdateOne, HookPhase::After, ctx, record.as_mut()).await?;
    Ok(VersionedRecord { record, version })
}

/// Writes the related rows of a change. If interceptors ran meanwhile, the row is read again.
async fn relate(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    result: RawRow,
    related: Related,
    deletions: Deletions,
) -> Result<RawRow, ApiError> {
    let id = related.0;
    let effect = if deletions.is_empty() { Effect::Links } else { Effect::Operations };
    deletions.make(ctx, scope.authority.beyond()).await?;
    let written = write_related(ctx, model, scope.authority, vec![related]).await?;
    if (effect, written) == (Effect::Links, Effect::Links) {
        return Ok(result);
    }
    let again = ctx.source().one(model.sql.by_ids(&[id])).await?;
    again.ok_or_else(|| ApiError::not_found(model.meta.name))
}

/// Updates the row, or only reads and locks it if the patch changes no column: it must exist either way.
async fn write(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    (id, row): (Id, &RowValues),
    following: Following,
) -> Result<RawRow, ApiError> {
    let statement = if row.filled().next().is_none() {
        let mut select = model.sql.by_id(scope, id);
        select.push_for_update();
        select
    } else {
        let mut update = set_clause(model, row);
        model.sql.row(&mut update, scope, id);
        following.mark(update.returning(&model.sql.columns)).short()
    };
    let written = ctx.source().one(statement).await.map_err(|error| refusal::of_write(model.meta, error))?;
    written.ok_or_else(|| ApiError::not_found(model.meta.name))
}
