//! The state of a write, from its body to its commit.

use std::collections::HashSet;

use super::Passwords;
use crate::access::Newcomer;
use crate::model::Id;

/// The state of a write. Interceptors do not see it.
pub(crate) struct WriteState {
    /// Rows that this request created or may change, by model: keys may point to them without a visibility check.
    pub(crate) known: HashSet<(&'static str, Id)>,
    /// The number of rows that the request may still unlink by `set`, besides those that its body names.
    pub(crate) nested_rows_left: u32,
    /// The account that signs up in this request, while its row is being written.
    pub(crate) newcomer: Option<Newcomer>,
    /// Passwords that were read: those that wait to be hashed, and those that are hashed.
    pub(crate) passwords: Passwords,
}

/// The state that a repeated attempt at a write starts from.
pub(crate) struct StartOfWrite {
    known: HashSet<(&'static str, Id)>,
    nested_rows_left: u32,
}

impl WriteState {
    pub(super) fn new(max_nested: u32) -> Self {
        Self { known: HashSet::new(), nested_rows_left: max_nested, newcomer: None, passwords: Passwords::default() }
    }

    pub(crate) fn start(&self) -> StartOfWrite {
        StartOfWrite { known: self.known.clone(), nested_rows_left: self.nested_rows_left }
    }

    /// Returns to the start of the write. Passwords stay hashed.
    pub(crate) fn restart(&mut self, start: &StartOfWrite) {
        self.known.clone_from(&start.known);
        self.nested_rows_left = start.nested_rows_left;
    }
}
