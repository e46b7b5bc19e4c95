//! Maps PostgreSQL's SQLSTATE codes to `DbError`.

use tokio_postgres::Error;
use tokio_postgres::error::DbError as Refusal;

use crate::db::DbError;
use crate::db::error::Violation;

/// Whether the connection is gone, so that the same statement may succeed on another one.
pub(super) fn is_disconnection(error: &Error) -> bool {
    match error.code() {
        // Terminated by an administrator, crashed, starting or stopping.
        Some(code) => matches!(code.code(), "57P01" | "57P02" | "57P03"),
        None => error.is_closed() || io_cause(error).is_some(),
    }
}

/// Whether the server accepted the connection and then ended it.
pub(super) fn was_ended(error: &Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.code() {
        Some(code) => matches!(code.code(), "57P01" | "57P02"),
        None => {
            error.is_closed()
                || io_cause(error).is_some_and(|cause| {
                    matches!(cause.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
                })
        }
    }
}

/// Whether the server has become a standby, or its database read-only.
pub(super) fn is_read_only(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "25006")
}

pub(super) fn is_division_by_zero(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "22012")
}

/// Whether a prepared statement must be prepared again, because the columns of its result have changed.
pub(super) fn is_stale_plan(error: &Error) -> bool {
    let Some(refusal) = error.as_db_error() else { return false };
    match refusal.code().code() {
        "0A000" => refusal.message().contains("cached plan"),
        // A pooler or `DISCARD ALL` has removed the prepared statement.
        "26000" => true,
        _ => false,
    }
}

fn io_cause(error: &Error) -> Option<&std::io::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(refusal) => refused(refusal).unwrap_or_else(|| DbError::other(error)),
            None if is_disconnection(&error) => DbError::unavailable(error),
            None => DbError::other(error),
        }
    }
}

fn refused(refusal: &Refusal) -> Option<DbError> {
    let code = refusal.code().code();
    match code {
        "23505" => {
            Some(DbError::Unique(Violation { index: refusal.constraint().map(str::to_owned), columns: Vec::new() }))
        }
        "23503" | "23001" => Some(DbError::ForeignKey),
        "40001" | "40P01" => Some(DbError::Conflict),
        "55P03" => Some(DbError::LockTimeout),
        "57014" => Some(DbError::Timeout),
        // Idle for too long, read-only, out of resources, shutdown and start, I/O errors.
        "25P03" | "25006" | "57P01" | "57P02" | "57P03" | "57P05" | "58030" => {
            Some(DbError::unavailable(refusal.message()))
        }
        _ if code.starts_with("08") || code.starts_with("53") => Some(DbError::unavailable(refusal.message())),
        _ => None,
    }
}
