//! SQL for one page of a list.

use super::list::{ListQuery, Position};
use super::plan::TableSql;
use super::sql;
use crate::access::Scope;
use crate::db::Statement;

impl TableSql {
    /// One page of visible rows, and one row more, which shows whether another page follows.
    pub(crate) fn page(&self, scope: &Scope, query: &ListQuery) -> Statement {
        let mut statement = self.statement("");
        self.write_page(&mut statement, scope, query);
        statement
    }

    fn write_page(&self, statement: &mut Statement, scope: &Scope, query: &ListQuery) {
        statement.push(&self.select);
        self.matching(statement, scope, &query.filter);
        if let Position::After(after) = &query.position {
            sql::condition(statement.push(" AND "), self.table(), after);
        }
        sql::order(statement.push(" ORDER BY "), self.table(), &query.sort);
        statement.push(" LIMIT ").bind(i64::from(query.limit) + 1);
        statement.push(" OFFSET ").bind(i64::try_from(query.offset()).unwrap_or(i64::MAX));
    }

    /// The rows of `page`, each followed by the number of visible rows on all pages. That number is null, and no rows are
    /// counted, if it follows from the number of rows on the page.
    pub(crate) fn page_with_total(&self, scope: &Scope, query: &ListQuery) -> Statement {
        let mut statement = self.statement("WITH \"gable_page\" AS MATERIALIZED (");
        self.write_page(&mut statement, scope, query);
        statement.push(") SELECT *, ");
        if query.page().is_some() {
            statement
                .push("CASE WHEN (SELECT count(*) FROM \"gable_page\") > ")
                .bind(i64::from(query.limit))
                .push(" THEN (");
            self.write_total(&mut statement, scope, &query.filter);
            statement.push(") END");
        } else {
            self.write_total(statement.push("("), scope, &query.filter);
            statement.push(")");
        }
        // Named as no field can be, because PostgreSQL would otherwise sort by it instead of a column `count` or `case`.
        statement.push(" AS \"total of all\" FROM \"gable_page\" ORDER BY ");
        sql::order(&mut statement, self.table(), &query.sort);
        statement
    }
}
