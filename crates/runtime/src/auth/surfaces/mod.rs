//! Wire formats over the core: thin rooms that map HTTP to core calls and core errors to their own words.

pub(crate) mod jwt;
pub(crate) mod roles;
