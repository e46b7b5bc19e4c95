//! Reviewed SQL, embedded in the binary, applied in order and never twice.

/// One migration, in the dialects that the application was built with.
#[derive(Debug)]
pub struct Migration {
    /// The number and the name: `0001_initial`.
    pub name: &'static str,
    /// The SQL for SQLite.
    pub sqlite: &'static str,
    /// The SQL for PostgreSQL.
    pub postgres: &'static str,
    /// The fingerprint of the tables after it; equals [`Api::TABLES`](crate::generated::Api::TABLES) for the newest
    /// migration of an up-to-date application.
    pub tables: &'static str,
}
