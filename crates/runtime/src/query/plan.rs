//! SQL text for one model. What does not depend on the request is written once, at start.

use std::collections::BTreeSet;

use sea_orm::Value;

use crate::access::{RowRule, Scope, Term};
use crate::db::{Dialect, Statement, quote};
use crate::query::list::{Direction, Filter, ListQuery};
use crate::resource::{Id, ModelMeta};

/// The parts of a model's statements that never change.
#[derive(Debug)]
pub(crate) struct TableSql {
    meta: &'static ModelMeta,
    dialect: Dialect,
    /// `"id", "title", …` in table order, as `Resource::decode` reads them.
    pub(crate) columns: String,
    select: String,
    count: String,
}

impl TableSql {
    pub(crate) fn new(meta: &'static ModelMeta, dialect: Dialect) -> Self {
        let mut columns = String::new();
        for (position, field) in meta.fields.iter().enumerate() {
            columns.push_str(if position > 0 { ", " } else { "" });
            quote(field.column, &mut columns);
        }
        let select = format!("SELECT {columns} FROM \"{}\" WHERE ", meta.table);
        let count = format!("SELECT count(*) FROM \"{}\" WHERE ", meta.table);
        Self { meta, dialect, columns, select, count }
    }

    pub(crate) fn statement(&self, sql: impl Into<String>) -> Statement {
        Statement::new(self.dialect, sql)
    }

    /// One visible row.
    pub(crate) fn by_id(&self, scope: &Scope, id: Id) -> Statement {
        let mut statement = self.statement(self.select.as_str());
        self.row(&mut statement, scope, id);
        statement
    }

    /// One page of visible rows.
    pub(crate) fn page(&self, scope: &Scope, query: &ListQuery) -> Statement {
        let mut statement = self.statement(self.select.as_str());
        self.matching(&mut statement, scope, &query.filters);
        statement.push(" ORDER BY ").join(", ", &query.sort, |statement, (field, direction)| {
            // SQLite and PostgreSQL disagree on where nulls stand, so it is said.
            let order = if *direction == Direction::Descending { " DESC" } else { "" };
            let nulls = match (self.meta.fields[*field].optional, *direction) {
                (false, _) => "",
                (true, Direction::Ascending) => " NULLS FIRST",
                (true, Direction::Descending) => " NULLS LAST",
            };
            statement.identifier(self.meta.fields[*field].column).push(order).push(nulls)
        });
        statement.push(" LIMIT ").bind(i64::from(query.limit));
        statement.push(" OFFSET ").bind(i64::try_from(query.offset()).unwrap_or(i64::MAX));
        statement
    }

    /// How many visible rows there are on all pages.
    pub(crate) fn total(&self, scope: &Scope, filters: &[Filter]) -> Statement {
        let mut statement = self.statement(self.count.as_str());
        self.matching(&mut statement, scope, filters);
        statement
    }

    /// How many of these rows are visible.
    pub(crate) fn visible_among(&self, scope: &Scope, ids: &BTreeSet<Id>) -> Statement {
        let mut statement = self.statement(self.count.as_str());
        statement.push("\"id\" IN (").join(", ", ids, |statement, id| statement.bind(*id)).push(")");
        self.visible(&mut statement, scope);
        statement
    }

    /// The condition for one visible row.
    pub(crate) fn row(&self, statement: &mut Statement, scope: &Scope, id: Id) {
        statement.push("\"id\" = ").bind(id);
        self.visible(statement, scope);
    }

    /// The condition for one row that is marked deleted, and would be visible if it were not.
    pub(crate) fn deleted_row(&self, statement: &mut Statement, scope: &Scope, id: Id) {
        statement.push("\"id\" = ").bind(id).push(" AND \"deleted_at\" IS NOT NULL");
        self.within(statement, &scope.rows);
        self.within(statement, &scope.seen);
    }

    /// The condition for the visible rows that the filters keep.
    pub(crate) fn matching(&self, statement: &mut Statement, scope: &Scope, filters: &[Filter]) {
        statement.push("1 = 1");
        for filter in filters {
            statement.push(" AND ");
            self.equals(statement, filter.field, filter.value.as_ref());
        }
        self.visible(statement, scope);
    }

    /// What hides rows: soft deletion and the Scope's row rule.
    fn visible(&self, statement: &mut Statement, scope: &Scope) {
        if self.meta.soft_delete {
            statement.push(" AND \"deleted_at\" IS NULL");
        }
        self.within(statement, &scope.rows);
        self.within(statement, &scope.seen);
    }

    fn within(&self, statement: &mut Statement, rule: &RowRule) {
        match rule {
            RowRule::Every => {}
            RowRule::AnyOf(groups) if groups.is_empty() => {
                statement.push(" AND 1 = 0");
            }
            RowRule::AnyOf(groups) => {
                statement
                    .push(" AND (")
                    .join(" OR ", groups, |statement, terms| self.group(statement, terms))
                    .push(")");
            }
        }
    }

    /// Terms that must all hold.
    fn group<'s>(&self, statement: &'s mut Statement, terms: &[Term]) -> &'s mut Statement {
        statement.push("(");
        statement.join(" AND ", terms, |statement, term| self.equals(statement, term.field, term.value.as_ref()));
        statement.push(")")
    }

    fn equals<'s>(&self, statement: &'s mut Statement, field: usize, value: Option<&Value>) -> &'s mut Statement {
        statement.identifier(self.meta.fields[field].column);
        match value {
            Some(value) => statement.push(" = ").bind(value.clone()),
            None => statement.push(" IS NULL"),
        }
    }
}
