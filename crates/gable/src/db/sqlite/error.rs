//! Maps SQLite's extended result codes to `DbError`.

use rusqlite::{Error, ErrorCode};

use crate::db::DbError;
use crate::db::error::Violation;

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        let Some(code) = error.sqlite_error() else { return DbError::other(error) };
        match (code.code, code.extended_code) {
            // SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE
            (_, 1555 | 2067) => DbError::Unique(violation(&error.to_string())),
            // SQLITE_CONSTRAINT_FOREIGNKEY and SQLITE_CONSTRAINT_TRIGGER
            (_, 787 | 1811) => DbError::ForeignKey,
            (ErrorCode::OperationInterrupted, _) => DbError::Timeout,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => DbError::LockTimeout,
            (
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed,
                _,
            ) => DbError::unavailable(error),
            _ => DbError::other(error),
        }
    }
}

/// Whether the file could not be written or read, so that the connection should be opened again.
pub(super) fn is_of_the_file(error: &Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// `UNIQUE constraint failed: posts.author_id, posts.title`, or `…: index 'uq_users_username'` of an index over expressions
fn violation(message: &str) -> Violation {
    let index = message.rsplit(": index '").next().filter(|index| index.len() < message.len());
    if let Some(index) = index.and_then(|index| index.strip_suffix('\'')) {
        return Violation { index: Some(index.to_owned()), columns: Vec::new() };
    }
    let columns = message.rsplit(": ").next().unwrap_or_default();
    let columns = columns.split(", ").filter_map(|column| column.split('.').nth(1)).map(str::to_owned).collect();
    Violation { index: None, columns }
}
