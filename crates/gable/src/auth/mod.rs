//! The auth core: identifying accounts, verifying their credentials, opening log-ins. Surfaces map it to wire formats;
//! of HTTP, the core knows only the headers that carry credentials.
//!
//! Every credential refers to a grant, the row of its log-in, and is valid only while that row exists: log-out, a new
//! password and deletion of the account end it at once. Tokens contain no permissions. A one-time token is valid once,
//! for one purpose and in the form that was mailed (link or code); a new password that is refused does not use it up.
//!
//! Nothing reveals whether an account exists, except a 409 for a taken name. An attempt with an unknown identifier is
//! queued, counted, locked out and hashed like one with a known identifier, and where mail is requested, both get the
//! same answer.

pub(crate) mod account;
pub(crate) mod account_columns;
mod account_lookup;
mod account_rules;
mod address;
mod attempt;
pub(crate) mod authenticate;
mod device;
pub(crate) mod error;
mod escalation_guard;
mod event;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod grant;
mod import;
pub(crate) mod issued_credential;
mod lockout;
pub(crate) mod login;
mod mail_throttle;
pub(crate) mod one_time;
pub(crate) mod password;
pub(crate) mod recovery;
pub(crate) mod renew;
mod route_rules;
pub(crate) mod session;
pub(crate) mod sign_up;
mod state;
mod super_user;
#[cfg(test)]
mod tests;
mod tokens;
pub(crate) mod verification;

pub(crate) use account_columns::password_field;
pub(crate) use account_rules::AccountRules;
pub(crate) use authenticate::authenticate;
pub(crate) use event::{ATTEMPTS, KEPT, OWN_ACTIONS};
pub(crate) use import::{ImportError, Refusal, import_accounts};
pub(crate) use route_rules::RouteRules;
pub(crate) use state::Auth;
pub(crate) use super_user::{SuperUser, create_super_user};
