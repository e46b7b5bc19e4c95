//! Values as Rust source text.

/// Returns a string literal. `Debug` escapes characters that rustc refuses in source, such as bidirectional control
/// characters.
pub(crate) fn text(value: &str) -> String {
    format!("{value:?}")
}

/// `&["a", "b"]`
pub(super) fn texts<S: AsRef<str>>(values: &[S]) -> String {
    let items: Vec<String> = values.iter().map(|value| text(value.as_ref())).collect();
    format!("&[{}]", items.join(", "))
}

/// `Some("a")`, `None`
pub(super) fn optional_text(value: Option<&str>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({})", text(value)))
}

/// An integer whose type is inferred; one that does not fit into `i32` has a type suffix.
pub(super) fn integer(value: i64) -> String {
    if i32::try_from(value).is_ok() { value.to_string() } else { format!("{value}i64") }
}

/// A length in characters, as an argument of a validator.
pub(super) fn length(value: u32) -> String {
    if i32::try_from(value).is_ok() { value.to_string() } else { format!("{value}u64") }
}

/// `1.5`, `1e-7`; checked to be finite.
pub(super) fn float(value: f64) -> String {
    format!("{value:?}")
}

/// A `Decimal` in its exact scale. `literal` was checked: digits, optionally a sign and a point.
pub(super) fn decimal(literal: &str) -> String {
    let scale = literal.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits: String = literal.chars().filter(|c| *c == '-' || c.is_ascii_digit()).collect();
    match digits.parse::<i64>() {
        Ok(number) => format!("Decimal::new({number}, {scale})"),
        Err(_) => format!("Decimal::from_i128_with_scale({digits}, {scale})"),
    }
}

/// The lines of a description as `#[doc]` texts, with the leading space that `///` produces.
pub(super) fn docs(description: Option<&str>) -> Vec<String> {
    let lines = description.unwrap_or_default().lines();
    lines.map(|line| format!(" {}", one_line(line)).trim_end().to_owned()).collect()
}

/// Replaces characters that a comment must not contain, control characters and invisible marks, by spaces.
pub(crate) fn one_line(value: &str) -> String {
    let visible = |c: char| matches!(c, '"' | '\'' | '\\') || c.escape_debug().count() == 1;
    value.trim().chars().map(|c| if visible(c) { c } else { ' ' }).collect()
}
