//! All access to the database: pools, transactions, statements, rows, migrations and dialects. No other module names a
//! driver or a dialect.
//!
//! A connection serves another request only after its transaction has ended and the end of its statement was received;
//! one in an unknown state is closed. A commit is not reported as successful if a statement of the transaction failed and
//! was not undone. Every wait for a statement, a lock or a transaction has a limit, except for migrations and SQLite's
//! disk.
//!
//! | | PostgreSQL | SQLite |
//! |---|---|---|
//! | transactions | several at once | one writer, begun by `BEGIN IMMEDIATE`; a pool of readers |
//! | UUID | `uuid` | 16-byte blob, as SeaORM's entities bind it |
//! | decimal | `numeric` | floating point; a value that would change is refused |
//! | time | to the millisecond | text, to the millisecond, so that an answer equals the row |

mod advisory_lock;
mod cascades;
mod column;
mod column_kinds;
mod database;
mod decimal;
mod dialect;
mod entities;
mod error;
mod first_rows;
mod fixed_sql;
mod migrate;
mod migration;
mod options;
mod postgres;
mod raw_json;
mod raw_row;
mod row;
mod rows_check;
mod savepoint;
mod serving_thread;
mod sqlite;
mod statement;
mod system;
mod table_check;
mod text_search;

pub(crate) use advisory_lock::AdvisoryLock;
pub(crate) use cascades::Cascades;
pub use column::{Column, FromColumn};
pub(crate) use database::{Database, Listener, Source, Transaction};
// Only tests outside of this room name a dialect.
#[cfg(test)]
pub(crate) use dialect::Dialect;
#[cfg(not(test))]
use dialect::Dialect;
pub(crate) use dialect::quote;
pub use error::DbError;
pub(crate) use error::Violation;
pub(crate) use first_rows::LookupOrder;
pub(crate) use fixed_sql::{BoundSql, FixedSql, IntoStatement, NamedSql, values};
pub(crate) use migrate::MigrateError;
pub use migration::Migration;
pub(crate) use options::{ConnectionUrl, Options, PreparedStatements, Sharing, Synchronous};
pub use raw_json::RawJson;
pub(crate) use raw_row::RawRow;
pub use row::{DecimalColumn, Row};
pub(crate) use rows_check::{CheckedSql, Fingerprint, RowsCheck};
pub(crate) use savepoint::Savepoint;
pub(crate) use serving_thread::number_serving_thread;
pub(crate) use statement::{Statement, StatementStart, array};
pub(crate) use text_search::{Case, Place};

/// Directive of a log filter that hides the messages of a driver at level info.
pub(crate) const LOG_FILTER: &str = "tokio_postgres=warn";
