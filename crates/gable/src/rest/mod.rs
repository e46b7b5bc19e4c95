//! The HTTP endpoints: the operations of the models, and the surfaces of authentication.
//!
//! The answer to a write is rendered before the commit, so that no write is committed whose answer fails.

pub(crate) mod crud;
mod limits;
mod routes;
mod shared;
pub(crate) mod surfaces;

pub(crate) use limits::limits;
pub(crate) use routes::{configure, transport};
pub(crate) use shared::Shared;
