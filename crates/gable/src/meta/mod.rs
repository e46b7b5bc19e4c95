//! The constants that generated code states about a schema: models, permissions, and the settings in `app.yaml`.
//! The room imports no other, so that `db` can compare the tables with the models.

mod app;
pub(crate) mod canonical;
mod constants;
mod model;
mod permission;

pub use app::*;
pub use gable_meta::{
    AuthMode, AuthOperation, FilterMode, IdKind, ModelKind, Operation, RateLimit, SameSite, Surface, TokenDelivery,
    VerificationMethod, limits,
};
pub use model::*;
pub use permission::{FieldSet, Permission, PermissionSet};
