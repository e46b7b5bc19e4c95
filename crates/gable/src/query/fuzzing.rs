//! The conditions of a query, for `crate::server::fuzzing`.

use super::condition::Condition;
use super::list::ListQuery;

impl ListQuery {
    /// The filter, its negation, and the condition that holds for every row.
    pub(crate) fn shares(&self) -> [Condition; 3] {
        [self.filter.clone(), Condition::Not(Box::new(self.filter.clone())), Condition::nothing()]
    }
}
