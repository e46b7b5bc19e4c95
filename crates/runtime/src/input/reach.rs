//! How far a body may reach into other models, and who says so.

use std::cell::Cell;

use crate::access::FieldSet;
use crate::http::ApiError;
use crate::resource::{Id, ModelKind, ModelMeta, Operation};

/// How far a body may reach into other models.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    pub(crate) rights: &'a dyn Rights,
    /// Whose rows nested bodies make by default.
    pub(crate) account: Option<Id>,
    /// Whether the row is the caller's own account, which the caller need not be allowed to change otherwise.
    pub(crate) own: bool,
    pub(crate) form: Form,
    /// What stands before the places of this body: `2.comments.0.`
    pub(crate) place: &'a str,
    /// Bodies that may still be nested in this one.
    pub(crate) depth: u32,
    /// Rows that the whole body may still name.
    pub(crate) names: &'a Cell<u32>,
    /// Whether it was told that it names too many.
    pub(crate) told: &'a Cell<bool>,
}

impl Reach<'_> {
    /// Whether the body may say anything of rows of this model but which of them a key names. An account says nothing about
    /// accounts, or about what is given to them, by way of its own row.
    pub(crate) fn leads_to(&self, target: &ModelMeta) -> bool {
        !self.own || target.kind == ModelKind::Ordinary
    }
}

/// What a caller may do to rows of other models.
pub(crate) trait Rights {
    /// The fields of the model that the caller may read.
    ///
    /// # Errors
    /// 401 or 403 where they may look at none of its rows.
    fn readable(&self, model: &str) -> Result<FieldSet, ApiError>;

    /// The fields of their own account that the caller is shown as such, whoever may look at accounts.
    ///
    /// # Errors
    /// 500 where there is no such model.
    fn readable_of_oneself(&self, model: &str) -> Result<FieldSet, ApiError>;

    /// The fields that the caller may set in the operation.
    ///
    /// # Errors
    /// 401 or 403 where they may not do it to any row.
    fn writable(&self, model: &str, operation: Operation) -> Result<FieldSet, ApiError>;
}

/// Which of a model's two inputs a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Create,
    Update,
}
