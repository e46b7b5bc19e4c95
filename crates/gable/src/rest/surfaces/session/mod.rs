//! The session surface: an opaque cookie, as documented for ModularAuth-Kit.

mod envelope;
mod operations;
mod reports;
mod routes;
mod words;

pub(crate) use routes::{CHANGE_PASSWORD, configure, error_formats};
