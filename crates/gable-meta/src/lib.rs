//! Enums and limits that the schema, the build step and the runtime share, so that each is written once.
//!
//! Applications do not depend on this crate: `gable::generated` re-exports what generated code names.

#![warn(missing_docs)]

mod auth;
pub mod limits;
mod model;

pub use auth::{AuthMode, AuthOperation, SameSite, Surface, TokenDelivery, VerificationMethod};
pub use model::{FilterMode, IdKind, ModelKind, Operation, RateLimit};
