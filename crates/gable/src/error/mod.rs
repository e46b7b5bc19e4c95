//! Errors that reach a client. They have a kind, which `http` maps to a status, and problems that stay typed until the
//! answer is written.

mod api_error;
mod kind;
mod problem;

pub use api_error::ApiError;
pub(crate) use kind::ErrorKind;
pub use problem::Problem;
