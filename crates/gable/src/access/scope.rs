//! `Scope`: the proof that an action is authorized, and the rows and fields that it is limited to.

use sea_orm::Value;
use serde::Serialize;

use crate::meta::{FieldSet, ModelMeta};

/// The outcome of authorization for one model and action. Every query of a model takes one; only `decide` makes one for
/// a caller, and `Scope::system` for the runtime's own work.
#[derive(Clone, Debug, Serialize)]
pub struct Scope {
    pub(crate) rows: RowRule,
    /// For updates and deletions: the rows that the caller may view. A row that is not visible cannot be changed.
    pub(crate) seen: RowRule,
    /// Fields that may leave the server.
    pub(crate) read: FieldSet,
    /// Fields that a body may set.
    pub(crate) write: FieldSet,
    pub(crate) authority: Authority,
}

/// Whose rights apply to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Authority {
    Caller,
    /// The application's own rights, which are unlimited.
    System,
    /// The application's rights for the row of the account that signs up or changes itself, and the rights of that
    /// account for all other rows.
    Own,
}

impl Authority {
    /// Whose rights apply to rows of other models that the write changes.
    pub(crate) fn beyond(self) -> Self {
        if self == Authority::Own { Authority::Caller } else { self }
    }
}

/// The rows that a scope covers. All other rows do not exist for the caller.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) enum RowRule {
    Every,
    /// Rows for which all terms of at least one group hold; no row if there is no group.
    AnyOf(Vec<Vec<Term>>),
}

/// The condition that a field equals a value; `None` is NULL.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Term {
    pub(crate) field: usize,
    #[serde(serialize_with = "crate::meta::canonical::value")]
    pub(crate) value: Option<Value>,
}

impl Term {
    /// Whether a field with this value satisfies the term. A typed NULL counts as `None`.
    pub(crate) fn admits(&self, meta: &ModelMeta, value: Option<&Value>) -> bool {
        let compared = |value: &Value| meta.fields[self.field].folded(value.clone());
        value.filter(|value| **value != value.as_null()).map(compared) == self.value.as_ref().map(compared)
    }
}

impl Scope {
    /// A scope of all rows and fields, including private ones. For migrations, jobs and the auth core only.
    pub(crate) fn system() -> Self {
        let all: FieldSet = (0..256).collect();
        Self { rows: RowRule::Every, seen: RowRule::Every, read: all, write: all, authority: Authority::System }
    }

    /// The scope of an account that signs up or changes its own row. The fields are limited by `FieldMasks::own`, when
    /// the body is read.
    pub(crate) fn own() -> Self {
        Self { authority: Authority::Own, ..Self::system() }
    }
}

impl RowRule {
    /// Whether the rule covers a row; `value` returns the value of a field by its position, `None` for NULL.
    pub(crate) fn admits<'v>(&self, meta: &ModelMeta, value: impl Fn(usize) -> Option<&'v Value>) -> bool {
        match self {
            RowRule::Every => true,
            RowRule::AnyOf(groups) => {
                groups.iter().any(|terms| terms.iter().all(|term| term.admits(meta, value(term.field))))
            }
        }
    }

    /// Narrows the rule to rows for which `more` holds as well; to no row if `more` is `None`.
    pub(super) fn narrow(&mut self, more: Option<Vec<Term>>) {
        match (&mut *self, more) {
            (_, None) => *self = RowRule::AnyOf(Vec::new()),
            (RowRule::Every, Some(more)) => *self = RowRule::AnyOf(vec![more]),
            (RowRule::AnyOf(groups), Some(more)) => groups.iter_mut().for_each(|terms| terms.extend(more.clone())),
        }
    }

    /// Whether the rule depends on this field.
    pub(crate) fn reads(&self, field: usize) -> bool {
        match self {
            RowRule::Every => false,
            RowRule::AnyOf(groups) => groups.iter().flatten().any(|term| term.field == field),
        }
    }
}
