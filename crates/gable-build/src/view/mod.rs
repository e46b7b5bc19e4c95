//! The views that templates print. All decisions are made here, so that templates contain only loops and
//! substitutions.

mod app;
mod default;
mod entity;
mod enums;
mod input;
mod literal;
mod meta;
mod model;
mod position;
mod preset;
mod types;
mod validation;

pub(crate) use app::app;
pub(crate) use literal::{one_line, text};
pub(crate) use model::ModelView;
pub(crate) use types::key_kind;

use gable_schema::schema::{Model, Schema};
use serde::Serialize;

/// The view of `lib.rs` and `catalogue.rs`.
#[derive(Serialize)]
pub(crate) struct CrateView {
    models: Vec<ModuleView>,
    permissions: usize,
    /// The parameter's name: `hooks`, or `_hooks` if there are no models.
    hooks: &'static str,
    /// The account model's module.
    account: Option<String>,
    mail: Vec<MailView>,
}

/// A mail template of the application's own.
#[derive(Serialize)]
struct MailView {
    name: String,
    /// Relative to `generated/src/`.
    path: String,
}

#[derive(Serialize)]
struct ModuleView {
    name: String,
    module: String,
    exports: Vec<String>,
}

impl CrateView {
    /// `mail` holds the names of the application's own mail templates.
    pub(crate) fn of(schema: &Schema, mail: &[String]) -> Self {
        let hooks = if schema.models.is_empty() { "_hooks" } else { "hooks" };
        let account = schema.account().map(|model| model.module.clone());
        let models = schema.models.iter().map(module).collect();
        let mail =
            mail.iter().map(|name| MailView { name: name.clone(), path: format!("../../templates/mail/{name}") });
        let mail = mail.collect();
        Self { models, permissions: schema.permissions.len(), hooks, account, mail }
    }
}

fn module(model: &Model) -> ModuleView {
    let name = &model.name;
    let inputs = [format!("Create{name}"), format!("Model as {name}")];
    let enums = enums::names(model);
    let rest = [format!("{name}Hooks"), format!("Update{name}")];
    let exports = inputs.into_iter().chain(enums).chain(rest).collect();
    ModuleView { name: name.clone(), module: model.module.clone(), exports }
}

/// The view of `permission.rs`.
#[derive(Serialize)]
pub(crate) struct PermissionsView {
    permissions: Vec<PermissionView>,
}

#[derive(Serialize)]
struct PermissionView {
    constant: String,
    doc: String,
}

impl PermissionsView {
    pub(crate) fn of(schema: &Schema) -> Self {
        let permissions = schema.permissions.iter().map(|permission| {
            let pair = format!("`{}` on `{}`", permission.action, permission.resource);
            let doc = match &permission.description {
                Some(description) => format!(" {pair}: {}", literal::one_line(description)),
                None => format!(" {pair}"),
            };
            PermissionView { constant: permission.constant.clone(), doc }
        });
        Self { permissions: permissions.collect() }
    }
}
