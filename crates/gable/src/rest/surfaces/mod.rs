//! The wire formats of the auth core. Each surface maps HTTP requests to calls of the core, and errors of the core to
//! its own codes and messages.

mod body;
mod cookie;
pub(crate) mod endpoint;
pub(crate) mod jwt;
mod own_view;
mod problem_list;
pub(crate) mod roles;
pub(crate) mod session;
pub(crate) mod token_pair;
