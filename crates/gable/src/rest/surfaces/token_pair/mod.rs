//! The tokenPair surface: a short-lived access token and a refresh token, as documented for Conduit.

mod envelope;
mod operations;
mod redirect;
mod routes;
mod user_data;
mod words;

pub(crate) use routes::{configure, error_formats};
