//! The texts of mails. Each mail has two templates: `<name>.txt.jinja`, whose first line is `Subject: …`, and
//! `<name>.html.jinja`. An application replaces any of them with a file of the same name in its `templates/mail/`.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Value};

use super::Template;

const BUILT_IN: [(&str, &str); 10] = [
    ("confirm-email.html.jinja", include_str!("templates/confirm-email.html.jinja")),
    ("confirm-email.txt.jinja", include_str!("templates/confirm-email.txt.jinja")),
    ("email-changed.html.jinja", include_str!("templates/email-changed.html.jinja")),
    ("email-changed.txt.jinja", include_str!("templates/email-changed.txt.jinja")),
    ("reset-password.html.jinja", include_str!("templates/reset-password.html.jinja")),
    ("reset-password.txt.jinja", include_str!("templates/reset-password.txt.jinja")),
    ("verify-email-code.html.jinja", include_str!("templates/verify-email-code.html.jinja")),
    ("verify-email-code.txt.jinja", include_str!("templates/verify-email-code.txt.jinja")),
    ("verify-email.html.jinja", include_str!("templates/verify-email.html.jinja")),
    ("verify-email.txt.jinja", include_str!("templates/verify-email.txt.jinja")),
];

/// The variables of every template. The build step has the same list.
const VARIABLES: [&str; 9] =
    ["app_name", "code", "email", "expires_in", "link", "new_email", "old_email", "public_url", "token"];

const SUBJECT: &str = "Subject: ";

/// An invalid template. The build step refuses it, so at run time it means that another version has generated the
/// crate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidTemplate {
    #[error("there is no template {0}")]
    Unknown(&'static str),
    #[error("templates/mail/{name}: {cause}")]
    Syntax { name: &'static str, cause: minijinja::Error },
}

/// The rendered text of a mail.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

pub(super) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The built-in templates, some of them replaced.
    pub(super) fn new(replaced: &[(&'static str, &'static str)]) -> Result<Self, InvalidTemplate> {
        let mut sources = BTreeMap::from(BUILT_IN);
        for (name, source) in replaced {
            if sources.insert(name, source).is_none() {
                return Err(InvalidTemplate::Unknown(name));
            }
        }
        let mut environment = environment();
        for (name, source) in sources {
            let added = environment.add_template(name, source);
            added.map_err(|cause| InvalidTemplate::Syntax { name, cause })?;
        }
        Ok(Self { environment })
    }

    /// Renders both templates of a mail. Missing variables are rendered as empty text.
    pub(super) fn render(
        &self,
        template: Template,
        variables: &BTreeMap<String, String>,
    ) -> Result<Rendered, minijinja::Error> {
        let name = template.name();
        let print = |kind: &str, link: fn(&str) -> Value| {
            let own = variables.iter().map(|(name, value)| match name.as_str() {
                "link" | "public_url" => (name.clone(), link(value)),
                _ => (name.clone(), Value::from(value.as_str())),
            });
            let none = VARIABLES.iter().map(|name| ((*name).to_owned(), Value::from("")));
            let all: BTreeMap<String, Value> = none.chain(own).collect();
            self.environment.get_template(&format!("{name}.{kind}.jinja"))?.render(Value::from_object(all))
        };
        let (subject, text) = split(&print("txt", |link| Value::from(link))?);
        Ok(Rendered { subject, text, html: print("html", |link| Value::from_safe_string(attribute(link)))? })
    }
}

/// Escapes a link for HTML. The template engine would also escape slashes, which makes links hard to read.
fn attribute(link: &str) -> String {
    link.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;").replace('<', "&lt;").replace('>', "&gt;")
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let escape = |name: &str| if name.ends_with(".html.jinja") { AutoEscape::Html } else { AutoEscape::None };
    environment.set_auto_escape_callback(escape);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("the delimiters are the default ones"),
    );
    environment
}

/// Splits a rendered text into the subject in its first line and the rest. Control characters in the subject become
/// spaces, so that none of them can end the header.
fn split(printed: &str) -> (String, String) {
    let (first, rest) = printed.split_once('\n').unwrap_or((printed, ""));
    let subject = first.strip_prefix(SUBJECT).unwrap_or(first).trim();
    let subject = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    (subject, rest.trim_start_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
