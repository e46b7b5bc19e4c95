//! Stage 4: authorization. `decide` is a pure function of the permissions that the principal holds. The roles and
//! permissions are kept in memory and replaced as a whole when they change.

mod cache;
mod catalogue;
mod change;
mod control;
mod decide;
mod explain;
mod follow;
mod giving;
mod load;
mod masks;
mod notices;
mod permission;
mod principal;
mod scope;
mod sync;

pub(crate) use catalogue::{Catalogue, CatalogueEntry};
pub(crate) use change::AccessChange;
pub(crate) use control::{AccessControl, Standing};
pub(crate) use decide::{decide, granted, within_route};
pub(crate) use explain::explain;
pub(crate) use giving::{Change, Giving, cannot_grant, check_giving, check_taking_over};
#[cfg(test)]
pub(crate) use load::AccessTable;
pub(crate) use load::{AccessModels, id_from, key_to, optional_id};
pub(crate) use masks::FieldMasks;
pub use permission::{FieldSet, Permission, PermissionSet};
pub(crate) use principal::{GrantState, Newcomer, Via};
pub use principal::{Identity, Principal, Role};
pub use scope::Scope;
pub(crate) use scope::{Authority, RowRule, Term};
pub(crate) use sync::{Prune, compare, seed, synchronize};
