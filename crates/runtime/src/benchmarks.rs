//! What `benches/permission.rs` cannot reach otherwise. The check is the runtime's own affair and stays so: this is
//! compiled for the benchmark alone.

use std::sync::Arc;

use uuid::Uuid;

use crate::access::{FieldMasks, Identity, Principal, Role, decide};
use crate::resource::{ActionMeta, Id, ModelMeta};

/// An account with these roles, as it is after its tables were read.
pub fn account(roles: Vec<Arc<Role>>, permissions: usize) -> Principal {
    Principal::Account(Arc::new(Identity::with_roles(Id::Uuid(Uuid::nil()), roles, permissions)))
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
