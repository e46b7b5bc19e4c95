//! The access of a body to other models, and the rights that decide about it.

use std::cell::Cell;

use crate::error::ApiError;
use crate::meta::{FieldSet, ModelKind, ModelMeta, Operation};
use crate::model::Id;

/// The access of a body to rows of other models.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    pub(crate) rights: &'a dyn Rights,
    /// The account that `$me` defaults of nested bodies take.
    pub(crate) account: Option<Id>,
    /// Whether the row is the caller's own account, which callers may change without permission to change accounts.
    pub(crate) own: bool,
    pub(crate) form: Form,
    /// Whether the body is read twice: for a row that is created and for one that is changed.
    pub(crate) read_twice: bool,
    /// Prefix of the places in this body: `2.comments.0.`
    pub(crate) place: &'a str,
    /// The number of levels that may still be nested in this body.
    pub(crate) depth: u32,
    /// The number of rows that the whole request may still name.
    pub(crate) names: &'a Cell<u32>,
    /// Whether the excess of that number has been reported.
    pub(crate) excess_reported: &'a Cell<bool>,
}

impl Reach<'_> {
    /// Whether the body may nest rows of this model. The body of one's own account may not nest accounts, roles or
    /// permissions; it can only refer to them by id.
    pub(crate) fn leads_to(&self, target: &ModelMeta) -> bool {
        !self.own || target.kind == ModelKind::Ordinary
    }
}

/// The caller's rights in other models.
pub(crate) trait Rights {
    /// The fields of the model that the caller may read.
    ///
    /// # Errors
    /// 401 or 403 if the caller may read no row of the model.
    fn readable(&self, model: &str) -> Result<FieldSet, ApiError>;

    /// The fields of the caller's own account that its own routes show, whether or not the caller may read accounts.
    ///
    /// # Errors
    /// 500 if there is no such model.
    fn readable_of_oneself(&self, model: &str) -> Result<FieldSet, ApiError>;

    /// The fields that the caller may set in the operation.
    ///
    /// # Errors
    /// 401 or 403 if the operation is permitted on no row.
    fn writable(&self, model: &str, operation: Operation) -> Result<FieldSet, ApiError>;
}

/// Selects one of a model's two inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Create,
    Update,
}
