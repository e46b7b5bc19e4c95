//! The wire formats of the auth core. Each surface maps HTTP requests to calls of the core, and errors of the core to
//! its own codes and messages.
//!
//! A surface contains no logic. Its `mod.rs` assigns operations to paths, `operations` reads bodies and calls the core,
//! and `responses` writes bodies and maps each `AuthError` to the surface's own status and code.

mod body;
pub(crate) mod endpoint;
pub(crate) mod jwt;
mod response_parts;
pub(crate) mod roles;
pub(crate) mod session;
pub(crate) mod token_pair;
