//! Writes conditions as SQL. Values are always bound; names come from checked YAML.

use sea_orm::Value;

use super::condition::{Case, Comparison, Condition, Quantifier, Related, Test, TextTest};
use super::direction::Direction;
use crate::access::{RowRule, Scope, Term};
use crate::db::Statement;
use crate::meta::{FieldKind, FieldMeta, ModelMeta, RelationKind};

/// A table in a statement: the main one, or one that a condition leads to.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) meta: &'static ModelMeta,
    /// 0 for the main table, which has no alias; for others, the number of relations that lead there.
    depth: u32,
}

impl Table {
    pub(super) fn of_statement(meta: &'static ModelMeta) -> Self {
        Self { meta, depth: 0 }
    }

    /// The table of included rows in their own statement, as `t1`.
    pub(super) fn included(meta: &'static ModelMeta) -> Self {
        Self { meta, depth: 1 }
    }

    fn column<'s>(&self, statement: &'s mut Statement, field: usize) -> &'s mut Statement {
        self.named(statement, self.meta.fields[field].column)
    }

    /// A column in the form in which it is compared and sorted.
    pub(super) fn compared<'s>(&self, statement: &'s mut Statement, field: usize) -> &'s mut Statement {
        if self.meta.fields[field].case_insensitive {
            return statement.folded(|statement| {
                self.column(statement, field);
            });
        }
        self.column(statement, field)
    }

    fn named<'s>(&self, statement: &'s mut Statement, column: &str) -> &'s mut Statement {
        if self.depth > 0 {
            statement.push(&format!("t{}.", self.depth));
        }
        statement.identifier(column)
    }

    /// A column as it is named inside a subquery.
    fn outer_column<'s>(&self, statement: &'s mut Statement, column: &str) -> &'s mut Statement {
        if self.depth == 0 {
            statement.identifier(self.meta.table).push(".").identifier(column)
        } else {
            self.named(statement, column)
        }
    }
}

/// ` AND …` with the conditions that hide rows: soft deletion and the Scope's row rules.
pub(super) fn visible(statement: &mut Statement, table: Table, scope: &Scope) {
    visible_where(statement, table, scope, &Condition::nothing());
}

/// Like `visible`, after a filter: leaves out row rules that the filter implies, which a count would evaluate twice per
/// row.
pub(super) fn visible_where(statement: &mut Statement, table: Table, scope: &Scope, filter: &Condition) {
    if table.meta.soft_delete {
        table.named(statement.push(" AND "), "deleted_at").push(" IS NULL");
    }
    for rule in [&scope.rows, &scope.seen] {
        if !is_kept_by(rule, filter) {
            within(statement, table, rule);
        }
    }
}

/// Whether the filter demands all terms of some group of the rule.
fn is_kept_by(rule: &RowRule, filter: &Condition) -> bool {
    let RowRule::AnyOf(groups) = rule else { return true };
    let demanded = |term: &Term| term.value.as_ref().is_some_and(|value| filter.demands(term.field, value));
    groups.iter().any(|terms| terms.iter().all(demanded))
}

/// ` AND …` for one row rule.
pub(super) fn within(statement: &mut Statement, table: Table, rule: &RowRule) {
    let RowRule::AnyOf(groups) = rule else { return };
    if groups.is_empty() {
        statement.push(" AND 1 = 0");
        return;
    }
    statement.push(" AND (");
    statement.join(" OR ", groups, |statement, terms| {
        statement.push("(");
        statement.join(" AND ", terms, |statement, term| {
            table.compared(statement, term.field);
            match &term.value {
                Some(value) => statement.push(" = ").bind(table.meta.fields[term.field].folded(value.clone())),
                None => statement.push(" IS NULL"),
            }
        });
        statement.push(")")
    });
    statement.push(")");
}

/// The terms of an ORDER BY.
pub(super) fn order(statement: &mut Statement, table: Table, sort: &[(usize, Direction)]) {
    statement.join(", ", sort, |statement, (field, direction)| {
        table.compared(statement, *field).push(towards(*direction, table.meta.fields[*field].optional))
    });
}

/// The direction of a term in ORDER BY. SQLite and PostgreSQL place nulls differently, so their place is explicit.
pub(super) fn towards(direction: Direction, optional: bool) -> &'static str {
    match (direction, optional) {
        (Direction::Ascending, false) => "",
        (Direction::Descending, false) => " DESC",
        (Direction::Ascending, true) => " NULLS FIRST",
        (Direction::Descending, true) => " DESC NULLS LAST",
    }
}

/// Writes a condition, in parentheses where it needs them.
pub(super) fn condition<'s>(statement: &'s mut Statement, table: Table, holds: &Condition) -> &'s mut Statement {
    match holds {
        Condition::All(all) => several(statement, table, all, " AND ", "1 = 1"),
        Condition::Any(any) => several(statement, table, any, " OR ", "1 = 0"),
        Condition::Not(inner) => condition(statement.push("("), table, inner).push(") IS NOT TRUE"),
        Condition::Field { field, test } => compare(statement, table, *field, test),
        Condition::Related(inner) => related(statement, table, inner),
    }
}

fn several<'s>(
    statement: &'s mut Statement,
    table: Table,
    conditions: &[Condition],
    between: &str,
    none: &str,
) -> &'s mut Statement {
    match conditions {
        [] => statement.push(none),
        [one] => condition(statement, table, one),
        _ => statement.push("(").join(between, conditions, |statement, one| condition(statement, table, one)).push(")"),
    }
}

/// Writes a comparison. Comparisons with null are never true, so negated ones on optional columns use IS NOT TRUE.
fn compare<'s>(statement: &'s mut Statement, table: Table, field: usize, test: &Test) -> &'s mut Statement {
    let meta = &table.meta.fields[field];
    let optional = meta.optional;
    let folded = |value: &Value| meta.folded(value.clone());
    match test {
        Test::Differs(value) if optional => {
            table.compared(statement.push("("), field).push(" = ").bind(folded(value)).push(") IS NOT TRUE")
        }
        Test::NotIn(values) if optional => {
            list(table.compared(statement.push("("), field), "IN", meta, values).push(") IS NOT TRUE")
        }
        Test::Equals(value) => table.compared(statement, field).push(" = ").bind(folded(value)),
        Test::Differs(value) => table.compared(statement, field).push(" <> ").bind(folded(value)),
        Test::Compares(comparison, value) => {
            let sign = match comparison {
                Comparison::Greater => " > ",
                Comparison::GreaterOrEqual => " >= ",
                Comparison::Less => " < ",
                Comparison::LessOrEqual => " <= ",
            };
            table.compared(statement, field).push(sign).bind(folded(value))
        }
        Test::In(values) => list(table.compared(statement, field), "IN", meta, values),
        Test::NotIn(values) => list(table.compared(statement, field), "NOT IN", meta, values),
        Test::Text(wanted) => text(statement, table, field, wanted),
        Test::IsNull => table.column(statement, field).push(" IS NULL"),
        Test::IsNotNull => table.column(statement, field).push(" IS NOT NULL"),
    }
}

fn list<'s>(statement: &'s mut Statement, word: &str, meta: &FieldMeta, values: &[Value]) -> &'s mut Statement {
    statement.push(" ").push(word).push(" (");
    statement.join(", ", values, |statement, value| statement.bind(meta.folded(value.clone()))).push(")")
}

/// Searches a text.
fn text<'s>(statement: &'s mut Statement, table: Table, field: usize, test: &TextTest) -> &'s mut Statement {
    let TextTest { place, case, text } = test;
    if text.is_empty() {
        return table.column(statement, field).push(" IS NOT NULL");
    }
    let case = if table.meta.fields[field].case_insensitive { Case::Folded } else { *case };
    let column = |statement: &mut Statement| {
        table.column(statement, field);
    };
    statement.push_text_search((*place, case, text), column, |statement| {
        as_text(statement, table, field);
    })
}

/// The column as text: lists are searched in their JSON, which PostgreSQL does not store as text.
fn as_text(statement: &mut Statement, table: Table, field: usize) -> &mut Statement {
    match table.meta.fields[field].kind {
        FieldKind::EnumList(_) => table.column(statement.push("CAST("), field).push(" AS text)"),
        _ => table.column(statement, field),
    }
}

/// Writes a condition on related rows. Rows that the caller does not see are ignored: they neither satisfy `some` nor
/// violate `every`.
///
/// For rows of the main table, related rows are looked up row by row. For rows that are looked up themselves, a
/// relation to many is evaluated once for all of them: otherwise each of n comments of one author would scan all n.
fn related<'s>(statement: &'s mut Statement, from: Table, related: &Related) -> &'s mut Statement {
    match related.relation.kind {
        RelationKind::BelongsTo { .. } => related_to_each(statement, from, related),
        _ if from.depth == 0 => related_to_each(statement, from, related),
        kind => related_to_any(statement, from, related, kind),
    }
}

fn related_to_each<'s>(statement: &'s mut Statement, from: Table, related: &Related) -> &'s mut Statement {
    let to = Table { meta: related.target, depth: from.depth + 1 };
    statement.push(if related.quantifier == Quantifier::Some { "EXISTS (" } else { "NOT EXISTS (" });
    join(statement, from, to, related);
    visible(statement, to, &related.scope);
    match related.quantifier {
        // SQLite 3.51 turns an EXISTS without LIMIT into a join, and an OFFSET then counts the rows of that join.
        Quantifier::Some => condition(statement.push(" AND "), to, &related.condition).push(" LIMIT 1)"),
        Quantifier::None => condition(statement.push(" AND "), to, &related.condition).push(")"),
        Quantifier::Every => condition(statement.push(" AND ("), to, &related.condition).push(") IS NOT TRUE)"),
    }
}

/// `id IN (SELECT … )`, which does not depend on the row. Null keys are left out. PostgreSQL would turn it into a join,
/// which may scan all rows for each row; compared with TRUE, the subquery is evaluated once.
fn related_to_any<'s>(
    statement: &'s mut Statement,
    from: Table,
    related: &Related,
    kind: RelationKind,
) -> &'s mut Statement {
    let to = Table { meta: related.target, depth: from.depth + 1 };
    let alias = format!(" t{}", to.depth);
    from.named(statement.push("("), "id").push(" IN (SELECT ");
    match kind {
        RelationKind::ManyToMany { table, this_column, target_column } => {
            let links = format!("j{}", to.depth);
            statement
                .push(&links)
                .push(".")
                .identifier(this_column)
                .push(" FROM ")
                .identifier(table)
                .push(" ")
                .push(&links);
            statement.push(" JOIN ").identifier(to.meta.table).push(&alias).push(" ON ");
            to.named(statement, "id").push(" = ").push(&links).push(".").identifier(target_column).push(" WHERE 1 = 1");
        }
        RelationKind::HasOne { field } | RelationKind::HasMany { field } | RelationKind::BelongsTo { field } => {
            let key = column_of(to.meta, field);
            to.named(statement, key).push(" FROM ").identifier(to.meta.table).push(&alias).push(" WHERE ");
            to.named(statement, key).push(" IS NOT NULL");
        }
    }
    visible(statement, to, &related.scope);
    match related.quantifier {
        Quantifier::Some => condition(statement.push(" AND "), to, &related.condition).push(")) IS TRUE"),
        Quantifier::None => condition(statement.push(" AND "), to, &related.condition).push(")) IS NOT TRUE"),
        Quantifier::Every => {
            condition(statement.push(" AND ("), to, &related.condition).push(") IS NOT TRUE)) IS NOT TRUE")
        }
    }
}

/// `SELECT 1 FROM … WHERE` with the condition that joins the tables.
fn join(statement: &mut Statement, from: Table, to: Table, related: &Related) {
    let alias = format!(" t{}", to.depth);
    statement.push("SELECT 1 FROM ");
    match related.relation.kind {
        RelationKind::BelongsTo { field } => {
            statement.identifier(to.meta.table).push(&alias).push(" WHERE ");
            to.named(statement, "id").push(" = ");
            from.outer_column(statement, column_of(from.meta, field));
        }
        RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            statement.identifier(to.meta.table).push(&alias).push(" WHERE ");
            to.named(statement, column_of(to.meta, field)).push(" = ");
            from.outer_column(statement, "id");
        }
        RelationKind::ManyToMany { table, this_column, target_column } => {
            let links = format!("j{}", to.depth);
            statement.identifier(table).push(" ").push(&links).push(" JOIN ");
            statement.identifier(to.meta.table).push(&alias).push(" ON ");
            to.named(statement, "id").push(" = ").push(&links).push(".").identifier(target_column);
            statement.push(" WHERE ").push(&links).push(".").identifier(this_column).push(" = ");
            from.outer_column(statement, "id");
        }
    }
}

/// The column of a foreign key.
pub(super) fn column_of(meta: &ModelMeta, field: &str) -> &'static str {
    let field = meta.field_index(field).expect("a relation whose key cannot be read was never followed");
    meta.fields[field].column
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Dialect, StatementStart};
    use crate::meta::FieldSet;
    use crate::query::TableSql;
    use crate::query::test_model::model;

    static MODEL: ModelMeta = model(
        "things",
        &[
            FieldMeta::new("id", "id", FieldKind::Bigint),
            FieldMeta::new("state", "state", FieldKind::String),
            FieldMeta::new("owner", "owner", FieldKind::String),
        ],
    );

    fn is(field: usize, value: &str) -> Condition {
        Condition::field(field, Test::Equals(value.into()))
    }

    fn term(field: usize, value: &str) -> Term {
        Term { field, value: Some(value.into()) }
    }

    fn total(groups: &[&[Term]], filter: &Condition) -> String {
        let rows = RowRule::AnyOf(groups.iter().map(|terms| terms.to_vec()).collect());
        let scope = Scope { rows, read: FieldSet::default(), ..Scope::system() };
        TableSql::new(&MODEL, StatementStart::new(Dialect::Sqlite)).total(&scope, filter).sql.into_owned()
    }

    #[test]
    fn a_rule_that_the_filter_demands_is_not_asked_twice() {
        let rule: [&[Term]; 2] = [&[term(1, "public")], &[term(2, "ada")]];
        let alone = "SELECT count(*) FROM \"things\" WHERE \"state\" = ?";
        assert_eq!(total(&rule, &is(1, "public")), alone);
        let both = Condition::nothing().and(is(0, "7")).and(Condition::All(vec![is(1, "public")]));
        assert!(!total(&rule, &both).contains("owner"));
    }

    #[test]
    fn a_rule_that_the_filter_only_touches_stays() {
        let rule: [&[Term]; 2] = [&[term(1, "public"), term(2, "ada")], &[term(2, "grace")]];
        let either = Condition::Any(vec![is(2, "grace"), is(1, "public")]);
        let not = Condition::Not(Box::new(is(2, "grace")));
        let differs = Condition::field(2, Test::Differs("grace".into()));
        let list = Condition::field(2, Test::In(vec!["grace".into()]));
        for filter in [Condition::nothing(), is(1, "public"), is(2, "ada"), is(1, "grace"), either, not, differs, list]
        {
            let sql = total(&rule, &filter);
            assert!(sql.ends_with(" AND ((\"state\" = ? AND \"owner\" = ?) OR (\"owner\" = ?))"), "{sql}");
        }
        assert!(total(&[], &is(1, "public")).ends_with(" AND 1 = 0"), "who may see nothing sees nothing");
        let none = [Term { field: 2, value: None }];
        assert!(total(&[&none], &Condition::field(2, Test::IsNull)).ends_with(" AND ((\"owner\" IS NULL))"));
    }
}
