//! Runs the application while disks, networks, locks and processes fail. After each fault, no acknowledged write is lost,
//! no write is applied in part, no transaction stays open, and the application works again without a restart.
//!
//! Tests on SQLite need nothing installed. `.ci/with-postgres cargo test --test faults` also runs those on PostgreSQL.
//! Lines that begin with `measured:` (`-- --nocapture`) are the figures of docs/operations.md.

#[path = "../api/harness/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "the API's tests use the rest")]
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
