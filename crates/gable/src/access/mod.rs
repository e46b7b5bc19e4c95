//! Stage 4: authorization. `decide` is a pure function of the permissions that the principal holds. The roles and
//! permissions are kept in memory and replaced as a whole when they change.

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
pub(crate) use control::{AccessControl, Standing};
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
