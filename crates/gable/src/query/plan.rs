//! SQL for one model. Text that does not depend on the request is written once, at start.

use std::collections::BTreeSet;

use sea_orm::Value;

use super::condition::Condition;
use super::sql::{self, Table};
use crate::access::Scope;
use crate::db::{Statement, StatementStart, quote};
use crate::meta::ModelMeta;
use crate::model::Id;

/// The parts of a model's statements that never change.
#[derive(Debug)]
pub(crate) struct TableSql {
    meta: &'static ModelMeta,
    start: StatementStart,
    /// `"id", "title", …` in table order, as `Resource::decode` reads them.
    pub(crate) columns: String,
    /// Behind a condition: leaves out rows that are marked deleted. Empty for a model without soft deletion.
    pub(crate) live: &'static str,
    pub(super) select: String,
    select_ids: String,
    count: String,
}

impl TableSql {
    pub(crate) fn new(meta: &'static ModelMeta, start: StatementStart) -> Self {
        let mut columns = String::new();
        for (position, field) in meta.fields.iter().enumerate() {
            columns.push_str(if position > 0 { ", " } else { "" });
            quote(field.column, &mut columns);
        }
        let select = format!("SELECT {columns} FROM \"{}\" WHERE ", meta.table);
        let count = format!("SELECT count(*) FROM \"{}\" WHERE ", meta.table);
        let select_ids = format!("SELECT \"id\" FROM \"{}\" WHERE ", meta.table);
        let live = if meta.soft_delete { " AND \"deleted_at\" IS NULL" } else { "" };
        Self { meta, start, columns, live, select, select_ids, count }
    }

    pub(crate) fn statement(&self, sql: impl Into<String>) -> Statement {
        self.start.statement(sql)
    }

    /// Selects one visible row.
    pub(crate) fn by_id(&self, scope: &Scope, id: Id) -> Statement {
        let mut statement = self.statement(self.select.as_str());
        self.row(&mut statement, scope, id);
        statement.short()
    }

    /// The number of visible rows on all pages.
    pub(crate) fn total(&self, scope: &Scope, filter: &Condition) -> Statement {
        let mut statement = self.statement("");
        self.write_total(&mut statement, scope, filter);
        statement
    }

    pub(super) fn write_total(&self, statement: &mut Statement, scope: &Scope, filter: &Condition) {
        self.matching(statement.push(&self.count), scope, filter);
    }

    /// The ids of the visible rows; more conditions may follow.
    pub(crate) fn ids(&self, scope: &Scope) -> Statement {
        let mut statement = self.statement(self.select_ids.as_str());
        self.visible(statement.push("1 = 1"), scope);
        statement
    }

    /// The ids of these rows that are visible; more conditions may follow.
    pub(crate) fn ids_among(&self, scope: &Scope, ids: &BTreeSet<Id>) -> Statement {
        let mut statement = self.statement(self.select_ids.as_str());
        statement.push("\"id\"").among(ids.iter().copied());
        self.visible(&mut statement, scope);
        statement
    }

    /// The ids of the visible rows whose fields have one of these lists of values, with the index of that list; more
    /// conditions may follow.
    pub(crate) fn ids_by(&self, scope: &Scope, fields: &[usize], values: &[&[Value]]) -> Statement {
        let equal = |statement: &mut Statement, values: &[Value]| {
            statement.join(" AND ", fields.iter().zip(values), |statement, (field, value)| {
                let value = self.meta.fields[*field].folded(value.clone());
                self.table().compared(statement, *field).push(" = ").bind(value)
            });
        };
        let mut statement = self.statement("SELECT \"id\", CAST(CASE");
        for (nth, values) in values.iter().enumerate() {
            equal(statement.push(" WHEN "), values);
            statement.push(&format!(" THEN {nth}"));
        }
        statement.push(" END AS bigint) FROM ").identifier(self.meta.table).push(" WHERE (");
        statement.join(" OR ", values, |statement, values| {
            equal(statement, values);
            statement
        });
        statement.push(")");
        self.visible(&mut statement, scope);
        statement
    }

    /// Selects these rows, visible or not.
    pub(crate) fn by_ids(&self, ids: &[Id]) -> Statement {
        let mut statement = self.statement(self.select.as_str());
        statement.push("\"id\"").among(ids.iter().copied());
        statement
    }

    /// The condition for one visible row.
    pub(crate) fn row(&self, statement: &mut Statement, scope: &Scope, id: Id) {
        statement.push("\"id\" = ").bind(id);
        self.visible(statement, scope);
    }

    /// The condition for one row that is marked deleted and is otherwise visible.
    pub(crate) fn deleted_row(&self, statement: &mut Statement, scope: &Scope, id: Id) {
        statement.push("\"id\" = ").bind(id).push(" AND \"deleted_at\" IS NOT NULL");
        sql::within(statement, self.table(), &scope.rows);
        sql::within(statement, self.table(), &scope.seen);
    }

    /// The condition for the visible rows that the filter keeps.
    pub(crate) fn matching(&self, statement: &mut Statement, scope: &Scope, filter: &Condition) {
        sql::condition(statement, self.table(), filter);
        sql::visible_where(statement, self.table(), scope, filter);
    }

    fn visible(&self, statement: &mut Statement, scope: &Scope) {
        sql::visible(statement, self.table(), scope);
    }

    pub(super) fn table(&self) -> Table {
        Table::of_statement(self.meta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Database, Options, Row, Source};
    use crate::meta::FieldSet;
    use crate::meta::{FieldKind, FieldMeta, RelationKind, RelationMeta};
    use crate::query::condition::{Quantifier, Related};
    use crate::query::list::Position;
    use crate::query::test_model::model;
    use crate::query::{Counting, Direction, ListQuery, Selection};

    static POST: ModelMeta = model("posts", &[FieldMeta::new("id", "id", FieldKind::Bigint)]);
    static COMMENT: ModelMeta = model(
        "comments",
        &[FieldMeta::new("id", "id", FieldKind::Bigint), FieldMeta::new("postId", "post_id", FieldKind::Bigint)],
    );
    static COMMENTS: RelationMeta = RelationMeta::new("comments", "Comment", RelationKind::HasMany { field: "postId" });

    /// Posts that some comment belongs to.
    fn commented() -> Condition {
        Condition::Related(Box::new(Related {
            relation: &COMMENTS,
            target: &COMMENT,
            scope: Scope::system(),
            quantifier: Quantifier::Some,
            condition: Condition::nothing(),
        }))
    }

    fn numbered(page: u32, filter: Condition) -> ListQuery {
        ListQuery {
            meta: &POST,
            filter,
            sort: vec![(0, Direction::Ascending)],
            position: Position::Page(page),
            limit: 2,
            counting: Counting::Total,
            fingerprint: String::new(),
            selection: Selection { fields: FieldSet::default(), includes: Vec::new() },
        }
    }

    #[tokio::test]
    async fn a_row_with_many_related_ones_is_on_one_page_only() {
        let db = Database::connect("sqlite::memory:", &Options::new(1)).await.expect("a database");
        let writing = db.begin().await.expect("a transaction");
        for sql in [
            "CREATE TABLE posts (id integer PRIMARY KEY)",
            "CREATE TABLE comments (id integer PRIMARY KEY, post_id integer)",
            "INSERT INTO posts VALUES (1), (2), (3)",
            "INSERT INTO comments (post_id) VALUES (1), (1), (1), (2), (2), (3), (3), (3)",
        ] {
            Source::Transaction(&writing).execute(db.statement(sql)).await.expect("SQL of a test");
        }
        writing.commit().await.expect("a commit");
        let sql = TableSql::new(&POST, db.statements());
        let mut pages: Vec<Vec<i64>> = Vec::new();
        for page in 1..=3 {
            let rows = db.reader().all(sql.page(&Scope::system(), &numbered(page, commented()))).await.expect("rows");
            pages.push(rows.iter().map(|row| Row::new(row).next().expect("an id")).collect());
        }
        // The first page has one row more than its limit of two, which shows that another page follows.
        assert_eq!(pages, [vec![1, 2, 3], vec![3], vec![]]);
    }
}
