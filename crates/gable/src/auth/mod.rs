//! The auth core: identifying accounts, verifying their credentials, opening log-ins. Surfaces map it to wire formats;
//! of HTTP, the core knows only the headers that carry credentials.

pub(crate) mod account;
mod account_rules;
pub(crate) mod address;
pub(crate) mod attempt;
pub(crate) mod authenticate;
#[cfg(test)]
pub(crate) mod credential_tests;
pub(crate) mod device;
pub(crate) mod error;
mod escalation_guard;
pub(crate) mod event;
pub(crate) mod find;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub(crate) mod grant;
pub(crate) mod import;
pub(crate) mod issued_credential;
pub(crate) mod lockout;
pub(crate) mod login;
pub(crate) mod one_time;
pub(crate) mod password;
pub(crate) mod recovery;
pub(crate) mod renew;
pub(crate) mod route_rules;
pub(crate) mod session;
pub(crate) mod session_cookie;
pub(crate) mod sign_up;
pub(crate) mod super_user;
pub(crate) mod tokens;
pub(crate) mod verification;

use std::sync::Arc;

use crate::access::AccessControl;
use crate::keyed_mutex::KeyedMutex;
use crate::meta::{AppMeta, AuthMeta, Surface};
use crate::passwords::Hasher;
use crate::secrets::Secrets;
pub(crate) use account_rules::AccountRules;
pub(crate) use authenticate::authenticate;
pub(crate) use event::{ATTEMPTS, KEPT, OWN_DEEDS};
pub(crate) use import::{ImportError, Refusal, import_accounts};
pub(crate) use password::password_field;
pub(crate) use route_rules::RouteRules;
pub(crate) use super_user::{SuperUser, create_super_user};
use tokens::Tokens;

pub(crate) struct Auth {
    pub(crate) meta: &'static AuthMeta,
    pub(crate) access: Arc<AccessControl>,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) rules: RouteRules,
    pub(crate) secrets: Secrets,
    tokens: Tokens,
    /// Ensures that one password at a time is verified for an account and for a typed text.
    turns: KeyedMutex,
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
        Self {
            meta,
            access,
            hasher,
            rules,
            secrets: Secrets::new(secret.as_bytes()),
            tokens,
            turns: KeyedMutex::default(),
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
