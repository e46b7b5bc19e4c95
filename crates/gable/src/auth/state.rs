//! `Auth`: the state of authentication that all requests share.

use std::sync::Arc;

use super::route_rules::RouteRules;
use super::tokens::Tokens;
use crate::access::AccessControl;
use crate::keyed_mutex::KeyedMutex;
use crate::meta::{AppMeta, AuthMeta, Surface};
use crate::passwords::Hasher;

/// The state that requests need to authenticate callers and to change accounts.
pub(crate) struct Auth {
    pub(crate) meta: &'static AuthMeta,
    pub(crate) access: Arc<AccessControl>,
    pub(super) hasher: Arc<Hasher>,
    pub(crate) rules: RouteRules,
    pub(super) tokens: Tokens,
    /// Ensures that one password at a time is verified for an account and for a typed text.
    pub(super) password_locks: KeyedMutex,
}

impl Auth {
    pub(crate) fn new(
        app: &'static AppMeta,
        meta: &'static AuthMeta,
        access: Arc<AccessControl>,
        hasher: Arc<Hasher>,
        secret: &str,
        rules: RouteRules,
    ) -> Self {
        let tokens = Tokens::new(secret.as_bytes(), app.name);
        Self { meta, access, hasher, rules, tokens, password_locks: KeyedMutex::default() }
    }

    /// Whether a surface is mounted that accepts the tokens in mails. Without one, no mail is sent.
    pub(super) fn sends_mail(&self) -> bool {
        self.mounts(Surface::Session) || self.mounts(Surface::TokenPair)
    }

    /// Whether the application has this surface.
    pub(crate) fn mounts(&self, surface: Surface) -> bool {
        self.meta.surfaces.contains(&surface)
    }
}
