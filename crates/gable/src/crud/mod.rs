//! Stages 6 to 9: the eight operations, one file each. They receive authorized and validated input, run the model's
//! interceptors around the SQL, and do not know HTTP; `endpoint` does.

mod answer;
mod create_many;
mod create_one;
mod delete_many;
mod delete_one;
mod endpoint;
mod find_many;
mod find_one;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod guard;
mod idempotency;
mod insert;
mod join;
mod locate;
mod named;
mod nested;
mod read_body;
mod references;
mod refusal;
mod replace;
mod restore;
mod routes;
mod sorted;
mod transact;
mod turns;
mod update_many;
mod update_one;
mod version;
mod write;

pub(crate) use create_many::create_many;
pub(crate) use create_one::create_one;
pub(crate) use delete_many::delete_many;
pub(crate) use delete_one::delete_one;
pub(crate) use find_many::{Page, find_many};
pub(crate) use find_one::find_one;
pub(crate) use idempotency::REPEATABLE_FOR;
pub(crate) use insert::insert_as_is;
pub(crate) use read_body::{read_create, read_own, read_update};
pub(crate) use references::check_own_references;
pub(crate) use routes::{configure, limit_name};
pub(crate) use turns::{Turn, Turns};
pub(crate) use update_many::update_many;
pub(crate) use update_one::update_one;
