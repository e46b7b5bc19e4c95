//! `gable migrate`: adds a migration to the history if the schema needs one, and never changes existing migrations.

use std::io;
use std::path::Path;

use gable_schema::Schema;

use super::dialect::Dialect;
use super::diff::{Change, Difference, diff};
use super::history::{History, HistoryError, is_title, snapshot_file, sql_file};
use super::tables::{Table, Tables};
use crate::disk;

/// The result of [`migrate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Migrated {
    /// The tables after the newest migration are those of the schema.
    UpToDate,
    /// A migration was written, with these files.
    Wrote { name: String, files: Vec<String> },
    /// A migration that was written by hand got its snapshot.
    Recorded { name: String },
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(
        "these changes are not plain additions, so their migration must be written by hand:\n{}\nWrite migrations/{next}.sqlite.sql \
         and migrations/{next}.postgres.sql, then run `gable migrate` again, which writes the snapshot of the tables.",
        list(.differences)
    )]
    ByHand { next: String, differences: Vec<Difference> },
    #[error("`{0}` cannot be the name of a migration: use lower-case letters, digits and `_`, at most 100 characters")]
    Name(String),
    #[error("cannot write {path}: {source}")]
    Write { path: String, source: io::Error },
}

fn list(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(|difference| format!("  - {difference}")).collect();
    lines.join("\n")
}

/// Writes the migration from the newest recorded tables to those of the schema, if one is needed.
///
/// # Errors
/// Changes that are not plain additions, a broken history, or a file that cannot be written.
pub fn migrate(directory: &Path, schema: &Schema, title: Option<&str>) -> Result<Migrated, MigrateError> {
    if let Some(title) = title.filter(|title| !is_title(title)) {
        return Err(MigrateError::Name(title.to_owned()));
    }
    let history = History::load(directory)?;
    let wanted = Tables::of(schema);
    if let Some(name) = history.unrecorded {
        write(directory, &snapshot_file(&name), &snapshot(&wanted))?;
        return Ok(Migrated::Recorded { name });
    }
    match planned(&history, &wanted, title)? {
        None => Ok(Migrated::UpToDate),
        Some((name, changes)) => write_migration(directory, name, &changes, &wanted),
    }
}

/// The files that [`migrate`] would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    Nothing,
    /// A migration of this name.
    Migration(String),
    /// The snapshot of the migration of this name, which was written by hand.
    Snapshot(String),
}

/// Like [`migrate`], but writes nothing.
///
/// # Errors
/// Those of [`migrate`], except for writing files.
pub fn pending(directory: &Path, schema: &Schema) -> Result<Pending, MigrateError> {
    let history = History::load(directory)?;
    if let Some(name) = history.unrecorded {
        return Ok(Pending::Snapshot(name));
    }
    let planned = planned(&history, &Tables::of(schema), None)?;
    Ok(planned.map_or(Pending::Nothing, |(name, _)| Pending::Migration(name)))
}

/// Returns the name of the migration that is needed, and its changes.
fn planned(
    history: &History,
    wanted: &Tables,
    title: Option<&str>,
) -> Result<Option<(String, Vec<Change>)>, MigrateError> {
    let number = history.next_number();
    let named = |default: &str| format!("{number:04}_{}", title.unwrap_or(default));
    if history.is_empty() {
        return Ok(Some((named("initial"), vec![Change::AddTables(wanted.tables.clone())])));
    }
    if history.tables.fingerprint() == wanted.fingerprint() {
        return Ok(None);
    }
    match diff(&history.tables, wanted) {
        Ok(changes) => {
            let default = changes.first().map_or_else(|| "change".to_owned(), Change::title);
            Ok(Some((named(&default[..default.len().min(100)]), changes)))
        }
        Err(differences) => Err(MigrateError::ByHand { next: named("by_hand"), differences }),
    }
}

fn write_migration(
    directory: &Path,
    name: String,
    changes: &[Change],
    tables: &Tables,
) -> Result<Migrated, MigrateError> {
    let mut files = Vec::new();
    for dialect in Dialect::ALL {
        files.push((sql_file(&name, dialect), sql(changes, dialect)));
    }
    // The snapshot is written last: without it, the migration counts as unfinished.
    files.push((snapshot_file(&name), snapshot(tables)));
    for (file, contents) in &files {
        write(directory, file, contents)?;
    }
    Ok(Migrated::Wrote { name, files: files.into_iter().map(|(file, _)| file).collect() })
}

fn write(directory: &Path, file: &str, contents: &str) -> Result<(), MigrateError> {
    let path = directory.join(file);
    disk::write_new(&path, contents).map_err(|source| MigrateError::Write { path: path.display().to_string(), source })
}

fn sql(changes: &[Change], dialect: Dialect) -> String {
    let statements: Vec<String> = changes.iter().flat_map(|change| change.sql(dialect)).collect();
    statements.iter().map(|statement| format!("{statement};\n")).collect::<Vec<_>>().join("\n")
}

/// Prints one line per column, index and key, so that a review shows the changes.
fn snapshot(tables: &Tables) -> String {
    let tables: Vec<String> = tables.tables.iter().map(table).collect();
    format!("{{ \"tables\": [\n{}\n] }}\n", tables.join(",\n"))
}

fn table(table: &Table) -> String {
    format!(
        "  {{ \"name\": {},\n    \"columns\": {},\n    \"primary_key\": {},\n    \"indexes\": {},\n    \"foreign_keys\": {} }}",
        line(&table.name),
        lines(&table.columns),
        line(&table.primary_key),
        lines(&table.indexes),
        lines(&table.foreign_keys)
    )
}

fn lines<T: serde::Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let items: Vec<String> = items.iter().map(|item| format!("      {}", line(item))).collect();
    format!("[\n{}\n    ]", items.join(",\n"))
}

fn line(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data always serializes")
}
