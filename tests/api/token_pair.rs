//! The tokenPair surface: what its documentation promises, and what nobody may make of it.

mod account;
mod change_email;
mod code;
mod documented;
mod envelope;
mod interceptors;
mod pair;
mod password;
mod recovery;
mod renewal;
mod stage;
mod time;
mod tokens;
mod user;
mod verification;
