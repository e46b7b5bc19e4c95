//! Reads variables into types and collects what is wrong with them.

use std::cell::RefCell;

use super::{SUPER_USER_PASSWORD, unknown};

/// Collects every problem, so that a start fails once and not variable by variable.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    /// Every name that was looked up.
    known: RefCell<Vec<String>>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let known = RefCell::new(vec![SUPER_USER_PASSWORD.to_owned()]);
        Self { lookup, known, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Unset, empty and blank are the same.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.look_up(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The value itself, blanks included: they may be part of a secret.
    pub(super) fn secret(&self, name: &str) -> Option<String> {
        self.look_up(name).filter(|value| !value.is_empty())
    }

    fn look_up(&self, name: &str) -> Option<String> {
        self.known.borrow_mut().push(name.to_owned());
        (self.lookup)(name)
    }

    /// To be called last: what has been looked up by then is all that is known.
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

    /// None when unset, or when wrong: then the problem has been noted. Not for secrets, as the problem repeats the value.
    pub(super) fn parsed<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.problem(format!("{name} must be {expected}, not `{text}`"));
        }
        value
    }
}
