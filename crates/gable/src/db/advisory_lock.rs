//! Advisory locks of PostgreSQL, held until the transaction ends. SQLite has one writer at a time and needs none.

use super::{Database, DbError, Dialect, Row, Source, Statement};

/// Work that only one node of a database does at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AdvisoryLock {
    Migrations,
    /// Taking a super user's power away.
    SuperUsers,
    /// Comparing the role tables with the schema at start.
    RoleTables,
    /// Writing accounts, roles and permissions by right of the caller.
    Rights,
}

impl AdvisoryLock {
    /// An arbitrary number, on which nodes of all versions must agree.
    fn key(self) -> i64 {
        match self {
            AdvisoryLock::Migrations => 7_130_246_190_532,
            AdvisoryLock::SuperUsers => 7_130_246_190_533,
            AdvisoryLock::RoleTables => 7_130_246_190_534,
            AdvisoryLock::Rights => 7_130_246_190_535,
        }
    }

    pub(super) fn sql(self) -> String {
        format!("SELECT pg_advisory_xact_lock({})", self.key())
    }

    fn try_sql(self) -> String {
        format!("SELECT pg_try_advisory_xact_lock({})", self.key())
    }
}

impl Database {
    /// Waits until no other transaction holds the lock. `source` is the transaction that will hold it.
    ///
    /// # Errors
    /// `DbError::LockTimeout` when others take too long.
    pub(crate) async fn lock(&self, source: Source<'_>, lock: AdvisoryLock) -> Result<(), DbError> {
        if self.dialect() == Dialect::Postgres {
            source.one(Statement::new(Dialect::Postgres, lock.sql())).await?;
        }
        Ok(())
    }

    /// Takes the lock if no other transaction holds it, and tells whether it did.
    pub(super) async fn try_lock(&self, source: Source<'_>, lock: AdvisoryLock) -> Result<bool, DbError> {
        if self.dialect() != Dialect::Postgres {
            return Ok(true);
        }
        let taken = source.one(Statement::new(Dialect::Postgres, lock.try_sql())).await?;
        taken.as_ref().map_or(Ok(false), |row| Row::new(row).next())
    }
}
