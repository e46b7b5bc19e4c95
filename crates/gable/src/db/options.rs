//! How the database is used: connections and time limits.

use std::time::Duration;

/// How long a request waits for a connection, or for SQLite's writer, before it is told that the service is busy.
pub(super) const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a statement waits for a lock that another transaction, or on SQLite another process, holds.
pub(super) const LOCK: Duration = Duration::from_secs(3);
/// How long PostgreSQL keeps a transaction open in which nothing happens, because an interceptor does something else.
pub(super) const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// At most so many connections, give or take one for probes and, on SQLite, one for writes.
    pub(crate) connections: u32,
    /// A statement that takes longer is cancelled, and the request answered with 503.
    pub(crate) statement_timeout: Duration,
    /// Off behind a pooler that gives each transaction another session of the server.
    pub(crate) prepared_statements: PreparedStatements,
    pub(crate) synchronous: Synchronous,
    /// Where the server itself is reached for `LISTEN`, which no pooler passes on; none: by the URL of the database, unless
    /// that is a pooler's.
    pub(crate) listen_url: Option<ConnectionUrl>,
}

impl Options {
    /// The defaults, for tests.
    #[cfg(test)]
    pub(crate) fn new(connections: u32) -> Self {
        Self {
            connections,
            statement_timeout: Duration::from_secs(5),
            prepared_statements: PreparedStatements::Kept,
            synchronous: Synchronous::Normal,
            listen_url: None,
        }
    }
}

/// A URL that may hold a password, and is not shown.
#[derive(Clone)]
pub(crate) struct ConnectionUrl(pub(crate) String);

impl std::fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectionUrl")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PreparedStatements {
    /// Each connection keeps the statements that it has prepared.
    Kept,
    /// Every statement is parsed anew, and nothing is set for a session.
    Off,
}

/// `PRAGMA synchronous` of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synchronous {
    /// A power cut may lose the last transactions, never the file. The end of the process loses nothing.
    Normal,
    /// A power cut loses nothing; each commit waits for the disk.
    Full,
}
