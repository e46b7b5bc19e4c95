//! Links, tokens and codes in the text of a mail.

use gable::testing::ReceivedMail;

/// The first link of a mail.
#[track_caller]
pub(crate) fn link_in(mail: &ReceivedMail) -> String {
    let start = mail.text.find("http").unwrap_or_else(|| panic!("a link in {}", mail.text));
    mail.text[start..].split_whitespace().next().unwrap_or_default().to_owned()
}

/// The one-time token in the link of a mail.
#[track_caller]
pub(crate) fn token_in(mail: &ReceivedMail) -> String {
    let link = link_in(mail);
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let token = match link.split_once("token=") {
        Some((_, token)) => token,
        None => path.rsplit('/').next().unwrap_or_default(),
    };
    assert!(token.len() == 54, "a token in {}", mail.text);
    token.to_owned()
}

/// The six digits of a mail.
#[track_caller]
pub(crate) fn code_in(mail: &ReceivedMail) -> String {
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    mail.text.lines().find(is_code).unwrap_or_else(|| panic!("a code in {}", mail.text)).to_owned()
}

/// A wrong code, a different one for each number below nine.
pub(crate) fn wrong_code(code: &str, number: usize) -> String {
    let last: usize = code[5..].parse().expect("a digit");
    format!("{}{}", &code[..5], (last + 1 + number) % 10)
}
