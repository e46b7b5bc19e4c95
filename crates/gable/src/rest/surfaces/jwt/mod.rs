//! The jwt surface: a bearer token and a cookie, as documented for Arkos.

mod cookie;
mod error_mapping;
mod operations;
mod routes;

pub(crate) use routes::configure;
