//! Diagnostics: problems with their source position and a suggestion. Each stage reports [`Problem`]s into a
//! [`Sink`], which is turned into [`Diagnostics`]; these own their text and print themselves.

use std::fmt;

use crate::source::SourceText;

/// Maximum number of problems kept per file, so that a garbage file does not print megabytes.
const PER_FILE: usize = 200;
/// Maximum number of refused positions that are remembered: each problem is compared with all of them.
const REMEMBERED: usize = 500;
/// A longer source line, in characters, is shown as a window around the caret.
const WINDOW: usize = 160;
const LONGEST_MESSAGE: usize = 400;

/// A position in a source; line and column count from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) width: usize,
}

impl Span {
    /// The first character of a file.
    pub(crate) fn start_of(file: usize) -> Self {
        Span { file, line: 1, column: 1, width: 1 }
    }

    fn touches(self, other: Span) -> bool {
        let place = (self.file, self.line) == (other.file, other.line);
        let end = |span: Span| span.column.saturating_add(span.width);
        place && self.column < end(other) && other.column < end(self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// A problem as a stage reports it, without the source line.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

/// Boxed: problems are returned as errors, which should add only a pointer to a `Result`.
#[derive(Debug)]
struct Parts {
    severity: Severity,
    code: &'static str,
    span: Span,
    message: String,
    label: String,
    help: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Problem(Box::new(Parts {
            severity: Severity::Error,
            code,
            span,
            message: message.into(),
            label: String::new(),
            help: None,
        }))
    }

    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        let mut problem = Problem::new(code, span, message);
        problem.0.severity = Severity::Warning;
        problem
    }

    /// Sets the text shown after the carets.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.maybe_help(Some(help.into()))
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.0.help = help.or(self.0.help);
        self
    }
}

/// Collects the problems of every stage.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    problems: Vec<Problem>,
    /// Positions whose text was refused by the parser.
    refused: Vec<Span>,
}

impl Sink {
    /// Adds a problem, unless its position was refused before: the problem would then concern a placeholder and not
    /// the text of the file.
    pub(crate) fn push(&mut self, problem: Problem) {
        if !self.refused.iter().any(|refused| refused.touches(problem.0.span)) {
            self.problems.push(problem);
        }
    }

    /// Reports a position that cannot be interpreted, while the rest of the file is read.
    pub(crate) fn refuse(&mut self, problem: Problem) {
        if self.refused.len() < REMEMBERED {
            self.refused.push(problem.0.span);
        }
        self.problems.push(problem);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.0.severity == Severity::Error)
    }

    /// Sorts the problems by file, then by position.
    pub(crate) fn into_diagnostics(mut self, sources: &[SourceText]) -> Diagnostics {
        self.problems.sort_by_key(|problem| (problem.0.span.file, problem.0.span.line, problem.0.span.column));
        let mut list: Vec<Diagnostic> = Vec::new();
        let mut in_file = (usize::MAX, 0);
        for problem in self.problems {
            if in_file.0 != problem.0.span.file {
                in_file = (problem.0.span.file, 0);
            }
            in_file.1 += 1;
            if in_file.1 <= PER_FILE {
                list.push(Diagnostic::from_problem(problem, sources));
            } else if in_file.1 == PER_FILE + 1 {
                list.push(Diagnostic::from_problem(too_many(problem.0.span), sources));
            }
        }
        Diagnostics { list }
    }
}

fn too_many(span: Span) -> Problem {
    Problem::new("too-many-problems", span, "this file has more problems, which are not shown")
        .label("the first problem that is not shown")
        .help("fix the problems above first")
}

/// One problem with the source line it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    code: &'static str,
    file: String,
    line: usize,
    column: usize,
    width: usize,
    source_line: Option<String>,
    message: String,
    label: String,
    help: Option<String>,
}

impl Diagnostic {
    fn from_problem(problem: Problem, sources: &[SourceText]) -> Self {
        let Parts { severity, code, span, message, label, help } = *problem.0;
        let source = sources.get(span.file);
        let span = source.map_or(span, |source| source.clamped(span));
        Diagnostic {
            severity,
            code,
            file: source.map(|source| source.file.clone()).unwrap_or_default(),
            line: span.line,
            column: span.column,
            width: span.width.max(1),
            source_line: source.and_then(|source| source.line(span.line)),
            message: clipped(message),
            label: clipped(label),
            help: help.map(clipped),
        }
    }

    /// Creates a problem with a whole file or directory, which has no line to show.
    pub(crate) fn of_place(code: &'static str, file: String, message: String, help: Option<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            file,
            line: 1,
            column: 1,
            width: 1,
            source_line: None,
            message,
            label: String::new(),
            help,
        }
    }

    /// `unknown-model`; stable across releases.
    pub fn code(&self) -> &str {
        self.code
    }

    pub fn severity(&self) -> Severity {
        self.severity
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    /// Counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Counted from 1, in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let digits = self.line.to_string().len();
        let gutter = " ".repeat(digits + 1);
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        match &self.source_line {
            Some(line) => {
                writeln!(f, "{}--> {}:{}:{}", " ".repeat(digits), self.file, self.line, self.column)?;
                self.write_snippet(f, line, &gutter)?;
            }
            None => writeln!(f, "{}--> {}", " ".repeat(digits), self.file)?,
        }
        match &self.help {
            Some(help) => writeln!(f, "{gutter}= help: {help}"),
            None => Ok(()),
        }
    }
}

impl Diagnostic {
    fn write_snippet(&self, f: &mut fmt::Formatter<'_>, line: &str, gutter: &str) -> fmt::Result {
        let (shown, offset) = window(line, self.column);
        let room = shown.chars().count().saturating_sub(offset).max(1);
        let carets = "^".repeat(self.width.min(room));
        let caret_line = format!("{}{carets} {}", " ".repeat(offset), self.label);
        writeln!(f, "{gutter}|")?;
        writeln!(f, "{}", format!("{} | {shown}", self.line).trim_end())?;
        writeln!(f, "{gutter}| {}", caret_line.trim_end())
    }
}

/// Shortens a message and replaces its control characters: quoted text may be a megabyte long or contain line breaks.
fn clipped(text: String) -> String {
    let text = if text.contains(char::is_control) { text.replace(char::is_control, " ") } else { text };
    if text.chars().count() <= LONGEST_MESSAGE {
        return text;
    }
    let kept: String = text.chars().take(LONGEST_MESSAGE).collect();
    format!("{kept}…")
}

/// Returns the part of the line to show, and the number of characters before the caret in it.
fn window(line: &str, column: usize) -> (String, usize) {
    let offset = column.saturating_sub(1);
    if line.chars().count() <= WINDOW {
        return (line.to_owned(), offset);
    }
    let from = offset.saturating_sub(WINDOW / 2);
    (line.chars().skip(from).take(WINDOW).collect(), offset - from)
}

/// Every problem of a schema, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
}

impl Diagnostics {
    pub(crate) fn from_list(list: Vec<Diagnostic>) -> Self {
        Diagnostics { list }
    }

    pub(crate) fn followed_by(mut self, other: Diagnostics) -> Self {
        self.list.extend(other.list);
        self
    }

    /// Merges two lists about the same files, ordered by position.
    pub(crate) fn merged_with(self, other: Diagnostics) -> Self {
        let mut merged = self.followed_by(other);
        merged.list.sort_by(|one, other| {
            let place = |diagnostic: &Diagnostic| (diagnostic.line, diagnostic.column);
            one.file.cmp(&other.file).then_with(|| place(one).cmp(&place(other)))
        });
        merged
    }

    /// Removes the diagnostics with the given codes.
    #[must_use]
    pub fn without(mut self, codes: &[String]) -> Self {
        self.list.retain(|diagnostic| codes.iter().all(|code| code != diagnostic.code));
        self
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics { list: vec![diagnostic] }
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
