//! The endpoints of the eight operations: reading requests and writing answers.

pub(crate) mod answer;
mod conditional;
mod endpoint;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod idempotency;
mod pace;
mod routes;

pub(crate) use idempotency::REPEATABLE_FOR;
pub(crate) use routes::{configure, limit_name};
