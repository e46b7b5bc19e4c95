//! Drives the running application over HTTP, as its users do: nothing here sees its code.
//!
//! On SQLite by default; see `harness/database.rs` for PostgreSQL.

mod harness;

mod access;
mod accounts;
mod addresses;
mod assignment;
mod auth_bodies;
mod auth_interceptors;
mod bulk_refusals;
mod classes;
mod concurrency;
mod costs;
mod crud;
mod entities;
mod errors;
mod explaining;
mod filters;
mod giving;
mod guild;
mod hashing;
mod held;
mod idempotency;
mod includes;
mod interceptors;
mod limits;
mod load;
mod lockout;
mod lockout_alike;
mod log_faults;
mod mail;
mod mail_after_a_crash;
mod nested;
mod never_fails;
mod newsroom;
mod operations;
mod permissions;
mod references;
mod relations;
mod secrets;
mod session;
mod sessions;
mod soft_delete;
mod stopping;
mod super_users;
mod tables;
mod time;
mod tls;
mod token_pair;
mod tokens;
mod validation;
mod versions;
