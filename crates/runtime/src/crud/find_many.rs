//! `GET /posts`

use std::any::Any;

use crate::access::Scope;
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::hooks::Moment;
use crate::http::ApiError;
use crate::query::ListQuery;
use crate::resource::Operation;

/// One page of rows, and how many there are on all pages.
pub(crate) struct Page {
    /// `Vec<R>`
    pub(crate) records: Box<dyn Any>,
    pub(crate) total: u64,
    pub(crate) query: ListQuery,
}

pub(crate) async fn find_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut query: ListQuery,
) -> Result<Page, ApiError> {
    model.hooks.run(Operation::FindMany, Moment::Before, ctx, &mut query).await?;
    let results = ctx.source().all(model.sql.page(scope, &query)).await?;
    let total = match total_on_page(&query, results.len()) {
        Some(total) => total,
        None => count(ctx, model, scope, &query).await?,
    };
    let mut records = model.resource.decode_many(&mut results.iter().map(Row::new))?;
    model.hooks.run(Operation::FindMany, Moment::After, ctx, records.as_mut()).await?;
    Ok(Page { records, total, query })
}

/// A page that is not full is the last one, and tells the total; unless it is empty and not the first.
fn total_on_page(query: &ListQuery, rows: usize) -> Option<u64> {
    let rows = rows as u64;
    let last = rows < u64::from(query.limit) && (rows > 0 || query.page == 1);
    last.then(|| query.offset() + rows)
}

async fn count(ctx: &Context<'_>, model: &Model, scope: &Scope, query: &ListQuery) -> Result<u64, ApiError> {
    let counted = ctx.source().one(model.sql.total(scope, &query.filters)).await?;
    let total: i64 = counted.as_ref().map_or(Ok(0), |result| Row::new(result).next())?;
    Ok(total.unsigned_abs())
}
