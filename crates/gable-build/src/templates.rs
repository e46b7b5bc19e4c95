//! The built-in templates, and templates of an application that replace them by name.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::mail;

/// All templates; a template is named after its output.
const BUILT_IN: [(&str, &str); 7] = [
    (APP, include_str!("../templates/app.rs.jinja")),
    (CATALOGUE, include_str!("../templates/catalogue.rs.jinja")),
    (LIB, include_str!("../templates/lib.rs.jinja")),
    (META, include_str!("../templates/meta.rs.jinja")),
    (MIGRATIONS, include_str!("../templates/migrations.rs.jinja")),
    (MODEL, include_str!("../templates/model.rs.jinja")),
    (PERMISSION, include_str!("../templates/permission.rs.jinja")),
];

pub(crate) const APP: &str = "app.rs.jinja";
pub(crate) const CATALOGUE: &str = "catalogue.rs.jinja";
pub(crate) const LIB: &str = "lib.rs.jinja";
pub(crate) const META: &str = "meta.rs.jinja";
pub(crate) const MIGRATIONS: &str = "migrations.rs.jinja";
pub(crate) const MODEL: &str = "model.rs.jinja";
pub(crate) const PERMISSION: &str = "permission.rs.jinja";

/// A problem in an application's `templates/`.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("templates/{name}: no template has this name; the templates are {}", names())]
    Unknown { name: String },
    #[error("templates/{name}: {}", explain(.source))]
    Invalid { name: String, source: minijinja::Error },
    #[error("templates/mail/{name}: no mail template has this name; the mail templates are {}", mail::names())]
    UnknownMail { name: String },
    #[error("templates/mail/{name}: the first line must be `Subject: …`")]
    NoSubject { name: String },
    #[error("templates/mail/{name}: unknown variable `{variable}`; the variables are {known}")]
    MailVariable { name: String, variable: String, known: String },
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
}

/// Templates by name, ready to print.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    mail: Vec<String>,
}

impl Templates {
    /// Loads the templates of this crate.
    ///
    /// # Errors
    /// None, unless a template of this crate is broken.
    pub fn built_in() -> Result<Self, TemplateError> {
        Self::with(BTreeMap::new())
    }

    /// Loads the built-in templates and replaces some of them. Names that begin with `mail/` are mail templates,
    /// which the running application prints.
    ///
    /// # Errors
    /// A name that no template has, or text that is not a valid template.
    pub fn with(replaced: BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let (mails, replaced): (BTreeMap<_, _>, BTreeMap<_, _>) =
            replaced.into_iter().partition(|(name, _)| name.starts_with(mail::DIRECTORY));
        let mails =
            mails.into_iter().map(|(name, source)| (name[mail::DIRECTORY.len()..].to_owned(), source)).collect();
        mail::check(&mails)?;
        let mut sources: BTreeMap<String, String> =
            BUILT_IN.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
        for (name, source) in replaced {
            if sources.insert(name.clone(), source).is_none() {
                return Err(TemplateError::Unknown { name });
            }
        }
        Ok(Self { environment: environment(sources)?, mail: mails.into_keys().collect() })
    }

    /// Loads the built-in templates, replaced by all `*.jinja` files of the directory and by the mail templates in
    /// its `mail/`. Neither directory has to exist.
    ///
    /// # Errors
    /// As [`Templates::with`], or a directory that cannot be read.
    pub fn load(directory: &Path) -> Result<Self, TemplateError> {
        let mut replaced = read_directory(directory, "", |name| name.ends_with(".jinja"))?;
        // Every file must be a template: an ignored file would only be noticed in production.
        let is_template = |name: &str| !name.starts_with('.') && !name.ends_with('~');
        replaced.append(&mut read_directory(&directory.join("mail"), mail::DIRECTORY, is_template)?);
        Self::with(replaced)
    }

    /// The names of the application's own mail templates, without the directory.
    pub(crate) fn mail(&self) -> &[String] {
        &self.mail
    }

    pub(crate) fn render(&self, name: &str, view: impl Serialize) -> Result<String, TemplateError> {
        let template = self.environment.get_template(name);
        let rendered = template.and_then(|template| template.render(Serde(view)));
        rendered.map_err(|source| TemplateError::Invalid { name: name.to_owned(), source })
    }
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

fn explain(error: &minijinja::Error) -> String {
    match error.line() {
        Some(line) => format!("line {line}: {}: {}", error.kind(), error.detail().unwrap_or_default()),
        None => format!("{}: {}", error.kind(), error.detail().unwrap_or_default()),
    }
}

fn environment(sources: BTreeMap<String, String>) -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_syntax(syntax());
    environment.add_filter("literal", |text: &str| crate::view::text(text));
    for (name, source) in sources {
        let added = environment.add_template_owned(name.clone(), source);
        added.map_err(|source| TemplateError::Invalid { name, source })?;
    }
    Ok(environment)
}

/// The syntax of all templates; the runtime uses the same one for mails.
pub(crate) fn syntax() -> SyntaxConfig {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    syntax.expect("the delimiters are the default ones")
}

/// Reads the selected files of a directory. `prefix` is prepended to their names.
fn read_directory(
    directory: &Path,
    prefix: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let refused = |path: &Path, source| TemplateError::Read { path: path.display().to_string(), source };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(refused(directory, error)),
    };
    let mut replaced = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| refused(directory, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if wanted(&name) {
            replaced
                .insert(format!("{prefix}{name}"), fs::read_to_string(&path).map_err(|error| refused(&path, error))?);
        }
    }
    Ok(replaced)
}
