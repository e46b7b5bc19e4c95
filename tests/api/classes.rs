//! What has hurt systems like this one, tried on every model, field and relation of two applications: the Gazette, and
//! the ledger with its integer ids, roles in code, gated fields and small budgets. What is tried is read from their
//! schemas, so that a new model is tried without a word here.

mod application;
mod assignment;
mod budgets;
mod gated;
mod hidden;
mod odd;
mod replacing;
mod samples;
