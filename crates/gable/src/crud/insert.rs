//! INSERT: fills in server-set fields, uses as few statements as possible, and finds the rows that caused an error.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::guard;
use super::nested::{Effect, Related, write_related};
use super::references::check_references;
use super::refusal::{self, Refusal};
use super::write::{Following, check_decimals, normalize_addresses, touched};
use crate::access::{Authority, Newcomer, Scope};
use crate::context::{Context, RowWrite};
use crate::db::{DbError, RawRow, Savepoint, Statement};
use crate::error::ApiError;
use crate::meta::{IdKind, Origin, limits};
use crate::model::{Id, Relating, RowValues};
use crate::query::Model;

/// Inserts rows and writes the related rows that their bodies ask for, in as few statements as their columns allow.
/// Returns all columns of each row, in the same order. `following` is what follows the INSERT of a single row without
/// related ones.
///
/// # Errors
/// Every refused row, up to the first statement that fails.
pub(super) async fn insert_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut rows: Vec<RowValues>,
    following: Following,
) -> Result<Vec<RawRow>, Refusal> {
    guard::hold(ctx, model, scope).await?;
    let mut relating = Vec::with_capacity(rows.len());
    let mut refused = Vec::new();
    for (index, row) in rows.iter_mut().enumerate() {
        relating.push(row.take_relating());
        if let Err(error) = prepare(ctx, model, scope, row).await {
            refused.push((index, error));
        }
    }
    Refusal::unless_empty(refused)?;
    check_references(ctx, model, scope, &rows).await?;
    let is_alone = rows.len() == 1 && relating.iter().all(Vec::is_empty);
    let following = if is_alone { following } else { Following::Statements };
    let mut results = Vec::with_capacity(rows.len());
    for alike in rows.chunk_by(|one, other| columns(one).eq(columns(other))) {
        for chunk in alike.chunks((MAX_BOUND_VALUES / columns(&alike[0]).count().max(1)).max(1)) {
            let before = results.len();
            results
                .extend(insert_alike(ctx, model, chunk, following).await.map_err(|refusal| refusal.shifted(before))?);
        }
    }
    relate(ctx, model, scope, relating, &mut results).await?;
    let mut refused = Vec::new();
    for (index, result) in results.iter().enumerate() {
        if let Err(error) = guard::check_row(ctx, model, scope, result, RowWrite::Created).await {
            refused.push((index, error));
        }
        touched(ctx, model, result);
    }
    Refusal::unless_empty(refused)?;
    Ok(results)
}

/// Writes the related rows of new rows. If interceptors ran meanwhile, the new rows are read again.
async fn relate(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    relating: Vec<Vec<Relating>>,
    results: &mut [RawRow],
) -> Result<(), ApiError> {
    let mut related = Vec::new();
    for (result, relating) in results.iter().zip(relating).filter(|(_, relating)| !relating.is_empty()) {
        related.push((model.row_id(result)?, relating));
    }
    if related.is_empty() || write_others(ctx, model, scope, related).await? == Effect::Links {
        return Ok(());
    }
    let mut ids = Vec::with_capacity(results.len());
    for result in results.iter() {
        ids.push(model.row_id(result)?);
    }
    let mut again = BTreeMap::new();
    for chunk in ids.chunks(MAX_BOUND_VALUES) {
        for result in ctx.source().all(model.sql.by_ids(chunk)).await? {
            again.insert(model.row_id(&result)?, result);
        }
    }
    for (result, id) in results.iter_mut().zip(ids) {
        *result = again.remove(&id).ok_or_else(|| ApiError::not_found(model.meta.name))?;
    }
    Ok(())
}

/// Writes related rows. Those in the body of an account that signs up are written with the rights of that account.
async fn write_others(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    related: Vec<Related>,
) -> Result<Effect, ApiError> {
    if scope.authority != Authority::Own {
        return write_related(ctx, model, scope.authority, related).await;
    }
    if let (Some(newcomer), Some((account, _))) = (&mut ctx.write.newcomer, related.first()) {
        newcomer.set_account(*account);
    }
    ctx.as_newcomer(async |ctx| write_related(ctx, model, scope.authority, related).await).await
}

/// Inserts a row of the runtime's own, without interceptors and checks.
pub(crate) async fn insert_as_is(ctx: &mut Context<'_>, model: &Model, mut row: RowValues) -> Result<Id, ApiError> {
    fill(ctx, model, &mut row);
    let written = ctx.source().one(insert_statement(model, &[row])).await;
    let written = written.map_err(|error| refusal::of_write(model.meta, error))?;
    let result = written.ok_or_else(|| ApiError::internal("an INSERT answered with no row"))?;
    touched(ctx, model, &result);
    Ok(model.row_id(&result)?)
}

/// Number of rows that one statement inserts in well under a millisecond.
const FEW_ROWS: usize = 8;
const MAX_BOUND_VALUES: usize = limits::MAX_BOUND_VALUES as usize;

/// The columns that a row sets.
fn columns(row: &RowValues) -> impl Iterator<Item = usize> {
    row.filled().map(|(field, _)| field)
}

/// Inserts rows that set the same columns. Neither database guarantees the order of RETURNING, so results are sorted by
/// id: ids that the server generates ascend from row to row, and so do those of a sequence.
async fn insert_alike(
    ctx: &Context<'_>,
    model: &Model,
    rows: &[RowValues],
    following: Following,
) -> Result<Vec<RawRow>, Refusal> {
    if rows.len() == 1 || columns(&rows[0]).next().is_none() {
        return one_by_one(ctx, model, rows, following).await;
    }
    let point = Savepoint::set(ctx.open_transaction()?).await?;
    let written = match ctx.source().all(insert_statement(model, rows)).await {
        Err(error @ (DbError::Unique(_) | DbError::ForeignKey)) => {
            point.roll_back(ctx.open_transaction()?).await?;
            return Err(blame(ctx, model, rows, error).await?);
        }
        written => written?,
    };
    point.release(ctx.open_transaction()?).await?;
    let mut placed = Vec::with_capacity(written.len());
    for result in written {
        placed.push((model.row_id(&result)?, result));
    }
    placed.sort_by_key(|(id, _)| *id);
    if placed.len() == rows.len() {
        Ok(placed.into_iter().map(|(_, result)| result).collect())
    } else {
        Err(ApiError::internal("an INSERT answered with fewer rows than it wrote").into())
    }
}

/// Inserts row by row, for a single row or for rows of defaults alone: SQL cannot insert several such rows at once.
async fn one_by_one(
    ctx: &Context<'_>,
    model: &Model,
    rows: &[RowValues],
    following: Following,
) -> Result<Vec<RawRow>, Refusal> {
    let mut results = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        match insert_one(ctx, model, row, following).await? {
            Ok(result) => results.push(result),
            Err(error) => return Err(Refusal::Rows(vec![(index, refusal::of_write(model.meta, error))])),
        }
    }
    Ok(results)
}

/// Finds the rows that made a statement fail: databases do not report which of many it was, so each is tried alone.
async fn blame(ctx: &Context<'_>, model: &Model, rows: &[RowValues], whole: DbError) -> Result<Refusal, ApiError> {
    let mut refused = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let point = Savepoint::set(ctx.open_transaction()?).await?;
        match insert_one(ctx, model, row, Following::Statements).await? {
            Ok(_) => point.release(ctx.open_transaction()?).await?,
            Err(error) => {
                point.roll_back(ctx.open_transaction()?).await?;
                refused.push((index, refusal::of_write(model.meta, error)));
            }
        }
    }
    // Each row may succeed alone if the conflicting row has gone meanwhile.
    Ok(Refusal::unless_empty(refused).err().unwrap_or_else(|| Refusal::Other(refusal::of_write(model.meta, whole))))
}

/// Inserts one row; the inner error is a violated unique index or foreign key.
async fn insert_one(
    ctx: &Context<'_>,
    model: &Model,
    row: &RowValues,
    following: Following,
) -> Result<Result<RawRow, DbError>, ApiError> {
    match ctx.source().one(following.mark(insert_statement(model, std::slice::from_ref(row)))).await {
        Ok(Some(result)) => Ok(Ok(result)),
        Ok(None) => Err(ApiError::internal("an INSERT answered with no row")),
        Err(error @ (DbError::Unique(_) | DbError::ForeignKey)) => Ok(Err(error)),
        Err(error) => Err(error.into()),
    }
}

/// Fills in the fields that the server sets, and checks decimals and the caller's row rule.
async fn prepare(ctx: &mut Context<'_>, model: &Model, scope: &Scope, row: &mut RowValues) -> Result<(), ApiError> {
    for (field, password) in row.take_passwords() {
        let hash = ctx.write.passwords.take(ctx.core, ctx.origin(), password).await?;
        row.set(field, hash);
    }
    fill(ctx, model, row);
    if let (Authority::Own, Some(Id::Uuid(id))) = (scope.authority, newcomers_id(ctx)) {
        row.set(0, id);
    }
    normalize_addresses(model, row);
    check_decimals(ctx, model, row)?;
    if scope.rows.admits(model.meta, |field| row.get(field)) { Ok(()) } else { Err(ApiError::not_enough_permissions()) }
}

fn newcomers_id(ctx: &Context<'_>) -> Option<Id> {
    ctx.write.newcomer.as_ref().and_then(Newcomer::account)
}

/// Sets the id and times of a new row. Fields that stay empty take the default of their column.
fn fill(ctx: &Context<'_>, model: &Model, row: &mut RowValues) {
    for (position, field) in model.meta.fields.iter().enumerate() {
        match field.origin {
            Origin::Id if model.meta.id == IdKind::Uuid => row.set(position, Uuid::now_v7()),
            Origin::CreatedAt | Origin::UpdatedAt => row.set(position, ctx.now),
            _ => {}
        }
    }
}

/// Builds the INSERT of at least one row; all rows must set the same columns.
fn insert_statement(model: &Model, rows: &[RowValues]) -> Statement {
    let mut insert = model.sql.statement("INSERT INTO ");
    insert.identifier(model.meta.table);
    if rows.iter().all(|row| columns(row).next().is_none()) {
        insert.push(" DEFAULT VALUES");
    } else {
        insert.push(" (");
        insert.join(", ", rows.iter().take(1).flat_map(columns), |insert, field| {
            insert.identifier(model.meta.fields[field].column)
        });
        insert.push(") ").rows(rows.iter().map(|row| row.filled().map(|(_, value)| value)));
    }
    let insert = insert.returning(&model.sql.columns);
    if rows.len() > FEW_ROWS { insert } else { insert.short() }
}
