//! The caller of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::db::Fingerprint;
use crate::error::ApiError;
use crate::meta::{IdKind, Permission, PermissionSet};
use crate::model::Id;

/// The caller of a request, as authentication has determined it.
///
/// ```
/// # mod api { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest/api.rs")); }
/// use gable::{ApiError, Context};
///
/// async fn only_editors(ctx: &mut Context<'_>, _: &mut api::CreatePost) -> Result<(), ApiError> {
///     let caller = ctx.principal().require()?;
///     if caller.super_user || caller.has_role("Editor") { Ok(()) } else { Err(ApiError::not_enough_permissions()) }
/// }
/// ```
///
/// Prefer permissions to names of roles where the schema can express them: see
/// [`Context::require`](crate::Context::require).
#[derive(Clone, Debug, Default)]
pub enum Principal {
    /// A caller without a log-in.
    #[default]
    Anonymous,
    /// A caller that an account identifies. Clones share the [`Identity`].
    Account(Arc<Identity>),
}

/// An account and everything that was granted to it.
#[derive(Debug, PartialEq)]
pub struct Identity {
    /// The id of the account.
    pub account: Id,
    /// Whether the account holds every permission, for all rows and fields.
    pub super_user: bool,
    /// When the password was last changed, in milliseconds since the Unix epoch; 0 if never. A token of the jwt surface
    /// is valid only for the value that it was issued with.
    pub(crate) password_changed_at: i64,
    /// The log-in of the request; `None` if an interceptor supplied the identity.
    pub(crate) grant: Option<GrantState>,
    pub(crate) last_used: LastUsed,
    /// Fingerprint of the rows from which it was loaded.
    pub(crate) fingerprint: Fingerprint,
    /// The roles that are assigned to the account.
    pub roles: Vec<Arc<Role>>,
    /// All permissions of the account: those of its roles and those allowed to it, without those denied to it.
    pub(crate) held: PermissionSet,
    /// Permissions that were allowed to the account itself.
    pub(crate) allowed: PermissionSet,
    /// Permissions that were denied to the account. They override its roles and the rules for everyone.
    pub(crate) denied: PermissionSet,
}

/// The surface that a log-in was opened through, which determines the form of its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginMethod {
    Jwt,
    Session,
    TokenPair,
    /// The command line.
    Console,
}

impl LoginMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            LoginMethod::Jwt => "jwt",
            LoginMethod::Session => "session",
            LoginMethod::TokenPair => "tokenPair",
            LoginMethod::Console => "console",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [LoginMethod::Jwt, LoginMethod::Session, LoginMethod::TokenPair, LoginMethod::Console]
            .into_iter()
            .find(|via| via.name() == name)
    }
}

/// The data of a log-in that a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantState {
    pub(crate) id: Uuid,
    pub(crate) via: LoginMethod,
    /// The number of times that its credential was renewed. Credentials of an older generation are invalid.
    pub(crate) generation: i32,
    pub(crate) expires_at: DateTime<Utc>,
    /// SHA-256 of the secret in the credential; `None` for the jwt surface, whose credential is only signed.
    pub(crate) secret_hash: Option<[u8; 32]>,
    /// Seconds without a request after which the log-in ends; `None` if it does not end by inactivity.
    pub(crate) idle_seconds: Option<i64>,
}

impl GrantState {
    fn is_over(&self, last_used: i64, now: DateTime<Utc>) -> bool {
        let idle = |seconds: i64| now.timestamp_millis() - last_used >= seconds.saturating_mul(1000);
        self.expires_at <= now || self.idle_seconds.is_some_and(idle)
    }
}

/// When a log-in was last used, in milliseconds since the Unix epoch. Two values always compare equal, because the time
/// of use has no effect on the rights of an identity.
#[derive(Debug, Default)]
pub(crate) struct LastUsed {
    loaded: i64,
    noted: AtomicI64,
}

impl PartialEq for LastUsed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Minimum time between two stored uses of a log-in, in milliseconds.
const NOTED_EVERY: i64 = 60_000;

impl LastUsed {
    pub(super) fn at(time: Option<DateTime<Utc>>) -> Self {
        let loaded = time.map_or(0, |time| time.timestamp_millis());
        Self { loaded, noted: AtomicI64::new(loaded) }
    }

    /// Whether this use must be stored. Of concurrent calls, exactly one returns true.
    fn note(&self, now: DateTime<Utc>) -> bool {
        let (before, now) = (self.noted(), now.timestamp_millis());
        now - before >= NOTED_EVERY
            && self.noted.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn noted(&self) -> i64 {
        self.noted.load(Ordering::Relaxed)
    }

    /// Whether a use was noted since this was loaded.
    pub(super) fn was_noted(&self) -> bool {
        self.noted() != self.loaded
    }
}

/// A named set of permissions, which accounts are assigned to.
#[derive(Debug, PartialEq)]
pub struct Role {
    /// The name, such as `Editor`.
    pub name: String,
    /// The permissions that it gives.
    pub permissions: PermissionSet,
}

impl Principal {
    /// Returns the account and its rights; `None` for an anonymous caller.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Principal::Anonymous => None,
            Principal::Account(identity) => Some(identity),
        }
    }

    /// Returns the id of the account; `None` for an anonymous caller.
    /// [`Context::account_id`](crate::Context::account_id) returns it as the type of the account model's id.
    pub fn account(&self) -> Option<Id> {
        self.identity().map(|identity| identity.account)
    }

    pub(crate) fn grant(&self) -> Option<GrantState> {
        self.identity()?.grant
    }

    /// Returns whether the caller is a super user, who may do everything.
    pub fn is_super_user(&self) -> bool {
        self.identity().is_some_and(|identity| identity.super_user)
    }

    /// Returns whether the caller holds the permission for at least some rows. A super user holds every permission.
    pub fn holds(&self, permission: Permission) -> bool {
        self.identity().is_some_and(|identity| identity.super_user || identity.held.contains(permission))
    }

    /// Returns the account and its rights.
    ///
    /// # Errors
    /// 401 `LoginRequired` for an anonymous caller.
    pub fn require(&self) -> Result<&Identity, ApiError> {
        self.identity().ok_or_else(ApiError::login_required)
    }
}

impl Identity {
    pub(crate) fn new(found: AccountState, given: Given) -> Self {
        let Given { roles, allowed, denied } = given;
        let AccountState { account, super_user, password_changed_at, grant, last_used, fingerprint } = found;
        let mut held = allowed.clone();
        roles.iter().for_each(|role| held.union(&role.permissions));
        held.subtract(&denied);
        Self { account, super_user, password_changed_at, grant, last_used, fingerprint, roles, held, allowed, denied }
    }

    /// Builds the identity of an account with these roles, for tests.
    #[cfg(any(test, feature = "benchmarks"))]
    pub(crate) fn with_roles(account: Id, roles: Vec<Arc<Role>>, permissions: usize) -> Self {
        let state = AccountState::without_log_in(account);
        let none = || PermissionSet::empty(permissions);
        Self::new(state, Given { roles, allowed: none(), denied: none() })
    }

    /// Whether its log-in has expired or was idle for too long. False without a log-in.
    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.grant.is_some_and(|grant| grant.is_over(self.last_used.noted(), now))
    }

    /// Notes that a log-in which ends by inactivity was used. Returns its id if the use must be stored.
    pub(crate) fn used(&self, now: DateTime<Utc>) -> Option<Uuid> {
        let grant = self.grant.filter(|grant| grant.idle_seconds.is_some())?;
        self.last_used.note(now).then_some(grant.id)
    }

    /// The rights of the account, independent of the log-in.
    pub(crate) fn rights(&self) -> impl Serialize + '_ {
        let mut roles: Vec<(&str, &PermissionSet)> =
            self.roles.iter().map(|role| (role.name.as_str(), &role.permissions)).collect();
        roles.sort_unstable_by_key(|(name, _)| *name);
        (self.super_user, roles, &self.allowed, &self.denied)
    }

    /// Returns whether the account is assigned to the role with this name. False for a super user without that role.
    pub fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role.name == name)
    }
}

/// An account that is signing up and whose row is not complete yet. Nested writes of its body are authorized as this
/// account.
#[derive(Clone, Debug)]
pub(crate) struct Newcomer {
    account: Id,
    /// The default role, if there is one.
    roles: Vec<Arc<Role>>,
    nothing: PermissionSet,
}

impl Newcomer {
    pub(super) fn new(kind: IdKind, role: Option<Arc<Role>>, permissions: usize) -> Self {
        let account = match kind {
            IdKind::Uuid => Id::Uuid(Uuid::now_v7()),
            IdKind::Integer => UNKNOWN,
        };
        Self { account, roles: role.into_iter().collect(), nothing: PermissionSet::empty(permissions) }
    }

    /// The id of its row; `None` for an integer id that the database has not assigned yet.
    pub(crate) fn account(&self) -> Option<Id> {
        Some(self.account).filter(|account| *account != UNKNOWN)
    }

    /// Sets the id of its row.
    pub(crate) fn set_account(&mut self, account: Id) {
        self.account = account;
    }

    pub(crate) fn principal(&self) -> Principal {
        let found = AccountState::without_log_in(self.account);
        let given = Given { roles: self.roles.clone(), allowed: self.nothing.clone(), denied: self.nothing.clone() };
        Principal::Account(Arc::new(Identity::new(found, given)))
    }
}

/// The id of an account whose id is not known yet. No row has it.
const UNKNOWN: Id = Id::Integer(0);

/// The columns of an account and its log-in that an identity is built from.
#[derive(Debug)]
pub(crate) struct AccountState {
    pub(crate) account: Id,
    pub(crate) super_user: bool,
    pub(crate) password_changed_at: i64,
    pub(crate) grant: Option<GrantState>,
    pub(crate) last_used: LastUsed,
    pub(crate) fingerprint: Fingerprint,
}

impl AccountState {
    /// Creates the state of an account that is no super user and whose rows were not read.
    fn without_log_in(account: Id) -> Self {
        let (last_used, fingerprint) = (LastUsed::default(), Fingerprint::default());
        Self { account, super_user: false, password_changed_at: 0, grant: None, last_used, fingerprint }
    }
}

/// The roles of an account, and the permissions that were allowed or denied to it directly.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) roles: Vec<Arc<Role>>,
    pub(crate) allowed: PermissionSet,
    pub(crate) denied: PermissionSet,
}
