//! The types that a column can be read as, from either driver.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use super::raw_row::RawRow;
use super::{DbError, postgres, sqlite};
use crate::db::RawJson;

/// One column of one row.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    row: &'a RawRow,
    position: usize,
}

impl<'a> Column<'a> {
    pub(super) fn new(row: &'a RawRow, position: usize) -> Self {
        Self { row, position }
    }

    /// The text, which is not copied; `None` for null.
    ///
    /// # Errors
    /// The column holds another type.
    pub(crate) fn text(self) -> Result<Option<&'a str>, DbError> {
        match self.row {
            RawRow::Postgres(row) => postgres::decode::get(row, self.position),
            RawRow::Sqlite(row) => row.text(self.position),
        }
    }

    pub(crate) fn is_null(self) -> Result<bool, DbError> {
        match self.row {
            RawRow::Postgres(row) => postgres::decode::is_null(row, self.position),
            RawRow::Sqlite(row) => row.is_null(self.position),
        }
    }
}

/// A type that a column can be read as.
pub trait FromColumn: Sized {
    /// # Errors
    /// The column holds another type, or null.
    fn from_column(column: Column<'_>) -> Result<Self, DbError>;
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(column: Column<'_>) -> Result<Self, DbError> {
        if column.is_null()? { Ok(None) } else { T::from_column(column).map(Some) }
    }
}

/// Maps each type to the functions that decode it from a PostgreSQL row and from an SQLite cell.
macro_rules! from_column {
    ($($type:ty: $postgres:path, $sqlite:path;)*) => {$(
        impl FromColumn for $type {
            fn from_column(column: Column<'_>) -> Result<Self, DbError> {
                match column.row {
                    RawRow::Postgres(row) => $postgres(row, column.position),
                    RawRow::Sqlite(row) => $sqlite(row.cell(column.position)?)
                        .ok_or_else(|| row.mismatch(column.position, stringify!($type))),
                }
            }
        }
    )*};
}

from_column! {
    bool: postgres::decode::get, sqlite::decode::boolean;
    i16: postgres::decode::integer, sqlite::decode::integer;
    i32: postgres::decode::integer, sqlite::decode::integer;
    i64: postgres::decode::integer, sqlite::decode::integer;
    f64: postgres::decode::get, sqlite::decode::float;
    String: postgres::decode::get, sqlite::decode::text;
    Vec<u8>: postgres::decode::get, sqlite::decode::bytes;
    Uuid: postgres::decode::get, sqlite::decode::uuid;
    Decimal: postgres::decode::get, sqlite::decode::decimal;
    NaiveDate: postgres::decode::get, sqlite::decode::date;
    NaiveTime: postgres::decode::get, sqlite::decode::time;
    DateTime<Utc>: postgres::decode::get, sqlite::decode::datetime;
    Json: postgres::decode::get, sqlite::decode::json;
    RawJson: postgres::decode::raw_json, sqlite::decode::raw_json;
}
