//! The HTTP endpoints: the operations of the models, and the surfaces of authentication.

pub(crate) mod crud;
mod limits;
mod shared;
pub(crate) mod surfaces;

pub(crate) use shared::Shared;
