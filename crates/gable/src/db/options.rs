//! Settings of the database: connections and time limits.

use std::time::Duration;

/// How long a request waits for a connection, or for SQLite's writer, before it is refused with 503.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement waits for a lock that another transaction, or on SQLite another process, holds.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(3);
/// How long PostgreSQL keeps a transaction open that sends no statements, for example while an interceptor calls
/// another service.
pub(super) const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// The warning that a start waits.
pub(super) const WAITING: &str = "waiting for another process that changes the tables or writes to the database";

#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Maximum number of connections. Not counted are one for probes; on PostgreSQL two for work that no request causes,
    /// and one for each thread that serves requests, at most half as many, for short reads; on SQLite one for writes.
    pub(crate) connections: u32,
    /// The number of threads that serve requests. On PostgreSQL, each has connections of its own.
    pub(crate) threads: usize,
    /// A statement that takes longer is cancelled, and the request answered with 503.
    pub(crate) statement_timeout: Duration,
    /// `Off` is for poolers that may run each transaction in another session of the server.
    pub(crate) prepared_statements: PreparedStatements,
    pub(crate) synchronous: Synchronous,
    /// The URL of the server itself for `LISTEN`, which poolers do not forward. Without it, the URL of the database is
    /// used, unless that is a pooler's.
    pub(crate) listen_url: Option<ConnectionUrl>,
}

impl Options {
    /// The defaults, for tests.
    #[cfg(test)]
    pub(crate) fn new(connections: u32) -> Self {
        Self {
            connections,
            threads: 1,
            statement_timeout: Duration::from_secs(5),
            prepared_statements: PreparedStatements::Kept,
            synchronous: Synchronous::Normal,
            listen_url: None,
        }
    }
}

/// A URL that may contain a password, so `Debug` hides it.
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
    /// Every statement is parsed again, and no session settings are made.
    Off,
}

/// `PRAGMA synchronous` of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synchronous {
    /// A power failure may lose the last transactions but never damages the file. A crash of the process loses nothing.
    Normal,
    /// A power failure loses nothing; each commit waits for the disk.
    Full,
}

/// Whether other writes may be committed together with a transaction. Only SQLite does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// The transaction has statements that take long, or waits for something else than the database.
    Alone,
    Shared,
}
