//! PostgreSQL over tokio-postgres: a pool of connections, each with prepared statements of its own.

mod bind;
mod config;
mod connection;
pub(super) mod decode;
mod error;
mod listener;
mod opening;
mod pipeline;
mod pool;
mod session;
mod shards;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;

pub(super) use config::Target;
pub(super) use listener::Listener;
pub(super) use pool::Pool;
pub(super) use transaction::Transaction;
