//! Parses variables and collects their problems.

use std::cell::RefCell;

use super::unknown;
use super::variables::SUPER_USER_PASSWORD;

/// Collects all problems, so that a start reports them together.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    /// All names looked up so far.
    known: RefCell<Vec<String>>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let known = RefCell::new(vec![SUPER_USER_PASSWORD.to_owned()]);
        Self { lookup, known, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Returns the trimmed value; unset, empty and blank count as `None`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.look_up(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Returns the value with its leading and trailing spaces, which may be part of a secret.
    pub(super) fn secret(&self, name: &str) -> Option<String> {
        self.look_up(name).filter(|value| !value.is_empty())
    }

    fn look_up(&self, name: &str) -> Option<String> {
        self.known.borrow_mut().push(name.to_owned());
        (self.lookup)(name)
    }

    /// Warns of unknown names. Must be called last, because the names looked up before are the known ones.
    pub(super) fn warn_of_unknown(&mut self, names: &[String]) {
        self.warnings.extend(unknown::warnings(names, &self.known.borrow()));
    }

    pub(super) fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    pub(super) fn number(&mut self, name: &str, default: u32, range: std::ops::RangeInclusive<u32>) -> u32 {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let parse = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        self.parsed(name, &expected, parse).unwrap_or(default)
    }

    pub(super) fn choice<T: Copy>(&mut self, name: &str, default: T, choices: &[(&str, T)]) -> T {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let find = |text: &str| choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        self.parsed(name, &words.join(" or "), find).unwrap_or(default)
    }

    /// Parses a variable; `None` if it is unset, or invalid, which is recorded as a problem. Not for secrets, because
    /// the problem repeats the value.
    pub(super) fn parsed<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.problem(format!("{name} must be {expected}, not `{text}`"));
        }
        value
    }
}
