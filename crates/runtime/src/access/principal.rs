//! Who is asking.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Permission, PermissionSet};
use crate::http::ApiError;
use crate::resource::Id;

/// The outcome of stage 3.
#[derive(Clone, Debug, Default)]
pub enum Principal {
    #[default]
    Anonymous,
    Account(Arc<Identity>),
}

/// An account and everything that was granted to it.
#[derive(Debug, PartialEq)]
pub struct Identity {
    pub account: Id,
    pub super_user: bool,
    /// Milliseconds since the epoch; a token names the password that it was issued under.
    pub(crate) password_changed_at: i64,
    /// The log-in that the request came with; none where an interceptor said who asks.
    pub(crate) grant: Option<GrantState>,
    pub roles: Vec<Arc<Role>>,
    /// Held through roles or given to the account, less what it was denied.
    pub(crate) held: PermissionSet,
    /// Given to the account itself, whatever its roles say.
    pub(crate) allowed: PermissionSet,
    /// Taken from the account, whatever its roles or the public may do.
    pub(crate) denied: PermissionSet,
}

/// A log-in, as far as a request must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantState {
    pub(crate) id: Uuid,
    /// How often its credential was renewed; older credentials are dead.
    pub(crate) generation: i32,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A name for a set of permissions.
#[derive(Debug, PartialEq)]
pub struct Role {
    pub name: String,
    pub permissions: PermissionSet,
}

impl Principal {
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Principal::Anonymous => None,
            Principal::Account(identity) => Some(identity),
        }
    }

    pub fn account(&self) -> Option<Id> {
        self.identity().map(|identity| identity.account)
    }

    pub(crate) fn grant(&self) -> Option<GrantState> {
        self.identity()?.grant
    }

    pub fn is_super_user(&self) -> bool {
        self.identity().is_some_and(|identity| identity.super_user)
    }

    /// Whether the account holds the permission for at least some rows; a super user holds everything.
    pub fn holds(&self, permission: Permission) -> bool {
        self.identity().is_some_and(|identity| identity.super_user || identity.held.contains(permission))
    }

    /// # Errors
    /// 401 `LoginRequired` for an anonymous caller.
    pub fn require(&self) -> Result<&Identity, ApiError> {
        self.identity().ok_or_else(ApiError::login_required)
    }
}

impl Identity {
    pub(crate) fn new(found: AccountState, given: Given) -> Self {
        let Given { roles, allowed, denied } = given;
        let AccountState { account, super_user, password_changed_at, grant } = found;
        let mut held = allowed.clone();
        roles.iter().for_each(|role| held.union(&role.permissions));
        held.subtract(&denied);
        Self { account, super_user, password_changed_at, grant, roles, held, allowed, denied }
    }

    pub fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role.name == name)
    }
}

/// What an account is by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountState {
    pub(crate) account: Id,
    pub(crate) super_user: bool,
    pub(crate) password_changed_at: i64,
    pub(crate) grant: Option<GrantState>,
}

/// What an account was given: by role, and directly.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) roles: Vec<Arc<Role>>,
    pub(crate) allowed: PermissionSet,
    pub(crate) denied: PermissionSet,
}
