//! The one door to the database: pools, transactions, statements by position, migrations, dialects. Nothing outside
//! this room names a driver.

mod connect;
mod decimal;
mod dialect;
mod error;
mod migrate;
mod migration;
mod row;
mod savepoint;
mod statement;
mod system;

pub(crate) use connect::{Database, Transaction};
pub(crate) use decimal::fits as decimal_fits;
pub(crate) use dialect::{Dialect, quote};
pub use error::DbError;
pub(crate) use error::Violation;
pub(crate) use migrate::MigrateError;
pub use migration::Migration;
pub use row::{DecimalColumn, Row};
pub(crate) use savepoint::Savepoint;
pub(crate) use statement::{Source, Statement, array};
