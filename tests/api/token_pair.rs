//! The tokenPair surface: what its documentation promises, and what nobody may make of it.

mod account;
mod documented;
mod envelope;
mod pair;
mod password;
mod renewal;
mod stage;
mod time;
mod tokens;
