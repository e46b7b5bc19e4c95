//! `Scope`: the proof that somebody may do something, and the limits within which.

use sea_orm::Value;
use serde::Serialize;

use super::FieldSet;
use crate::resource::ModelMeta;

/// The outcome of authorization for one model and action. Every query of a model takes one; only `decide` makes one for
/// a caller, and `Scope::system` for the runtime's own work.
#[derive(Clone, Debug, Serialize)]
pub struct Scope {
    pub(crate) rows: RowRule,
    /// For changes and deletions: the rows that the caller sees. What is hidden cannot be changed either.
    pub(crate) seen: RowRule,
    /// Fields that may leave the server.
    pub(crate) read: FieldSet,
    /// Fields that a body may set.
    pub(crate) write: FieldSet,
    pub(crate) authority: Authority,
}

/// Whose rights a scope stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Authority {
    Caller,
    /// The application's own.
    System,
    /// The application's own in the row of the account that signs up or changes itself, and the account's in all other rows.
    Own,
}

impl Authority {
    /// Whose rights count for rows of other models that the write reaches.
    pub(crate) fn beyond(self) -> Self {
        if self == Authority::Own { Authority::Caller } else { self }
    }
}

/// Which rows are visible. A hidden row does not exist for the caller.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) enum RowRule {
    Every,
    /// Rows for which all terms of at least one group hold. No group: no row.
    AnyOf(Vec<Vec<Term>>),
}

/// One column equals one value; `None` is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Term {
    pub(crate) field: usize,
    #[serde(serialize_with = "crate::canonical::value")]
    pub(crate) value: Option<Value>,
}

impl Term {
    /// Whether a column with this value is as the term wants it; a null of any type is none.
    pub(crate) fn admits(&self, meta: &ModelMeta, value: Option<&Value>) -> bool {
        let compared = |value: &Value| meta.fields[self.field].folded(value.clone());
        value.filter(|value| **value != value.as_null()).map(compared) == self.value.as_ref().map(compared)
    }
}

impl Scope {
    /// Every row and field, private ones too. For migrations, jobs and the auth core only.
    pub(crate) fn system() -> Self {
        let all: FieldSet = (0..256).collect();
        Self { rows: RowRule::Every, seen: RowRule::Every, read: all, write: all, authority: Authority::System }
    }

    /// An account's own row, by sign-up or by its own change. Its body is read under `FieldMasks::own`.
    pub(crate) fn own() -> Self {
        Self { authority: Authority::Own, ..Self::system() }
    }
}

impl RowRule {
    /// Whether a row with these values is within the rule; `value` gives a column's value, `None` for null.
    pub(crate) fn admits<'v>(&self, meta: &ModelMeta, value: impl Fn(usize) -> Option<&'v Value>) -> bool {
        match self {
            RowRule::Every => true,
            RowRule::AnyOf(groups) => {
                groups.iter().any(|terms| terms.iter().all(|term| term.admits(meta, value(term.field))))
            }
        }
    }

    /// Keeps only rows for which these terms hold as well; no row without terms.
    pub(super) fn narrow(&mut self, more: Option<Vec<Term>>) {
        match (&mut *self, more) {
            (_, None) => *self = RowRule::AnyOf(Vec::new()),
            (RowRule::Every, Some(more)) => *self = RowRule::AnyOf(vec![more]),
            (RowRule::AnyOf(groups), Some(more)) => groups.iter_mut().for_each(|terms| terms.extend(more.clone())),
        }
    }

    /// Whether the rule looks at this column.
    pub(crate) fn reads(&self, field: usize) -> bool {
        match self {
            RowRule::Every => false,
            RowRule::AnyOf(groups) => groups.iter().flatten().any(|term| term.field == field),
        }
    }
}
