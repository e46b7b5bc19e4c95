//! Articles and capital letters for messages.

/// Adds the indefinite article: `Post` -> `A Post`, `AuthRole` -> `An AuthRole`. `U` counts as a consonant, as in
/// `User`.
pub(crate) fn with_article(name: &str) -> String {
    let article = if name.starts_with(['A', 'E', 'I', 'O']) { "An" } else { "A" };
    format!("{article} {name}")
}

/// `title` -> `Title`
pub(crate) fn upper_first(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
