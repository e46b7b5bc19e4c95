//! What `benches/permission.rs` cannot reach otherwise. The check is the runtime's own affair and stays so: this is
//! compiled for the benchmark alone.

use std::sync::Arc;

use uuid::Uuid;

use crate::access::{AccountState, Given, LastUsed};
use crate::access::{FieldMasks, Identity, PermissionSet, Principal, Role, decide};
use crate::resource::{ActionMeta, Id, ModelMeta};

/// An account with these roles, as it is after its tables were read.
pub fn account(roles: Vec<Arc<Role>>, permissions: usize) -> Principal {
    let account = Id::Uuid(Uuid::nil());
    let last_used = LastUsed::default();
    let state = AccountState { account, super_user: false, password_changed_at: 0, grant: None, last_used };
    let none = || PermissionSet::empty(permissions);
    Principal::Account(Arc::new(Identity::new(state, Given { roles, allowed: none(), denied: none() })))
}

/// A model as the server holds it.
pub struct Checked {
    meta: &'static ModelMeta,
    masks: FieldMasks,
}

impl Checked {
    pub fn new(meta: &'static ModelMeta) -> Self {
        Self { meta, masks: FieldMasks::new(meta) }
    }

    /// The whole of what a request is asked before it is let through: the permission, which rows, which fields.
    pub fn allows(&self, action: &'static ActionMeta, principal: &Principal) -> bool {
        decide(self.meta, &self.masks, action, principal).is_ok()
    }
}
