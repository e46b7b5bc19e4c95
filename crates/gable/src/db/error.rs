//! Errors of the database, sorted by what the caller can do about them.

use std::error::Error;

use sea_orm::{DbErr, RuntimeErr};

/// An error of the database, by what its caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row.
    #[error("unique constraint: {0}")]
    Unique(Violation),
    /// A key refers to a row that does not exist, or a row is still referred to.
    #[error("foreign key constraint")]
    ForeignKey,
    /// The database cannot be reached, is out of space, or did not answer within a time limit.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// A statement took longer than the statement timeout.
    #[error("the statement took too long")]
    Timeout,
    /// Another transaction held a lock for longer than the lock timeout.
    #[error("the database is locked by another transaction")]
    LockTimeout,
    /// Another transaction won: a deadlock, a serialization failure, or a write that ended the transaction it shared. The
    /// transaction may be tried again.
    #[error("serialization failure, deadlock, or loss of a shared transaction")]
    Conflict,
    /// The rows have more bytes than their reader takes (`Statement::at_most`). The rest was not read.
    #[error("the rows have more bytes than may be read")]
    TooLarge,
    /// Any other error, such as a statement that the database does not accept.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

/// The unique index that refused a row. PostgreSQL names the index, SQLite the columns, or the index where it
/// has expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violation {
    pub(crate) index: Option<String>,
    pub(crate) columns: Vec<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.index {
            Some(index) => f.write_str(index),
            None => f.write_str(&self.columns.join(", ")),
        }
    }
}

impl DbError {
    pub(crate) fn other(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        DbError::Other(cause.into())
    }

    /// The error of a commit before the rows of the transaction's check were taken.
    pub(super) fn unread_check() -> Self {
        Self::other("a transaction was to be committed before its check was read")
    }

    /// The error again, for another request that it concerns.
    pub(super) fn same(&self) -> Self {
        match self {
            DbError::Unique(violation) => DbError::Unique(violation.clone()),
            DbError::ForeignKey => DbError::ForeignKey,
            DbError::Unavailable(cause) => DbError::Unavailable(cause.clone()),
            DbError::Timeout => DbError::Timeout,
            DbError::LockTimeout => DbError::LockTimeout,
            DbError::Conflict => DbError::Conflict,
            DbError::TooLarge => DbError::TooLarge,
            DbError::Other(cause) => DbError::other(cause.to_string()),
        }
    }

    pub(super) fn unavailable(cause: impl std::fmt::Display) -> Self {
        DbError::Unavailable(cause.to_string())
    }
}

/// For interceptors that use SeaORM. The reverse conversion keeps only whether the database is available.
impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::Conn(cause) => DbError::Unavailable(cause.to_string()),
            DbErr::ConnectionAcquire(cause) => DbError::Unavailable(cause.to_string()),
            other => DbError::other(other),
        }
    }
}

impl From<DbError> for DbErr {
    fn from(error: DbError) -> Self {
        let text = RuntimeErr::Internal(error.to_string());
        match error {
            DbError::Unavailable(_) | DbError::Timeout | DbError::LockTimeout | DbError::Conflict => DbErr::Conn(text),
            DbError::Unique(_) | DbError::ForeignKey | DbError::TooLarge | DbError::Other(_) => DbErr::Query(text),
        }
    }
}
