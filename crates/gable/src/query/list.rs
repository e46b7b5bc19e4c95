//! `ListQuery`: a list request, checked and bounded.

use sea_orm::Value;

use super::condition::{Condition, Test};
use super::direction::Direction;
use super::selection::Selection;
use crate::error::ApiError;
use crate::meta::ModelMeta;

/// A list request, parsed and bounded: filter, order and page. All fields in it are visible to the caller.
///
/// Interceptors may narrow it, but never widen it. The access rules of the model apply in addition.
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use gable::{ApiError, Context, ListQuery};
///
/// /// Lists only one's own posts for requests with `X-Mine: yes`.
/// async fn mine(ctx: &mut Context<'_>, query: &mut ListQuery) -> Result<(), ApiError> {
///     if ctx.header("X-Mine") == Some("yes") {
///         let author: uuid::Uuid = ctx.account_id()?;
///         query.narrow("authorId", author)?;
///     }
///     Ok(())
/// }
///
/// fn install(post: &mut api::PostHooks) {
///     post.before_find_many(mine).before_delete_many(mine);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ListQuery {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) filter: Condition,
    /// Never empty once parsed: the id comes last, so that pages are stable.
    pub(crate) sort: Vec<(usize, Direction)>,
    pub(crate) position: Position,
    pub(crate) limit: u32,
    pub(crate) counting: Counting,
    /// Identifies the query, so that a cursor is accepted only for the query that produced it.
    pub(crate) fingerprint: String,
    pub(crate) selection: Selection,
}

/// Where a page begins.
#[derive(Clone, Debug)]
pub(crate) enum Position {
    /// From 1.
    Page(u32),
    /// After the row that a cursor names: the condition for the rows that follow it.
    After(Condition),
}

/// Whether the rows of all pages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    Total,
    Skipped,
}

impl ListQuery {
    /// Keeps only rows whose field has this value, in addition to the filter of the request. `field` is the JSON name:
    /// `authorId`. The field need not be visible to the caller.
    ///
    /// # Errors
    /// 500 if the model has no such field, which is a mistake in the interceptor.
    pub fn narrow(&mut self, field: &str, value: impl Into<Value>) -> Result<&mut Self, ApiError> {
        let field = self
            .meta
            .field_index(field)
            .ok_or_else(|| ApiError::internal(format!("{} has no field {field}", self.meta.name)))?;
        let filter = std::mem::replace(&mut self.filter, Condition::nothing());
        self.filter = filter.and(Condition::field(field, Test::Equals(value.into())));
        Ok(self)
    }

    /// Returns the number of the page, from 1; `None` if a cursor determines where the page begins.
    pub fn page(&self) -> Option<u32> {
        match self.position {
            Position::Page(page) => Some(page),
            Position::After(_) => None,
        }
    }

    /// Returns the maximum number of rows on the page.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Rows before the page; 0 with a cursor.
    pub(crate) fn offset(&self) -> u64 {
        u64::from(self.page().unwrap_or(1) - 1) * u64::from(self.limit)
    }
}
