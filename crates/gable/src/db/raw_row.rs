//! Rows of both drivers.

use super::column::Column;
use super::sqlite::SqliteRow;

/// One row as its driver handed it over.
#[derive(Debug)]
pub enum RawRow {
    Postgres(tokio_postgres::Row),
    Sqlite(SqliteRow),
}

impl RawRow {
    pub(crate) fn column(&self, position: usize) -> Column<'_> {
        Column::new(self, position)
    }

    /// Bytes of its values, about as many as it takes in memory.
    pub(crate) fn size(&self) -> usize {
        match self {
            RawRow::Postgres(row) => row.raw_size_bytes(),
            RawRow::Sqlite(row) => row.size(),
        }
    }
}
