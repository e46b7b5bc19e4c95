//! Lowers positioned trees to drafts: every key is known and every value has the right shape. This stage sees one
//! file at a time; `check` compares files.

mod access;
mod app;
mod auth;
mod body_rule;
mod bounds;
mod decimal;
mod field;
mod mail;
mod model;
mod mounted;
mod relation;
mod route;
mod surfaces;
mod types;
mod units;
mod uri;
mod value;

pub(crate) use access::check_roles;
pub(crate) use app::{AppDraft, AuthDraft, lower_app};
pub(crate) use auth::default_auth;
pub(crate) use body_rule::{Values, lower_body_rule};
pub(crate) use model::lower_model;
pub(crate) use mounted::surface_name;
pub(crate) use route::AuthRouteDraft;
pub(crate) use value::{ValueUse, checked_value};
