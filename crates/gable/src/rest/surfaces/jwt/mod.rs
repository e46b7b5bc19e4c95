//! The jwt surface: a bearer token and a cookie, as documented for Arkos.

mod cookie;
mod operations;
mod routes;
mod words;

pub(crate) use routes::configure;
