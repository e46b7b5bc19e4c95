//! The auth core: identifying accounts, verifying their credentials, opening log-ins. Surfaces map it to wire formats;
//! of HTTP, the core knows only the headers that carry credentials.

mod account;
mod address;
mod attempt;
mod authenticate;
mod authorize;
mod carrier;
#[cfg(test)]
mod credential_tests;
mod decoys;
mod device;
mod error;
mod event;
mod fair_queue;
mod find;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod grant;
mod hasher;
mod import;
mod lockout;
mod login;
mod one_time;
mod password;
mod recovery;
mod renew;
mod route_rules;
mod secrets;
mod session;
mod session_cookie;
mod sign_up;
mod stored_hash;
mod super_user;
pub(crate) mod surfaces;
mod tokens;
mod verification;

use crate::access::AccessControl;
use crate::app_meta::{AppMeta, AuthMeta, Surface};
use crate::crud::Turns;
use crate::hooks::HookTable;
pub(crate) use address::moving;
pub(crate) use authenticate::{authenticate, identify};
pub(crate) use authorize::{authorize, authorize_by, refused};
pub(crate) use decoys::FOREIGN_KINDS;
pub(crate) use event::{ATTEMPTS, KEPT, OWN_DEEDS};
pub(crate) use grant::end_log_ins;
pub(crate) use hasher::{Hasher, Origin};
pub(crate) use import::{ImportError, Refusal, import_accounts};
pub(crate) use password::{password_field, problems as password_problems};
pub(crate) use route_rules::RouteRules;
pub(crate) use secrets::{Secrets, Use};
pub(crate) use stored_hash::prefix as hash_prefix;
pub(crate) use super_user::{SuperUser, create_super_user, last_super_user_stays};
use tokens::Tokens;

pub(crate) struct Auth {
    pub(crate) meta: &'static AuthMeta,
    pub(crate) access: AccessControl,
    pub(crate) hasher: Hasher,
    pub(crate) hooks: HookTable,
    pub(crate) rules: RouteRules,
    pub(crate) secrets: Secrets,
    tokens: Tokens,
    /// Ensures that one password at a time is verified for an account and for a typed text.
    turns: Turns,
}

impl Auth {
    pub(crate) fn new(
        app: &'static AppMeta,
        meta: &'static AuthMeta,
        access: AccessControl,
        hasher: Hasher,
        secret: &str,
        hooks: HookTable,
        rules: RouteRules,
    ) -> Self {
        let tokens = Tokens::new(secret.as_bytes(), app.name);
        Self {
            meta,
            access,
            hasher,
            hooks,
            rules,
            secrets: Secrets::new(secret.as_bytes()),
            tokens,
            turns: Turns::default(),
        }
    }

    /// Whether a surface is mounted that accepts the tokens in mails. Without one, no mail is sent.
    pub(crate) fn sends_mail(&self) -> bool {
        self.mounts(Surface::Session) || self.mounts(Surface::TokenPair)
    }

    /// Whether the application has this surface.
    pub(crate) fn mounts(&self, surface: Surface) -> bool {
        self.meta.surfaces.contains(&surface)
    }
}
