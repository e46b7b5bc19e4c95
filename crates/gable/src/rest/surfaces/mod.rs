//! The wire formats of the auth core. Each surface maps HTTP requests to calls of the core, and errors of the core to
//! its own codes and messages.
//!
//! A surface contains no logic: `routes` assigns operations to paths, `operations` reads bodies and calls the core,
//! `error_mapping` maps each `AuthError` to the surface's own status and code, and `envelope` writes the answers of a
//! surface that has a format of its own.

mod body;
mod cookie;
pub(crate) mod endpoint;
pub(crate) mod jwt;
mod own_view;
mod problem_list;
pub(crate) mod roles;
pub(crate) mod session;
pub(crate) mod token_pair;
