//! `GET /posts`

use std::any::Any;

use crate::access::Scope;
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::{RawRow, Row};
use crate::error::ApiError;
use crate::meta::Operation;
use crate::query::{Counting, ListQuery, Model, cursor_after};

/// One page of rows.
pub(crate) struct Page {
    /// `Vec<R>`, as interceptors have left it; `None` if there are none, so that the rows are not decoded.
    pub(crate) records: Option<Box<dyn Any>>,
    /// The number of rows on all pages; `None` if counting was skipped.
    pub(crate) total: Option<u64>,
    pub(crate) has_next: bool,
    /// The cursor of the next page, if there is one and a cursor can express its position.
    pub(crate) next: Option<String>,
    pub(crate) query: ListQuery,
    /// The rows from the database, from which includes are loaded.
    pub(crate) rows: Vec<RawRow>,
}

pub(crate) async fn find_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut query: ListQuery,
) -> Result<Page, ApiError> {
    ctx.core.hooks(model).run(Operation::FindMany, HookPhase::Before, ctx, &mut query).await?;
    let statement = match query.counting {
        Counting::Total => model.sql.page_with_total(scope, &query),
        Counting::Skipped => model.sql.page(scope, &query),
    };
    let mut results = ctx.answer.read(ctx.source(), statement).await?;
    let total = match total_on_page(&query, results.len()) {
        Some(total) => Some(total),
        None if query.counting == Counting::Skipped => None,
        None => Some(match results.first() {
            Some(row) => counted(Row::skipping(row, model.meta.fields.len()))?,
            None => count(ctx, model, scope, &query).await?,
        }),
    };
    let limit = query.limit as usize;
    let has_next = results.len() > limit;
    results.truncate(limit);
    let next = match results.last().filter(|_| has_next) {
        Some(last) => cursor_after(&ctx.core.secrets, &query, last)?,
        None => None,
    };
    let mut records = None;
    if !ctx.core.hooks(model).is_empty(Operation::FindMany, HookPhase::After) {
        let records = records.insert(model.resource.decode_many(&mut results.iter().map(Row::new))?);
        ctx.core.hooks(model).run(Operation::FindMany, HookPhase::After, ctx, records.as_mut()).await?;
    }
    Ok(Page { records, total, has_next, next, query, rows: results })
}

/// Derives the total from the last page without counting. Not possible if that page is empty and not the first, or if
/// the query continues from a cursor, as the rows before it are not known.
fn total_on_page(query: &ListQuery, rows: usize) -> Option<u64> {
    let page = query.page().filter(|_| query.counting == Counting::Total)?;
    let rows = rows as u64;
    let last = rows <= u64::from(query.limit) && (rows > 0 || page == 1);
    last.then(|| query.offset() + rows)
}

async fn count(ctx: &Context<'_>, model: &Model, scope: &Scope, query: &ListQuery) -> Result<u64, ApiError> {
    let result = ctx.source().one(model.sql.total(scope, &query.filter)).await?;
    result.as_ref().map(Row::new).map_or(Ok(0), counted)
}

fn counted(mut row: Row<'_>) -> Result<u64, ApiError> {
    Ok(row.next::<i64>()?.unsigned_abs())
}
