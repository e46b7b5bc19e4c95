//! The password policy of the schema.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::error::Problem;
use crate::meta::PasswordPolicy;
use crate::text::upper_first;

/// The most common passwords, in lower case, one per line of the file.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().filter(|line| !line.is_empty()).collect());

/// Every rule of the policy that a password breaks; `field` is the client's name of the password.
pub(crate) fn password_problems(policy: &PasswordPolicy, field: &str, password: &str) -> Vec<Problem> {
    let count = |wanted: fn(char) -> bool| password.chars().filter(|c| wanted(*c)).count() as u32;
    let rules = [
        (
            password.chars().count() as u32 >= policy.min,
            "MinLength",
            format!("have at least {} characters", policy.min),
        ),
        (password.len() as u32 <= policy.max, "MaxLength", format!("have at most {} bytes", policy.max)),
        (count(char::is_uppercase) >= policy.upper, "Uppercase", letters(policy.upper, "uppercase letter")),
        (count(char::is_lowercase) >= policy.lower, "Lowercase", letters(policy.lower, "lowercase letter")),
        (count(|c| c.is_ascii_digit()) >= policy.digit, "Digit", letters(policy.digit, "digit")),
        (count(|c| !c.is_alphanumeric()) >= policy.symbol, "Symbol", letters(policy.symbol, "symbol")),
        (!(policy.refuse_common && is_common(password)), "Common", "not be one that everybody uses".to_owned()),
    ];
    let broken = rules.into_iter().filter(|(holds, ..)| !holds);
    let problem = |(_, rule, expected): (bool, &str, String)| Problem {
        field: field.to_owned(),
        code: format!("{}{rule}Constraint", upper_first(field)),
        message: format!("'{field}' must {expected}"),
    };
    broken.map(problem).collect()
}

fn letters(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("have at least {count} {noun}{plural}")
}

fn is_common(password: &str) -> bool {
    COMMON.contains(password.to_lowercase().as_str())
}
