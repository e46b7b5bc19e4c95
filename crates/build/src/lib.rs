//! The build step of Gable: a checked schema in, a Rust crate and SQL migrations out.
//!
//! `plan` is pure; `run` and `migrate` do the reading and writing; `build` is what `generated/build.rs` calls.

mod build_script;
mod disk;
mod format;
mod mail;
pub mod migrate;
mod plan;
mod run;
mod stamp;
mod templates;
mod view;

pub use build_script::build;
pub use plan::{File, Plan, PlanError, plan};
pub use run::{Drift, Error, Mode, Report, run};
pub use templates::{TemplateError, Templates};
