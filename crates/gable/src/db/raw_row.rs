//! Rows of both drivers.

use super::sqlite::SqliteRow;

/// One row as its driver handed it over.
#[derive(Debug)]
pub enum RawRow {
    Postgres(tokio_postgres::Row),
    Sqlite(SqliteRow),
}

impl RawRow {
    /// Bytes of its values, about as many as it takes in memory.
    pub(crate) fn size(&self) -> usize {
        match self {
            RawRow::Postgres(row) => row.raw_size_bytes(),
            RawRow::Sqlite(row) => row.size(),
        }
    }
}
