//! SQL for included rows: one statement for all the rows that include them. For relations to many it reads only the
//! first few rows for each: if an index provides the order, the cost does not grow with the number of related rows.

use std::collections::BTreeSet;

use super::selection::Include;
use super::sql::{self, Table};
use crate::db::{Dialect, Statement, array};
use crate::meta::RelationKind;
use crate::model::Id;

/// The statement for the rows that these keys lead to, in order. Many to many, the id of the including row follows the
/// columns.
pub(super) fn statement(dialect: Dialect, include: &Include, keys: &BTreeSet<Id>) -> Statement {
    let table = Table::included(include.view.meta);
    let mut statement = Statement::new(dialect, "SELECT ");
    columns(&mut statement, table);
    match include.relation.kind {
        RelationKind::BelongsTo { .. } => to_one(&mut statement, include, table, "id", keys),
        RelationKind::HasOne { field } => {
            to_one(&mut statement, include, table, sql::column_of(table.meta, field), keys);
        }
        RelationKind::HasMany { .. } => to_many(&mut statement, include, table, keys),
        RelationKind::ManyToMany { .. } => {
            statement.push(", ").push(parent(dialect, keys));
            to_many(&mut statement, include, table, keys);
        }
    }
    statement
}

fn columns(statement: &mut Statement, table: Table) {
    statement.join(", ", table.meta.fields, |statement, field| statement.push("t1.").identifier(field.column));
}

fn to_one(statement: &mut Statement, include: &Include, table: Table, column: &str, keys: &BTreeSet<Id>) {
    statement.push(" FROM ").identifier(table.meta.table).push(" t1 WHERE t1.").identifier(column);
    statement.among(keys.iter().copied());
    sql::visible(statement, table, &include.view.scope);
}

/// The first rows of each key. SQLite has no LATERAL, but its `json_each` may refer to the tables before it: it lists
/// the `_rowid_` of each row, by which the rows are then looked up.
fn to_many(statement: &mut Statement, include: &Include, table: Table, keys: &BTreeSet<Id>) {
    let parent = parent(statement.dialect, keys);
    match statement.dialect {
        Dialect::Sqlite => {
            statement.push(" FROM json_each(").bind(json(keys)).push(") p CROSS JOIN json_each((");
            statement.push("SELECT json_group_array(\"place\") FROM (SELECT t1._rowid_ AS \"place\"");
            first_of(statement, include, table, parent);
            statement.push("))) f CROSS JOIN ").identifier(table.meta.table).push(" t1 ON t1._rowid_ = f.value");
        }
        Dialect::Postgres => {
            statement
                .push(" FROM unnest(")
                .bind(array(keys.iter().copied()))
                .push(") p(\"id\") CROSS JOIN LATERAL (SELECT ");
            columns(statement, table);
            first_of(statement, include, table, parent);
            statement.push(") t1");
        }
    }
    sql::order(statement.push(" ORDER BY "), table, &include.sort);
}

fn json(keys: &BTreeSet<Id>) -> String {
    serde_json::Value::from_iter(keys.iter().map(|key| serde_json::Value::from(*key))).to_string()
}

/// SQL for the current key.
fn parent(dialect: Dialect, keys: &BTreeSet<Id>) -> &'static str {
    match (dialect, keys.first()) {
        (Dialect::Postgres, _) => "p.\"id\"",
        (Dialect::Sqlite, Some(Id::Uuid(_))) => "unhex(p.value, '-')",
        (Dialect::Sqlite, _) => "p.value",
    }
}

/// ` FROM … ORDER BY … LIMIT …`: the first visible rows of one key.
fn first_of(statement: &mut Statement, include: &Include, table: Table, parent: &str) {
    statement.push(" FROM ");
    match include.relation.kind {
        RelationKind::ManyToMany { table: links, this_column, target_column } => {
            statement.identifier(links).push(" j1");
            linked(statement, include, table, target_column);
            statement.push(" WHERE j1.").identifier(this_column).push(" = ").push(parent);
        }
        RelationKind::BelongsTo { field } | RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            let key = sql::column_of(table.meta, field);
            statement.identifier(table.meta.table).push(" t1 WHERE t1.").identifier(key).push(" = ").push(parent);
            sql::visible(statement, table, &include.view.scope);
        }
    }
    order(statement.push(" ORDER BY "), include, table);
    statement.push(" LIMIT ").bind(i64::from(include.limit));
}

/// ` JOIN …`: the visible rows behind links, looked up one by one. A planner may consider it cheaper to scan their
/// table until it finds them. SQLite keeps the order of a CROSS JOIN. PostgreSQL cannot reorder across an OFFSET, which
/// is used only for the order by id, as it is slower where all linked rows must be sorted.
fn linked(statement: &mut Statement, include: &Include, table: Table, target_column: &str) {
    let in_order = include.sort.iter().all(|(field, _)| *field == 0);
    let (join, on, end) = match statement.dialect {
        Dialect::Postgres if in_order => (" CROSS JOIN LATERAL (SELECT * FROM ", " WHERE ", " OFFSET 0) t1"),
        Dialect::Postgres => (" JOIN ", " ON ", ""),
        Dialect::Sqlite => (" CROSS JOIN ", " ON ", ""),
    };
    statement.push(join).identifier(table.meta.table).push(" t1").push(on);
    statement.push("t1.\"id\" = j1.").identifier(target_column);
    sql::visible(statement, table, &include.view.scope);
    statement.push(end);
}

/// Orders linked rows by the id in the link, where an index has it in order: SQLite does not infer that both ids are
/// equal.
fn order(statement: &mut Statement, include: &Include, table: Table) {
    let RelationKind::ManyToMany { target_column, .. } = include.relation.kind else {
        return sql::order(statement, table, &include.sort);
    };
    statement.join(", ", &include.sort, |statement, (field, direction)| {
        let optional = table.meta.fields[*field].optional;
        let column = match *field {
            0 => statement.push("j1.").identifier(target_column),
            field => table.compared(statement, field),
        };
        column.push(sql::towards(*direction, optional))
    });
}
