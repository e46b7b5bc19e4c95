//! Errors that reach a client.

mod api_error;
mod problem;

pub use api_error::ApiError;
pub use problem::Problem;
