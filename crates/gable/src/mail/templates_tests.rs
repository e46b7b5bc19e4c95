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
    assert!(refused("reset-password.txt.jinja", "{{").is_some_and(|error| error.contains("reset-password.txt.jinja")));
}

#[test]
fn nothing_in_a_subject_ends_it() {
    let mut variables = variables();
    variables.insert("app_name".to_owned(), "x\r\nBcc: eve@example.com".to_owned());
    let mail = Templates::new(&[]).expect("templates").render(Template::VerifyEmail, &variables).expect("a mail");
    assert!(!mail.subject.contains(char::is_control), "{:?}", mail.subject);
}
