//! Reads a schema directory and decodes its files: selects the files, and refuses bytes that no YAML parser should
//! get.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Problem, Sink, Span};

/// Maximum size of a file, in bytes. A model takes a page or two; a larger file is a mistake or an attack.
const MAX_BYTES: usize = 1024 * 1024;

/// One YAML file, not yet decoded.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name used in diagnostics: `schema/post.yaml`.
    pub file: String,
    pub text: Vec<u8>,
}

/// A decoded source, which diagnostics may quote; `text` is empty if the file was refused as a whole.
#[derive(Debug)]
pub(crate) struct SourceText {
    pub(crate) file: String,
    pub(crate) text: String,
    /// Byte range of each line, computed once because diagnostics look up many lines.
    lines: Vec<(usize, usize)>,
}

impl SourceText {
    fn new(file: String, text: String) -> Self {
        let lines = line_ranges(&text);
        SourceText { file, text, lines }
    }

    /// The file without its directory: `post.yaml`.
    pub(crate) fn base_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }

    /// `app.yaml` describes the application; every other file is a model.
    pub(crate) fn is_app(&self) -> bool {
        matches!(self.base_name(), "app.yaml" | "app.yml")
    }

    /// The help text for an empty file.
    pub(crate) fn first_line(&self) -> &'static str {
        if self.is_app() {
            "app.yaml begins with the name of the application: `name: Gazette`"
        } else {
            "a model file begins with `model: Post`"
        }
    }

    /// Replaces refused control characters by spaces before parsing. Each of them was reported.
    fn without_control_characters(self) -> Self {
        let allowed = |c: char| matches!(c, '\n' | '\r') || !is_refused(c);
        if self.text.chars().all(allowed) {
            return self;
        }
        let text = self.text.chars().map(|c| if allowed(c) { c } else { ' ' }).collect();
        SourceText::new(self.file, text)
    }

    /// Moves a span into the text: a parser that expected more input may report the line after the last one.
    pub(crate) fn clamped(&self, span: Span) -> Span {
        let last = self.lines.len();
        if span.line <= last {
            return span;
        }
        let column = self.line(last).map_or(1, |line| line.chars().count() + 1);
        Span { line: last, column, width: 1, ..span }
    }

    /// Returns a line ready to be printed: control characters become spaces, so that columns stay correct.
    pub(crate) fn line(&self, number: usize) -> Option<String> {
        let (start, end) = *self.lines.get(number.checked_sub(1)?)?;
        let line = self.text.get(start..end)?;
        Some(line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }
}

/// Line breaks as the YAML parser counts them: LF, CR LF, or CR.
fn line_ranges(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut ranges = Vec::new();
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        let breaks = byte == b'\n' || (byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
        if breaks {
            let end = if index > start && byte == b'\n' && bytes[index - 1] == b'\r' { index - 1 } else { index };
            ranges.push((start, end));
            start = index + 1;
        }
    }
    ranges.push((start, text.len()));
    ranges
}

/// Reads every `*.yaml` and `*.yml` of a directory, ordered by name; hidden files are skipped.
pub(crate) fn read_directory(dir: &Path) -> Result<(Vec<Source>, Vec<Diagnostic>), Diagnostics> {
    let shown = directory_name(dir);
    let mut paths = list(dir).map_err(|error| missing_directory(dir, &error))?;
    paths.sort();
    let mut sources = Vec::new();
    let mut refused = Vec::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let file = format!("{shown}/{name}");
        match read_file(&path) {
            Ok(text) => sources.push(Source { file, text }),
            Err(error) => refused.push(unreadable(file, &error)),
        }
    }
    Ok((sources, refused))
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if is_yaml(&path) {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn is_yaml(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    yaml && !hidden
}

/// Returns the last part of the path: diagnostics and generated headers must not depend on the location of a
/// checkout.
fn directory_name(dir: &Path) -> String {
    dir.file_name().map_or_else(|| "schema".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Reading a pipe or a device could block or never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut text = Vec::new();
    // One byte over the limit is enough for `decode` to refuse it.
    File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn missing_directory(dir: &Path, error: &io::Error) -> Diagnostics {
    Diagnostic::of_place(
        "missing-directory",
        dir.display().to_string(),
        format!("the schema directory cannot be read: {}", reason(error)),
        Some("a schema is a directory with one YAML file per model".to_owned()),
    )
    .into()
}

fn unreadable(file: String, error: &io::Error) -> Diagnostic {
    Diagnostic::of_place("unreadable-file", file, format!("the file cannot be read: {}", reason(error)), None)
}

/// Describes the common errors in words that do not depend on the operating system.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "it is not a directory".to_owned(),
        _ => error.to_string(),
    }
}

/// Decodes a file. The flag is true if the text may be parsed; all problems are in the sink.
pub(crate) fn decode(file: usize, source: &Source, sink: &mut Sink) -> (SourceText, bool) {
    if source.text.len() > MAX_BYTES {
        let text = SourceText::new(source.file.clone(), String::new());
        let message = "the file is larger than 1 MiB";
        sink.push(Problem::new("too-large", Span::start_of(file), message).help("one file describes one model"));
        return (text, false);
    }
    let bytes = source.text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&source.text);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let text = SourceText::new(source.file.clone(), text.to_owned());
            let indented = check_characters(file, &text, sink);
            (text.without_control_characters(), indented)
        }
        Err(error) => {
            let text = SourceText::new(source.file.clone(), String::from_utf8_lossy(bytes).into_owned());
            sink.push(not_utf8(file, &bytes[..error.valid_up_to()]));
            (text, false)
        }
    }
}

fn not_utf8(file: usize, valid: &[u8]) -> Problem {
    let before = String::from_utf8_lossy(valid);
    let ranges = line_ranges(&before);
    let (start, end) = ranges.last().copied().unwrap_or((0, 0));
    let column = before[start..end].chars().count() + 1;
    Problem::new("not-utf8", Span { file, line: ranges.len(), column, width: 1 }, "the file is not UTF-8 text")
        .label("this byte is not part of any character")
        .help("save the file as UTF-8")
}

/// Returns whether the indentation can be trusted.
fn check_characters(file: usize, source: &SourceText, sink: &mut Sink) -> bool {
    let mut indented = true;
    for (index, &(start, end)) in source.lines.iter().enumerate() {
        let line = &source.text[start..end];
        if let Some(problem) = control_character(file, index + 1, line) {
            sink.refuse(problem);
        }
        if let Some(problem) = tab_indentation(file, index + 1, line) {
            sink.push(problem);
            indented = false;
        }
    }
    indented
}

fn at(file: usize, line: usize, offset: usize) -> Span {
    Span { file, line, column: offset + 1, width: 1 }
}

fn control_character(file: usize, number: usize, line: &str) -> Option<Problem> {
    let offset = line.chars().position(is_refused)?;
    let problem = Problem::new("control-character", at(file, number, offset), "the file contains a control character");
    Some(problem.label("not allowed in text"))
}

fn tab_indentation(file: usize, number: usize, line: &str) -> Option<Problem> {
    let content = line.trim_start_matches([' ', '\t']);
    let tab = line[..line.len() - content.len()].chars().position(|c| c == '\t')?;
    if content.is_empty() || content.starts_with('#') {
        return None;
    }
    let problem = Problem::new("tab-indentation", at(file, number, tab), "a tab is used for indentation");
    Some(problem.label("YAML is indented with spaces").help("replace the tab by two spaces"))
}

fn is_refused(c: char) -> bool {
    c.is_control() && c != '\t'
}
