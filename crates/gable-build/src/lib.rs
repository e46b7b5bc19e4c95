//! The build step of Gable: turns a checked schema into a Rust crate and SQL migrations.
//!
//! `plan` is pure; `run` and `migrate` read and write files; `generated/build.rs` calls `build`.

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
