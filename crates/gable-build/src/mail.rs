//! Mail templates of an application, in `templates/mail/`. They are compiled into the generated crate and printed by
//! the running application; here they are checked, so that a broken template fails the build.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, Value};

use crate::templates::{TemplateError, syntax};

/// Directory of the mail templates in `templates/`.
pub(crate) const DIRECTORY: &str = "mail/";

/// Mail templates of the runtime; only these can be replaced.
const NAMES: [&str; 10] = [
    "confirm-email.html.jinja",
    "confirm-email.txt.jinja",
    "email-changed.html.jinja",
    "email-changed.txt.jinja",
    "reset-password.html.jinja",
    "reset-password.txt.jinja",
    "verify-email-code.html.jinja",
    "verify-email-code.txt.jinja",
    "verify-email.html.jinja",
    "verify-email.txt.jinja",
];

/// Variables that the runtime provides to every mail template.
const VARIABLES: [&str; 9] =
    ["app_name", "code", "email", "expires_in", "link", "new_email", "old_email", "public_url", "token"];

/// First characters of the text of a mail.
const SUBJECT: &str = "Subject: ";

/// The names of the mail templates, for messages.
pub(crate) fn names() -> String {
    NAMES.join(", ")
}

/// Checks mail templates, given by name without the directory.
///
/// # Errors
/// The first template that cannot be printed as a mail.
pub(crate) fn check(sources: &BTreeMap<String, String>) -> Result<(), TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(syntax());
    for (name, source) in sources {
        if !NAMES.contains(&name.as_str()) {
            return Err(TemplateError::UnknownMail { name: name.clone() });
        }
        if name.ends_with(".txt.jinja") && !source.starts_with(SUBJECT) {
            return Err(TemplateError::NoSubject { name: name.clone() });
        }
        environment.add_template(name, source).map_err(|source| invalid(name, source))?;
    }
    sources.keys().try_for_each(|name| render_sample(&environment, name))
}

/// Prints a template with a value for every variable. Branches that are not taken are only searched for unknown
/// names.
fn render_sample(environment: &Environment<'_>, name: &str) -> Result<(), TemplateError> {
    let template = environment.get_template(name).map_err(|source| invalid(name, source))?;
    let known = |variable: &String| {
        VARIABLES.contains(&variable.as_str()) || environment.globals().any(|(global, _)| global == variable)
    };
    let unknown = template.undeclared_variables(false).into_iter().filter(|variable| !known(variable)).min();
    if let Some(variable) = unknown {
        return Err(TemplateError::MailVariable { name: name.to_owned(), variable, known: VARIABLES.join(", ") });
    }
    let sample: BTreeMap<String, Value> =
        VARIABLES.iter().map(|variable| ((*variable).to_owned(), Value::from("sample"))).collect();
    template.render(Value::from_object(sample)).map(drop).map_err(|source| invalid(name, source))
}

fn invalid(name: &str, source: minijinja::Error) -> TemplateError {
    TemplateError::Invalid { name: format!("{DIRECTORY}{name}"), source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn checked(name: &str, source: &str) -> Result<(), String> {
        check(&BTreeMap::from([(name.to_owned(), source.to_owned())])).map_err(|error| error.to_string())
    }

    fn refused(name: &str, source: &str) -> String {
        checked(name, source).expect_err("a broken template")
    }

    /// Reads the files of the runtime, because neither crate depends on the other.
    #[test]
    fn the_templates_of_the_runtime_have_these_names_and_are_valid() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gable/src/mail/templates");
        let mut sources = BTreeMap::new();
        for entry in fs::read_dir(directory).expect("the runtime's templates") {
            let path = entry.expect("a directory that was just listed").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            sources.insert(name, fs::read_to_string(&path).expect("templates are text"));
        }
        assert_eq!(sources.keys().map(String::as_str).collect::<Vec<_>>(), NAMES);
        check(&sources).unwrap_or_else(|error| panic!("{error}"));
    }

    #[test]
    fn every_variable_may_be_used() {
        let all: String = VARIABLES.iter().map(|variable| format!("{{{{ {variable} }}}}")).collect();
        assert_eq!(checked("verify-email.html.jinja", &all), Ok(()));
        let loops = "{% set n = namespace(x=1) %}{% for i in range(3) %}{{ loop.index }}{{ i }}{{ n.x }}{% endfor %}";
        assert_eq!(checked("verify-email.html.jinja", loops), Ok(()));
    }

    #[test]
    fn a_broken_template_is_named_with_its_line() {
        let text = refused("reset-password.txt.jinja", "Subject: a\n\n{{ link }\n");
        assert!(text.starts_with("templates/mail/reset-password.txt.jinja: line 3: "), "{text}");
        let text = refused("reset-password.html.jinja", "{{ link|shout }}");
        assert!(
            text.starts_with("templates/mail/reset-password.html.jinja: line 1: ") && text.contains("shout"),
            "{text}"
        );
        let text = refused("reset-password.html.jinja", "{% include \"header.html\" %}");
        assert!(text.starts_with("templates/mail/reset-password.html.jinja: "), "{text}");
    }

    #[test]
    fn an_unknown_variable_is_refused_even_in_a_branch_that_is_not_taken() {
        let text = refused("reset-password.html.jinja", "{% if code == 'x' %}{{ lnik }}{% endif %}");
        assert!(text.contains("templates/mail/reset-password.html.jinja") && text.contains("`lnik`"), "{text}");
        assert!(text.contains("link, new_email"), "the error lists the variables: {text}");
    }

    #[test]
    fn the_first_line_of_a_text_must_be_its_subject() {
        for source in ["Hello", "", "\nSubject: a\n\nb", "subject: a\n\nb"] {
            assert!(refused("verify-email.txt.jinja", source).contains("templates/mail/verify-email.txt.jinja"));
        }
        assert_eq!(checked("verify-email.txt.jinja", "Subject: {{ app_name }}\n\nHello"), Ok(()));
    }

    #[test]
    fn an_unknown_name_is_refused() {
        for name in ["welcome.txt.jinja", "verify-email.html", "README"] {
            let text = refused(name, "");
            assert!(
                text.contains(&format!("templates/mail/{name}")) && text.contains("confirm-email.html.jinja"),
                "{text}"
            );
        }
    }
}
