//! `ModelRules`: the rules of models whose rows the runtime itself reads, such as accounts and roles. `crud` calls them
//! around its writes and does not know accounts; `auth` implements them.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Context;
use crate::access::Scope;
use crate::db::RawRow;
use crate::error::ApiError;
use crate::model::{Id, RowValues};
use crate::query::Model;

/// How a row was written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RowWrite<'a> {
    /// A created or restored row, or a changed row with new links to other rows, which is also checked as `Changed`.
    Created,
    Changed(RowChange<'a>),
    Deleted,
}

/// An update of rows: the values that were set, and the rows before the update.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowChange<'a> {
    pub(crate) values: &'a RowValues,
    pub(crate) before: &'a BTreeMap<Id, RawRow>,
}

impl<'a> RowChange<'a> {
    /// Finds the row as it was before the change.
    ///
    /// # Errors
    /// 409 `ConcurrentUpdate` if the row was not read before the change: another request has written it in between.
    pub(crate) fn old(&self, id: Id) -> Result<&'a RawRow, ApiError> {
        let meanwhile = || ApiError::conflict("ConcurrentUpdate", "The row was changed meanwhile");
        self.before.get(&id).ok_or_else(meanwhile)
    }
}

/// The numbers of super users and denials before a deletion whose cascades may remove some of them. `None` if its
/// cascades cannot.
#[derive(Debug, Default)]
pub(crate) struct ProtectedRows {
    pub(crate) super_users: Option<i64>,
    pub(crate) denials: Option<i64>,
}

/// The rules of one model. All of them run inside the transaction of the write.
#[async_trait(?Send)]
pub(crate) trait ModelRules: Send + Sync {
    /// Runs before a row is updated, and may add values to the update. The result runs after the update.
    async fn before_update(
        &self,
        ctx: &Context<'_>,
        model: &Model,
        id: Id,
        row: &mut RowValues,
    ) -> Result<Option<Box<dyn AfterUpdate>>, ApiError>;

    /// Checks rows that one statement wrote or deleted.
    async fn check(
        &self,
        ctx: &Context<'_>,
        model: &Model,
        scope: &Scope,
        rows: &[RawRow],
        write: RowWrite<'_>,
    ) -> Result<(), ApiError>;

    /// Counts the protected rows that a deletion may remove by cascade.
    async fn before_delete(&self, ctx: &Context<'_>, model: &Model) -> Result<ProtectedRows, ApiError>;

    /// Compares the protected rows with those before the deletion.
    async fn after_delete(&self, ctx: &Context<'_>, scope: &Scope, before: ProtectedRows) -> Result<(), ApiError>;
}

/// The second half of an update, for example a mail about what has changed.
#[async_trait(?Send)]
pub(crate) trait AfterUpdate {
    async fn finish(self: Box<Self>, ctx: &mut Context<'_>, model: &Model) -> Result<(), ApiError>;
}
