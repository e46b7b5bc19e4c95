//! SQL for one page of a list.

use super::list::{ListQuery, Position};
use super::plan::TableSql;
use super::sql;
use crate::access::Scope;
use crate::db::Statement;

impl TableSql {
    /// One page of visible rows, and one row more, which shows whether another page follows.
    pub(crate) fn page(&self, scope: &Scope, query: &ListQuery) -> Statement {
        let mut statement = self.statement(self.select.as_str());
        self.matching(&mut statement, scope, &query.filter);
        if let Position::After(after) = &query.position {
            sql::condition(statement.push(" AND "), self.table(), after);
        }
        sql::order(statement.push(" ORDER BY "), self.table(), &query.sort);
        statement.push(" LIMIT ").bind(i64::from(query.limit) + 1);
        statement.push(" OFFSET ").bind(i64::try_from(query.offset()).unwrap_or(i64::MAX));
        statement
    }
}
