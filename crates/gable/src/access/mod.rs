//! Stage 4: authorization. `decide` is a pure function of the permissions that the principal holds. The roles and
//! permissions are kept in memory and replaced as a whole when they change.
//!
//! A row rule of the YAML applies to the roles that it names. A role made at run time, and a permission given to an
//! account, have no row rule, because whoever granted them meant the whole action.
//!
//! Identities are cached by grant and discarded by account. Every node announces its changes by `NOTIFY` in the
//! transaction that makes them, and uses its cache only while marks that it sends to itself every 2 seconds arrive.
//! SQLite has no notifications: if another process uses the same file, entries live for 5 seconds at most.

mod cache;
mod catalogue;
mod change;
mod control;
mod decide;
mod explain;
mod follow;
mod load;
mod masks;
mod notices;
mod principal;
mod scope;

pub(crate) use catalogue::{Catalogue, CatalogueEntry};
pub(crate) use change::AccessChange;
pub(crate) use control::{AccessControl, IdentityStatus};
pub(crate) use decide::{decide, granted, within_route};
pub(crate) use explain::explain;
#[cfg(test)]
pub(crate) use load::AccessTable;
pub(crate) use load::{AccessModels, DynamicModels, key_to, role_permissions};
pub(crate) use masks::FieldMasks;
pub(crate) use principal::{GrantState, LoginMethod, Newcomer};
pub use principal::{Identity, Principal, Role};
pub use scope::Scope;
pub(crate) use scope::{Authority, RowRule, Term};
