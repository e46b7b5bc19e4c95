//! The checked schema, which is the input of the build step. Every value has passed `check`, so consumers do not
//! validate again. Order is the order of the YAML; models are ordered by name.

mod access;
mod app;
mod auth;
mod field;
mod model;
mod relation;

use serde::Serialize;

pub use access::{Access, Condition, ConditionValue, Permission, Rule, Who};
pub use app::{App, MailLinks, QueryLimits, Route, Server};
pub use auth::{
    Auth, AuthRoute, BodyBound, BodyRule, EmailVerification, Identifier, Jwt, Lockout, Login, PasswordPolicy,
    SessionSurface, TokenPairSurface,
};
pub use field::{Default, EnumValue, Field, FieldType, Origin};
pub use gable_meta::{
    AuthMode, AuthOperation, FilterMode, IdKind, ModelKind, Operation, RateLimit, SameSite, Surface, TokenDelivery,
    VerificationMethod,
};
pub use model::{FieldPreset, Index, Model, ModelRoute, RoutePreset, SortPreset};
pub use relation::{OnDelete, Relation, RelationKind};

/// All YAML files of an application, resolved and checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schema {
    pub app: App,
    pub models: Vec<Model>,
    /// Every (resource, action) pair, ordered by resource, then by action as `Model::access` orders them.
    pub permissions: Vec<Permission>,
}

impl Schema {
    /// Finds a model by its name. Names inside a checked schema always resolve.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// Returns the account model (`account: true`), if there is one.
    pub fn account(&self) -> Option<&Model> {
        self.models.iter().find(|model| model.kind == ModelKind::Account)
    }
}
