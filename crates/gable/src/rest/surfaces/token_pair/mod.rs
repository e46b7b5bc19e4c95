//! The tokenPair surface: a short-lived access token and a refresh token, as documented for Conduit.

mod envelope;
mod error_mapping;
mod operations;
mod redirect;
mod routes;
mod user_data;

pub(crate) use routes::{configure, error_formats};
