//! Stages 6 to 9: the eight operations, one file each. They receive authorized and validated input, run the model's
//! interceptors around the SQL, and do not know HTTP; `rest` does.
//!
//! A row is never written through another one with fewer checks than the operation of its own model makes: permission,
//! row rule, field mask, validation, interceptors, `ModelRules`. The rows that its own keys point to are written before
//! its interceptors run, so that no interceptor sees or sets a key that is overwritten later; all others are written
//! after it.
//!
//! A row that the caller cannot see cannot be changed, deleted, linked or unlinked. A body that names it is answered
//! like one that names a row that does not exist; `references` describes the one exception.

mod context_operations;
mod create_many;
mod create_one;
mod delete_many;
mod delete_one;
mod find_many;
mod find_one;
mod guard;
mod insert;
mod join;
mod locate;
mod nested;
pub(crate) mod read_body;
mod references;
mod refusal;
mod relation_end;
mod replace;
pub(crate) mod restore;
mod row_operations;
mod sorted;
pub(crate) mod transact;
mod update_many;
mod update_one;
pub(crate) mod version;
mod write;

pub use context_operations::AsSystem;
pub(crate) use create_many::create_many;
pub(crate) use create_one::create_one;
pub(crate) use delete_many::delete_many;
pub(crate) use delete_one::delete_one;
pub(crate) use find_many::{Page, find_many};
pub(crate) use find_one::find_one;
pub(crate) use insert::insert_as_is;
pub(crate) use read_body::{read_create, read_own, read_update};
pub(crate) use references::check_own_references;
pub(crate) use row_operations::NestedOperations;
pub(crate) use update_many::update_many;
pub(crate) use update_one::update_one;
pub(crate) use version::VersionedRecord;
