//! Why a filter is refused.

use crate::model::input::Mismatch;

/// Why a filter is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// An unknown field, relation or operator, or one that the caller may not see.
    Unknown,
    /// An unsupported spelling, with its replacement. Only for fields that the caller may read.
    Instead(&'static str),
    /// A comparison that is given twice.
    Repeated,
    /// A value of a wrong type, with the expected type.
    Mismatch(String),
    /// More relations in a path than this limit.
    TooDeep(u32),
    /// `AND`, `OR`, `NOT` and relations nested deeper than this limit.
    TooNested(u32),
    TooMany(u32),
    /// More values in a list than this limit.
    TooLong(u32),
}

impl From<Mismatch> for Refusal {
    fn from(Mismatch(expected): Mismatch) -> Self {
        Refusal::Mismatch(expected.into_owned())
    }
}
