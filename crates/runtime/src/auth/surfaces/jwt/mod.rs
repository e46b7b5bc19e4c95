//! The jwt surface: a bearer token and a cookie, as documented for Arkos.

mod cookie;
pub(crate) mod errors;
mod operations;
mod routes;

pub(crate) use routes::{configure, limit_name};
