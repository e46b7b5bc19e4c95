//! The session surface: an opaque cookie, as documented for ModularAuth-Kit.

mod envelope;
mod error_mapping;
mod operations;
mod reports;
mod routes;

pub(crate) use routes::{CHANGE_PASSWORD, configure, error_formats};
