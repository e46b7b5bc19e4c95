//! Operations: log, health checks, command line, clean-up, shutdown.

pub(crate) mod clean_up;
pub(crate) mod command;
pub(crate) mod health;
pub(crate) mod listener;
pub(crate) mod log;
pub(crate) mod shutdown;
pub(crate) mod stored_addresses;
pub(crate) mod stored_passwords;
