//! The endpoints of the eight operations: reading requests and writing answers.

mod answer;
mod endpoint;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod idempotency;
pub(crate) mod list;
mod routes;

pub(crate) use idempotency::REPEATABLE_FOR;
pub(crate) use routes::{configure, limit_name};
