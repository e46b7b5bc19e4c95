//! Runs the application while its surroundings fail: disks, networks, locks, processes. After each fault nothing that was
//! acknowledged is lost, nothing is half-applied, no transaction stays open, and the service is good again without a
//! restart.
//!
//! Tests of SQLite need nothing installed. `.ci/with-postgres cargo test --test faults` runs those of PostgreSQL, too.
//! Lines that begin with `measured:` (`-- --nocapture`) are the figures of docs/operations.md.

#[path = "../api/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the API's tests use the rest")]
mod harness;

mod ledger;
mod proxy;
mod psql;
mod random;
mod waiting;

mod crashes;
mod deadlocks;
mod descriptors;
mod disk;
mod failover;
mod locks;
mod network;
mod read_only;
mod restarts;
mod schema_changes;
mod sqlite_files;
mod starts;
