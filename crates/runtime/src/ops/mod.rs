//! Running the application: its log, its health, its end.

pub(crate) mod command;
pub(crate) mod health;
pub(crate) mod log;
pub(crate) mod shutdown;
