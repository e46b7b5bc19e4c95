//! Decodes the cells of SQLite rows. Dates and times are stored as texts, UUIDs as bytes, decimals as floating-point
//! numbers.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rusqlite::types::Value as Cell;
use rusqlite::{ColumnMetadata, Row};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{DbError, RawJson};

#[derive(Debug)]
pub struct SqliteRow(Box<[Cell]>);

impl SqliteRow {
    pub(super) fn read(row: &Row<'_>, columns: usize) -> rusqlite::Result<Self> {
        (0..columns).map(|position| row.get(position)).collect::<Result<_, _>>().map(Self)
    }

    /// Bytes of its values.
    pub(in crate::db) fn size(&self) -> usize {
        let bytes = |cell: &Cell| match cell {
            Cell::Text(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
            Cell::Null | Cell::Integer(_) | Cell::Real(_) => 0,
        };
        self.0.iter().map(|cell| size_of::<Cell>() + bytes(cell)).sum()
    }

    pub(in crate::db) fn cell(&self, position: usize) -> Result<&Cell, DbError> {
        self.0.get(position).ok_or_else(|| DbError::other(format!("there is no column {position}")))
    }

    pub(in crate::db) fn is_null(&self, position: usize) -> Result<bool, DbError> {
        Ok(matches!(self.cell(position)?, Cell::Null))
    }

    pub(in crate::db) fn text(&self, position: usize) -> Result<Option<&str>, DbError> {
        match self.cell(position)? {
            Cell::Null => Ok(None),
            cell => str(cell).map(Some).ok_or_else(|| self.mismatch(position, "text")),
        }
    }

    pub(in crate::db) fn mismatch(&self, position: usize, expected: &str) -> DbError {
        let found = self.0.get(position).map(Cell::data_type);
        DbError::other(format!("column {position} holds {found:?} where {expected} was expected"))
    }

    pub(in crate::db) fn into_cells(self) -> impl Iterator<Item = Cell> {
        self.0.into_vec().into_iter()
    }
}

/// Rows with the names and origins of their columns.
pub(in crate::db) struct Described {
    pub(in crate::db) columns: Vec<DescribedColumn>,
    pub(in crate::db) rows: Vec<SqliteRow>,
}

/// A column of a result, and the column of a table that it comes from.
pub(in crate::db) struct DescribedColumn {
    pub(in crate::db) name: String,
    pub(in crate::db) origin: Option<(String, String)>,
}

impl DescribedColumn {
    pub(super) fn new(column: &ColumnMetadata<'_>) -> Self {
        let origin = column.table_name().zip(column.origin_name());
        Self {
            name: column.name().to_owned(),
            origin: origin.map(|(table, column)| (table.to_owned(), column.to_owned())),
        }
    }
}

pub(in crate::db) fn boolean(cell: &Cell) -> Option<bool> {
    integer::<i64>(cell).map(|number| number != 0)
}

pub(in crate::db) fn integer<T: TryFrom<i64>>(cell: &Cell) -> Option<T> {
    match cell {
        Cell::Integer(number) => T::try_from(*number).ok(),
        _ => None,
    }
}

pub(in crate::db) fn float(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Real(number) => Some(*number),
        Cell::Integer(number) => Some(*number as f64),
        _ => None,
    }
}

pub(in crate::db) fn text(cell: &Cell) -> Option<String> {
    str(cell).map(str::to_owned)
}

pub(in crate::db) fn bytes(cell: &Cell) -> Option<Vec<u8>> {
    match cell {
        Cell::Blob(bytes) => Some(bytes.clone()),
        Cell::Text(text) => Some(text.clone().into_bytes()),
        _ => None,
    }
}

pub(in crate::db) fn uuid(cell: &Cell) -> Option<Uuid> {
    match cell {
        Cell::Blob(bytes) => Uuid::from_slice(bytes).ok(),
        _ => None,
    }
}

pub(in crate::db) fn decimal(cell: &Cell) -> Option<Decimal> {
    match cell {
        Cell::Integer(number) => Some(Decimal::from(*number)),
        Cell::Text(text) => text.parse().ok(),
        cell => Decimal::try_from(float(cell)?).ok(),
    }
}

pub(in crate::db) fn date(cell: &Cell) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(str(cell)?, "%F").ok()
}

pub(in crate::db) fn time(cell: &Cell) -> Option<NaiveTime> {
    let text = str(cell)?;
    ["%T%.f", "%R"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

/// Parses a time with a zone, or in UTC without one, as SQLite's own functions write it.
pub(in crate::db) fn datetime(cell: &Cell) -> Option<DateTime<Utc>> {
    let text = str(cell)?;
    if let Ok(found) = DateTime::parse_from_rfc3339(text) {
        return Some(found.to_utc());
    }
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let formats = ["%F %T%.f", "%FT%T%.f", "%F %R", "%FT%R"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(plain, format).ok()).map(|found| found.and_utc())
}

pub(in crate::db) fn json(cell: &Cell) -> Option<Json> {
    match cell {
        Cell::Text(text) => serde_json::from_str(text).ok(),
        Cell::Blob(bytes) => serde_json::from_slice(bytes).ok(),
        _ => None,
    }
}

pub(in crate::db) fn raw_json(cell: &Cell) -> Option<RawJson> {
    match cell {
        Cell::Text(text) => RawJson::new(text.as_str()).ok(),
        Cell::Blob(bytes) => RawJson::new(str::from_utf8(bytes).ok()?).ok(),
        _ => None,
    }
}

fn str(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}
