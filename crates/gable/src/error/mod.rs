//! Errors that reach a client.

mod api_error;
mod kind;
mod problem;

pub use api_error::ApiError;
pub(crate) use kind::ErrorKind;
pub use problem::Problem;
