//! Wire formats over the core: thin rooms that map HTTP to core calls and core errors to their own words.

mod body;
mod cookie;
pub(crate) mod endpoint;
pub(crate) mod jwt;
mod own_view;
pub(crate) mod roles;
pub(crate) mod session;
pub(crate) mod token_pair;
mod told;
