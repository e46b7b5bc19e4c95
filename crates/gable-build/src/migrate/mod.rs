//! Migrations: from a schema to tables, from tables to SQL, and the history in `migrations/`.

mod dialect;
mod diff;
mod from_schema;
mod history;
mod tables;
mod write;

pub use dialect::Dialect;
pub use diff::{Change, Difference};
pub use history::{History, HistoryError, Recorded};
pub(crate) use tables::fnv;
pub use tables::{Column, ColumnType, ForeignKey, Index, OnDelete, Table, Tables};
pub use write::{MigrateError, Migrated, Pending, migrate, pending};
