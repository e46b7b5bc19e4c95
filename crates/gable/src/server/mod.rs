//! Starting and stopping: the builder, the command line, assembling an application, serving, and background work.

pub mod api;
mod background;
#[cfg(feature = "benchmarks")]
pub mod benchmarks;
mod builder;
mod clean_up;
mod command;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod health;
mod listener;
mod log;
mod permission_sync;
mod serve;
mod shutdown;
mod start;
mod stored_addresses;
mod stored_passwords;
pub mod testing;

pub use builder::Gable;
#[cfg(test)]
pub(crate) use start::assemble;
