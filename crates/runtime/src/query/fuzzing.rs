//! A query taken apart for `crate::fuzzing`.

use super::condition::Condition;
use super::list::ListQuery;

impl ListQuery {
    /// What it keeps, what it leaves, and everything.
    pub(crate) fn shares(&self) -> [Condition; 3] {
        [self.filter.clone(), Condition::Not(Box::new(self.filter.clone())), Condition::nothing()]
    }
}
