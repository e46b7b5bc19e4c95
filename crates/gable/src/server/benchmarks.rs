//! Access for `benches/permission.rs` to the permission check, which is otherwise private. Compiled for the benchmark
//! only.

use std::sync::Arc;

use uuid::Uuid;

use crate::access::{FieldMasks, Identity, Principal, Role, decide};
use crate::meta::{ActionMeta, ModelMeta};
use crate::model::Id;

/// Creates an account with these roles, as if loaded from the tables.
pub fn account(roles: Vec<Arc<Role>>, permissions: usize) -> Principal {
    Principal::Account(Arc::new(Identity::with_roles(Id::Uuid(Uuid::nil()), roles, permissions)))
}

/// A model with the field masks that the server keeps for it.
pub struct Checked {
    meta: &'static ModelMeta,
    masks: FieldMasks,
}

impl Checked {
    /// Computes the field masks of a model.
    pub fn new(meta: &'static ModelMeta) -> Self {
        Self { meta, masks: FieldMasks::new(meta) }
    }

    /// Runs the complete authorization of a request: the permission, the scope of rows, and the fields.
    pub fn allows(&self, action: &'static ActionMeta, principal: &Principal) -> bool {
        decide(self.meta, &self.masks, action, principal).is_ok()
    }
}
