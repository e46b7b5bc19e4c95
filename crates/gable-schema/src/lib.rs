//! Reads the YAML of a Gable application and checks it.
//!
//! A directory of YAML becomes a [`Schema`], or [`Diagnostics`]: every problem of every file at once, each with its
//! position and, if the intent is likely, a suggestion. A schema can be printed without further checks: no accepted
//! schema produces Rust that does not compile or SQL that a database refuses.
//!
//! The stages, each of which depends only on the one before: `source` (bytes to text), `yaml` (text to a positioned
//! tree), `lower` (tree to drafts of single files), `check` (drafts to the schema).

mod check;
pub mod cost;
mod diagnostic;
mod draft;
mod entries;
mod json_schema;
mod keys;
mod lower;
mod names;
mod nearest;
mod node;
mod reserved;
pub mod schema;
mod source;
mod yaml;

use std::path::Path;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use json_schema::json_schema;
pub use schema::Schema;
pub use source::Source;

use diagnostic::Sink;

/// A schema that passed the checks, with warnings and advice about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub schema: Schema,
    /// Likely mistakes. Every command and every build prints them.
    pub warnings: Diagnostics,
    /// Possible performance improvements, printed on request. Builds do not print them.
    pub advice: Diagnostics,
}

impl Checked {
    /// Returns warnings and advice together, in the order of the files.
    pub fn warnings_and_advice(&self) -> Diagnostics {
        self.warnings.clone().merged_with(self.advice.clone())
    }
}

/// The codes of all warnings and advice.
pub const WARNINGS: [&str; 4] = ["large-value", "query-name", "unindexed-fields", "unindexed-rule"];

/// Reads and checks every `*.yaml` and `*.yml` of a directory.
///
/// # Errors
/// Every problem found with the directory, its files or their contents.
pub fn load(dir: &Path) -> Result<Checked, Diagnostics> {
    let (sources, refused) = source::read_directory(dir)?;
    if sources.is_empty() && refused.is_empty() {
        return Err(no_models(dir.display().to_string()));
    }
    match check_sources(&sources, refused.is_empty()) {
        Ok(checked) if refused.is_empty() => Ok(checked),
        Ok(_) => Err(Diagnostics::from_list(refused)),
        Err(found) => Err(Diagnostics::from_list(refused).followed_by(found)),
    }
}

/// Checks sources that are already in memory.
///
/// # Errors
/// Every problem that was found, in the order of the sources.
pub fn check(sources: &[Source]) -> Result<Checked, Diagnostics> {
    if sources.is_empty() {
        return Err(no_models("schema".to_owned()));
    }
    check_sources(sources, true)
}

/// `complete` is false if a file could not be read; an unknown name may then exist in that file.
fn check_sources(sources: &[Source], complete: bool) -> Result<Checked, Diagnostics> {
    let mut sink = Sink::default();
    let mut texts = Vec::new();
    let mut trees = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let (text, valid) = source::decode(file, source, &mut sink);
        trees.push(if valid { yaml::parse(file, &text.text, text.first_line(), &mut sink) } else { None });
        texts.push(text);
    }
    let schema = check::check(&texts, &trees, complete, &mut sink);
    let failed = sink.has_errors();
    let diagnostics = sink.into_diagnostics(&texts);
    match schema {
        Some((schema, advice)) if !failed => {
            Ok(Checked { schema, warnings: diagnostics, advice: advice.into_diagnostics(&texts) })
        }
        _ => Err(diagnostics),
    }
}

fn no_models(place: String) -> Diagnostics {
    let help = "a schema is a directory with one YAML file per model, such as `post.yaml`".to_owned();
    Diagnostic::of_place("no-models", place, "the directory contains no YAML file".to_owned(), Some(help)).into()
}
