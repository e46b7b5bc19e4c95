//! What can go wrong at the door, sorted by what the caller can do about it.

use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr};

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row.
    #[error("unique constraint: {0}")]
    Unique(Violation),
    /// A key refers to a row that is not there, or a row is still referred to.
    #[error("foreign key constraint")]
    ForeignKey,
    /// The database cannot be reached, or is too busy to take part.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// Another transaction won, or did not end in time; the request may be tried again.
    #[error("serialization failure")]
    Conflict,
    #[error(transparent)]
    Other(DbErr),
}

/// What a database says of a unique index that refused a row. PostgreSQL names the index, SQLite the columns.
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

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => DbError::Unavailable(error.to_string()),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                classify(cause).unwrap_or(DbError::Other(error))
            }
            _ => DbError::Other(error),
        }
    }
}

fn classify(error: &sqlx::Error) -> Option<DbError> {
    match error {
        sqlx::Error::Database(refusal) => refused(refusal.as_ref()),
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            Some(DbError::Unavailable(error.to_string()))
        }
        _ => None,
    }
}

/// SQLSTATE of PostgreSQL, extended result codes of SQLite.
fn refused(error: &dyn sqlx::error::DatabaseError) -> Option<DbError> {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        "23505" => {
            Some(DbError::Unique(Violation { index: error.constraint().map(str::to_owned), columns: Vec::new() }))
        }
        "1555" | "2067" => Some(DbError::Unique(sqlite_violation(error.message()))),
        "23503" | "23001" | "787" | "1811" => Some(DbError::ForeignKey),
        "40001" | "40P01" | "55P03" => Some(DbError::Conflict),
        // SQLite: busy and locked, with their extended forms. PostgreSQL: connection and resource failures, shutdown.
        "5" | "6" | "261" | "517" | "262" | "53300" | "57P01" | "57P02" | "57P03" => {
            Some(DbError::Unavailable(error.message().to_owned()))
        }
        _ if code.starts_with("08") => Some(DbError::Unavailable(error.message().to_owned())),
        _ => None,
    }
}

/// `UNIQUE constraint failed: posts.author_id, posts.title`
fn sqlite_violation(message: &str) -> Violation {
    let columns = message.rsplit(": ").next().unwrap_or_default();
    let columns = columns.split(", ").filter_map(|column| column.split('.').nth(1)).map(str::to_owned).collect();
    Violation { index: None, columns }
}
