//! Tests for faults that are known from similar systems, on every model, field and relation of two applications: the
//! Gazette, and the ledger with its integer ids, roles in code, gated fields and small budgets. The models are read from
//! the schemas, so that a new model is tested without a change here.

mod application;
mod budgets;
mod gated_fields;
mod hidden_rows;
mod malformed_elements;
mod mass_assignment;
mod samples;
mod set;
