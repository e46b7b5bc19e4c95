//! SQL for included rows: one statement for all the rows that include them. For relations to many it reads only the
//! first few rows for each: if an index provides the order, the cost does not grow with the number of related rows.

use std::collections::BTreeSet;

use super::TableSql;
use super::selection::Include;
use super::sql::{self, Table};
use crate::db::{LookupOrder, Statement};
use crate::meta::{IdKind, RelationKind};
use crate::model::Id;

/// The statement for the rows that these keys lead to, in order. Many to many, the id of the including row follows the
/// columns.
pub(super) fn statement(target: &TableSql, include: &Include, keys: &BTreeSet<Id>) -> Statement {
    let table = Table::included(include.view.meta);
    let mut statement = target.statement("SELECT ");
    columns(&mut statement, table);
    match include.relation.kind {
        RelationKind::BelongsTo { .. } => to_one(&mut statement, include, table, "id", keys),
        RelationKind::HasOne { field } => {
            to_one(&mut statement, include, table, sql::column_of(table.meta, field), keys);
        }
        RelationKind::HasMany { .. } => to_many(&mut statement, include, table, keys),
        RelationKind::ManyToMany { .. } => {
            statement.push(", ").push_current_key(kind(keys));
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

/// The first rows of each key.
fn to_many(statement: &mut Statement, include: &Include, table: Table, keys: &BTreeSet<Id>) {
    let kind = kind(keys);
    let (columns, first) = (
        |statement: &mut Statement| columns(statement, table),
        |statement: &mut Statement| first_of(statement, include, table, kind),
    );
    statement.push_first_rows(keys.iter().copied(), table.meta.table, columns, first);
    sql::order(statement.push(" ORDER BY "), table, &include.sort);
}

fn kind(keys: &BTreeSet<Id>) -> IdKind {
    match keys.first() {
        Some(Id::Uuid(_)) => IdKind::Uuid,
        _ => IdKind::Integer,
    }
}

/// ` FROM … ORDER BY … LIMIT …`: the first visible rows of one key.
fn first_of(statement: &mut Statement, include: &Include, table: Table, kind: IdKind) {
    statement.push(" FROM ");
    match include.relation.kind {
        RelationKind::ManyToMany { table: links, this_column, target_column } => {
            statement.identifier(links).push(" j1");
            linked(statement, include, table, target_column);
            statement.push(" WHERE j1.").identifier(this_column).push(" = ").push_current_key(kind);
        }
        RelationKind::BelongsTo { field } | RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            let key = sql::column_of(table.meta, field);
            statement
                .identifier(table.meta.table)
                .push(" t1 WHERE t1.")
                .identifier(key)
                .push(" = ")
                .push_current_key(kind);
            sql::visible(statement, table, &include.view.scope);
        }
    }
    order(statement.push(" ORDER BY "), include, table);
    statement.push(" LIMIT ").bind(i64::from(include.limit));
}

/// ` JOIN …`: the visible rows behind links, looked up one by one, since a planner may consider it cheaper to scan their
/// table until it finds them. Only for the order by id, as it is slower where all linked rows must be sorted.
fn linked(statement: &mut Statement, include: &Include, table: Table, target_column: &str) {
    let in_order = include.sort.iter().all(|(field, _)| *field == 0);
    let order = if in_order { LookupOrder::Kept } else { LookupOrder::Planned };
    statement.push_lookup(order, table.meta.table, |statement| {
        statement.push("t1.\"id\" = j1.").identifier(target_column);
        sql::visible(statement, table, &include.view.scope);
    });
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
