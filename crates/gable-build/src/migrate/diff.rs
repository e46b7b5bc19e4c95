//! Compares two sets of tables. Additions become changes; for every other difference, a person must write the
//! migration.

use super::dialect::{Dialect, drop_index};
use super::tables::{Column, ColumnType, Index, Table, Tables};

/// A change that loses no data and succeeds for any stored rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    AddTables(Vec<Table>),
    /// The table after the change, and the new column.
    AddColumn(Table, Column),
    /// The table after the change, and the new index.
    AddIndex(Table, Index),
    DropIndex(Index),
}

/// A difference that is not a plain addition, described for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference(pub String);

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Change {
    pub(super) fn sql(&self, dialect: Dialect) -> Vec<String> {
        match self {
            Change::AddTables(tables) => dialect.create_tables(&tables.iter().collect::<Vec<_>>()),
            Change::AddColumn(table, column) => dialect.add_column(table, column),
            Change::AddIndex(table, index) => vec![dialect.create_index(table, index)],
            Change::DropIndex(index) => vec![drop_index(index)],
        }
    }

    /// The change as part of a migration's name: `add_post_subtitle`.
    pub(super) fn title(&self) -> String {
        match self {
            Change::AddTables(tables) => format!("add_{}", tables.first().map_or("tables", |table| &table.name)),
            Change::AddColumn(table, column) => format!("add_{}_{}", table.name, column.name),
            Change::AddIndex(_, index) => format!("add_{}", index.name),
            Change::DropIndex(index) => format!("drop_{}", index.name),
        }
    }
}

/// Returns the changes that turn one set of tables into the other.
///
/// # Errors
/// All differences that are not plain additions.
pub(super) fn diff(from: &Tables, to: &Tables) -> Result<Vec<Change>, Vec<Difference>> {
    let mut comparison = Comparison::default();
    for table in from.tables.iter().filter(|table| to.table(&table.name).is_none()) {
        comparison.refuse(format!("table \"{}\" is missing from the schema", table.name));
    }
    let added: Vec<Table> = to.tables.iter().filter(|table| from.table(&table.name).is_none()).cloned().collect();
    if !added.is_empty() {
        comparison.changes.push(Change::AddTables(added));
    }
    for table in &to.tables {
        if let Some(before) = from.table(&table.name) {
            comparison.table(before, table);
        }
    }
    if comparison.refused.is_empty() { Ok(comparison.changes) } else { Err(comparison.refused) }
}

#[derive(Default)]
struct Comparison {
    changes: Vec<Change>,
    refused: Vec<Difference>,
}

impl Comparison {
    fn refuse(&mut self, difference: String) {
        self.refused.push(Difference(difference));
    }

    fn table(&mut self, before: &Table, after: &Table) {
        if before.primary_key != after.primary_key {
            self.refuse(format!("the primary key of \"{}\" has changed", after.name));
        }
        // An index must be dropped before a new one can take its name.
        for index in before.indexes.iter().filter(|index| !after.indexes.contains(index)) {
            self.changes.push(Change::DropIndex(index.clone()));
        }
        for column in before.columns.iter().filter(|column| after.column(&column.name).is_none()) {
            self.refuse(format!("column \"{}\".\"{}\" is missing from the schema", after.name, column.name));
        }
        for column in &after.columns {
            match before.column(&column.name) {
                Some(old) => self.column(before, after, old, column),
                None => self.new_column(after, column),
            }
        }
        for index in after.indexes.iter().filter(|index| !before.indexes.contains(index)) {
            self.changes.push(Change::AddIndex(after.clone(), index.clone()));
        }
    }

    fn new_column(&mut self, table: &Table, column: &Column) {
        let refers = table.foreign_key(&column.name).is_some();
        let fits = column.null || (column.default.is_some() && !refers);
        if fits && column.ty != ColumnType::Identity {
            self.changes.push(Change::AddColumn(table.clone(), column.clone()));
        } else {
            self.refuse(format!(
                "column \"{}\".\"{}\" is new, required and without a constant default, so existing rows would have no value",
                table.name, column.name
            ));
        }
    }

    fn column(&mut self, before: &Table, after: &Table, old: &Column, new: &Column) {
        let place = format!("column \"{}\".\"{}\"", after.name, new.name);
        if old.ty != new.ty {
            self.refuse(format!("{place} was {:?} and is {:?}", old.ty, new.ty));
        }
        if old.null != new.null {
            let (was, is) = if new.null { ("required", "optional") } else { ("optional", "required") };
            self.refuse(format!("{place} was {was} and is {is}"));
        }
        if old.values != new.values {
            self.refuse(format!("{place} now allows other values: {}", new.values.join(", ")));
        }
        if before.foreign_key(&new.name) != after.foreign_key(&new.name) {
            self.refuse(format!("the foreign key of {place} has changed"));
        }
    }
}
