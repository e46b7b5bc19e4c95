//! The texts of mails. Each mail has two templates: `<name>.txt.jinja`, whose first line is `Subject: …`, and
//! `<name>.html.jinja`. An application replaces any of them with a file of the same name in its `templates/mail/`.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Value};

use super::mail_kind::Template;

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
mod tests {
    use super::*;

    const TOKEN: &str = "AZGr2xP_c1-9Zs4QkYvE0bT7uLwHqNfXjRmDoGiVeSyCaBpKhWtJnU";

    fn variables() -> BTreeMap<String, String> {
        let list = [
            ("app_name", "Gazette"),
            ("public_url", "https://gazette.example.com"),
            ("email", "somebody-with-a-long-address-482913@example.com"),
            ("expires_in", "1 hour"),
            (
                "link",
                "https://gazette.example.com/reset-password?token=AZGr2xP_c1-9Zs4QkYvE0bT7uLwHqNfXjRmDoGiVeSyCaBpKhWtJnU&a=b",
            ),
            ("token", TOKEN),
            ("code", "271828"),
            ("new_email", "ada@<b>example.com"),
        ];
        list.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn built_in(template: Template) -> Rendered {
        Templates::new(&[]).expect("sound templates").render(template, &variables()).expect("a mail")
    }

    fn words(text: &str, of: impl Fn(char) -> bool, at_least: usize) -> Vec<&str> {
        text.split(|c| !of(c)).filter(|word| word.len() >= at_least).collect()
    }

    #[test]
    fn every_mail_has_a_subject_and_both_parts() {
        for template in Template::ALL {
            let mail = built_in(template);
            assert!(mail.subject.contains("Gazette"), "{mail:?}");
            assert!(mail.text.starts_with("Hello,\n"), "{mail:?}");
            assert!(mail.html.starts_with("<!doctype html>"), "{mail:?}");
            assert!(!mail.text.contains(['{', '<']) || template == Template::EmailChanged, "{mail:?}");
        }
    }

    #[test]
    fn the_token_stands_out_in_the_text() {
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        for template in [Template::VerifyEmail, Template::ResetPassword, Template::ConfirmEmail] {
            assert_eq!(words(&built_in(template).text, safe, 24), [TOKEN]);
        }
        for template in [Template::VerifyEmailCode, Template::EmailChanged] {
            assert_eq!(words(&built_in(template).text, safe, 24), [""; 0]);
        }
    }

    #[test]
    fn the_code_is_the_only_number_of_six_digits() {
        let mail = built_in(Template::VerifyEmailCode);
        for part in [&mail.text, &mail.html] {
            assert_eq!(words(part, |c| c.is_ascii_digit(), 6), ["271828"]);
        }
    }

    #[test]
    fn html_is_escaped_and_links_stay_readable() {
        let html = built_in(Template::EmailChanged).html;
        assert!(html.contains("ada@&lt;b&gt;example.com"), "{html}");
        let html = built_in(Template::ResetPassword).html;
        let link = format!("href=\"https://gazette.example.com/reset-password?token={TOKEN}&amp;a=b\"");
        assert!(html.contains(&link), "{html}");
        assert_eq!(attribute("https://a/\"><script>"), "https://a/&quot;&gt;&lt;script&gt;");
    }

    #[test]
    fn an_applications_own_template_takes_the_place_of_a_built_in_one() {
        let own = [("reset-password.txt.jinja", "Subject: {{ app_name|upper }}\n\nGo to {{ link }}{{ old_email }}.\n")];
        let templates = Templates::new(&own).expect("a template");
        let mail = templates.render(Template::ResetPassword, &variables()).expect("a mail");
        assert_eq!(mail.subject, "GAZETTE");
        assert!(mail.text.starts_with("Go to https://gazette.example.com/reset-password?token="), "{}", mail.text);
        assert!(mail.html.contains("Choose a new password"), "the other half is the built-in one");
    }

    #[test]
    fn a_template_of_an_unknown_name_or_with_an_error_is_refused() {
        let refused = |name, source| Templates::new(&[(name, source)]).err().map(|error| error.to_string());
        assert!(refused("welcome.txt.jinja", "").is_some_and(|error| error.contains("welcome.txt.jinja")));
        assert!(
            refused("reset-password.txt.jinja", "{{").is_some_and(|error| error.contains("reset-password.txt.jinja"))
        );
    }

    #[test]
    fn nothing_in_a_subject_ends_it() {
        let mut variables = variables();
        variables.insert("app_name".to_owned(), "x\r\nBcc: eve@example.com".to_owned());
        let mail = Templates::new(&[]).expect("templates").render(Template::VerifyEmail, &variables).expect("a mail");
        assert!(!mail.subject.contains(char::is_control), "{:?}", mail.subject);
    }
}
