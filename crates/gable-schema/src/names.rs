//! Derives tables, columns, paths and Rust identifiers from the names of the language. No other module derives names.

pub(crate) use gable_meta::limits::MAX_IDENTIFIER_BYTES as MAX_IDENTIFIER;
use heck::{ToKebabCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use pluralizer::pluralize;

use crate::reserved;

pub(crate) fn snake(name: &str) -> String {
    name.to_snake_case()
}

/// Pluralizes the last word only: `user_profile` becomes `user_profiles`.
pub(crate) fn table(model: &str) -> String {
    let snake = snake(model);
    let (head, last) = snake.rsplit_once('_').map_or(("", snake.as_str()), |(head, last)| (head, last));
    let plural = pluralize(last, 2, false);
    // An irregular plural must not contain characters that are not allowed in an SQL name.
    let plain = plural.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let plural = if plain { plural } else { format!("{last}s") };
    if head.is_empty() { plural } else { format!("{head}_{plural}") }
}

pub(crate) fn path(model: &str) -> String {
    table(model).replace('_', "-")
}

pub(crate) fn resource(model: &str) -> String {
    snake(model).to_kebab_case()
}

pub(crate) fn module(model: &str) -> String {
    let snake = snake(model);
    let taken = reserved::is_keyword(&snake) || reserved::MODULES.contains(&snake.as_str());
    if taken { format!("{snake}_model") } else { snake }
}

pub(crate) fn column(field: &str) -> String {
    snake(field)
}

/// Returns the Rust name of a field or relation, raw if it is a keyword.
pub(crate) fn rust_name(name: &str) -> String {
    let snake = snake(name);
    if reserved::is_keyword(&snake) { format!("r#{snake}") } else { snake }
}

/// Derives the variant from the column, like SeaORM's derive.
pub(crate) fn variant(name: &str) -> String {
    snake(name).to_upper_camel_case()
}

pub(crate) fn enum_name(model: &str, field: &str) -> String {
    format!("{model}{}", variant(field))
}

pub(crate) fn permission_constant(model: &str, action: &str) -> String {
    format!("{}_{}", model.to_shouty_snake_case(), action.to_shouty_snake_case())
}

/// Returns the variant of an enum value. Values without ASCII letters or digits are written as code points.
pub(crate) fn enum_variant(value: &str) -> String {
    let camel = value.to_upper_camel_case();
    let ascii = !camel.is_empty() && camel.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let name = if ascii { camel } else { spelt_out(value) };
    match name.as_str() {
        "Self" => "SelfValue".to_owned(),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("V{name}"),
        _ => name,
    }
}

fn spelt_out(value: &str) -> String {
    value.chars().map(|c| format!("U{:x}", u32::from(c))).collect()
}

/// Returns the key column of a relation, in the singular: `friend_id` for `friends`.
pub(crate) fn relation_key_column(relation: &str) -> String {
    let snake = snake(relation);
    let (head, last) = snake.rsplit_once('_').map_or(("", snake.as_str()), |(head, last)| (head, last));
    let singular = pluralize(last, 1, false);
    let plain = !singular.is_empty() && singular.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let singular = if plain { singular } else { last.to_owned() };
    if head.is_empty() { format!("{singular}_id") } else { format!("{head}_{singular}_id") }
}

/// Shortens a name to [`MAX_IDENTIFIER`] bytes; a name that is cut ends in a hash of the full name.
pub(crate) fn shortened(name: String) -> String {
    if name.len() <= MAX_IDENTIFIER {
        return name;
    }
    let key = name.clone();
    with_hash(&name, &key)
}

/// Appends a hash of `key` to `name`, which is cut as needed. All names here are ASCII.
pub(crate) fn with_hash(name: &str, key: &str) -> String {
    let kept = &name[..name.len().min(MAX_IDENTIFIER - 9)];
    format!("{}_{:08x}", kept.trim_end_matches('_'), fnv(key))
}

/// FNV-1a, which is the same on every platform and in every release; `std`'s hasher does not promise that.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

pub(crate) fn is_pascal_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(crate) fn is_camel_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Suggests the PascalCase form of a name, if the name can be converted.
pub(crate) fn pascal_hint(name: &str) -> Option<String> {
    let hint = name.to_upper_camel_case();
    is_pascal_case(&hint).then(|| format!("did you mean `{hint}`?"))
}

pub(crate) fn camel_hint(name: &str) -> Option<String> {
    use heck::ToLowerCamelCase;
    let hint = name.to_lower_camel_case();
    is_camel_case(&hint).then(|| format!("did you mean `{hint}`?"))
}

/// Accepts a role name: a letter, then letters, digits, spaces, `_`, `-`; at most 63 bytes, no space at the end.
pub(crate) fn is_role(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-');
    name.len() <= MAX_IDENTIFIER
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with(' ')
        && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_model() {
        assert_eq!(table("UserProfile"), "user_profiles");
        assert_eq!(path("Category"), "categories");
        assert_eq!(resource("OAuth2Client"), "o-auth2-client");
        assert_eq!(permission_constant("OAuth2Client", "View"), "O_AUTH2_CLIENT_VIEW");
        assert_eq!(module("Type"), "type_model");
        assert_eq!(module("App"), "app_model");
    }

    #[test]
    fn enum_values_become_identifiers() {
        assert_eq!(enum_variant("in-review"), "InReview");
        assert_eq!(enum_variant("2fa"), "V2fa");
        assert_eq!(enum_variant("self"), "SelfValue");
        assert_eq!(enum_variant("日本"), "U65e5U672c");
        assert_eq!(enum_variant("+"), "U2b");
    }

    #[test]
    fn long_names_are_cut_to_what_postgresql_takes() {
        let long = shortened(format!("idx_{}", "a".repeat(80)));
        assert_eq!(long.len(), MAX_IDENTIFIER);
        assert_ne!(long, shortened(format!("idx_{}b", "a".repeat(80))));
    }
}
