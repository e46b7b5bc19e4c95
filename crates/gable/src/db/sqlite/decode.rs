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
    if let Some(found) = stored_datetime(text) {
        return Some(found);
    }
    if let Ok(found) = DateTime::parse_from_rfc3339(text) {
        return Some(found.to_utc());
    }
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let formats = ["%F %T%.f", "%FT%T%.f", "%F %R", "%FT%R"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(plain, format).ok()).map(|found| found.and_utc())
}

/// Parses a time as Gable writes it, `2026-11-28T08:58:28.223+00:00`, faster than chrono does. `None` for other forms.
fn stored_datetime(text: &str) -> Option<DateTime<Utc>> {
    let text = text.strip_suffix("+00:00")?.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if text.len() < 19 || separators.iter().any(|(position, separator)| text[*position] != *separator) {
        return None;
    }
    let millis = match text[19..] {
        [] => 0,
        [b'.', ref digits @ ..] if digits.len() == 3 => number(digits)?,
        _ => return None,
    };
    let year = i32::try_from(number(&text[..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&text[5..7])?, number(&text[8..10])?)?;
    let [hour, minute, second] = [11, 14, 17].map(|start| number(&text[start..start + 2]));
    date.and_hms_milli_opt(hour?, minute?, second?, millis).map(|time| time.and_utc())
}

fn number(digits: &[u8]) -> Option<u32> {
    let add = |number: u32, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'));
    digits.iter().try_fold(0, add)
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

#[cfg(test)]
mod tests {
    use chrono::{SecondsFormat, TimeDelta};

    use super::*;

    #[test]
    fn times_are_parsed_as_chrono_parses_them() {
        let mut time = DateTime::<Utc>::UNIX_EPOCH - TimeDelta::days(720_000);
        for nth in 0..60_000 {
            time += TimeDelta::milliseconds(if nth % 5 == 0 { 4_123_456_000 } else { 6_123_456_789 });
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, false);
            let chrono = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
            assert_eq!(datetime(&Cell::Text(text)), chrono);
        }
        for text in [
            "2026-02-30T08:00:00+00:00",
            "2026-02-28T08:00:60.5+00:00",
            "2026-02-28T24:00:00+00:00",
            "2026-02-28T08:00:00.123456+00:00",
            "2026-02-28T08:00:00.12é+00:00",
            "20é6-02-28T08:00:0+00:00",
            "+00:00",
        ] {
            let chrono = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
            assert_eq!(datetime(&Cell::Text(text.to_owned())), chrono, "{text}");
        }
    }
}
