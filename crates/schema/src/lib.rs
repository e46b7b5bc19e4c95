//! Reads the YAML of a Gable application and checks it.
//!
//! A directory of YAML becomes a [`Schema`], or [`Diagnostics`]: every problem of every file at once, each with its
//! place and, where there is a likely intent, help. What comes out as a schema can be printed without further checks:
//! no accepted schema makes Rust that does not compile or SQL that is refused.
//!
//! The stages, each knowing only the one before: `source` (bytes to text), `yaml` (text to a positioned tree), `lower`
//! (tree to drafts of single files), `check` (drafts to the schema).

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

/// A schema that passed, and what is worth knowing about it all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub schema: Schema,
    /// What is likely a mistake. Every command and every build tells it.
    pub warnings: Diagnostics,
    /// What would make the application faster, for whoever asks. Builds say nothing of it.
    pub advice: Diagnostics,
}

impl Checked {
    /// Warnings and advice, in the order of the files.
    pub fn told(&self) -> Diagnostics {
        self.warnings.clone().merged_with(self.advice.clone())
    }
}

/// The codes of all that is told of a schema that passes.
pub const WARNINGS: [&str; 4] = ["large-value", "query-name", "unindexed-fields", "unindexed-rule"];

/// Reads and checks every `*.yaml` and `*.yml` of a directory.
///
/// # Errors
/// Every problem that was found: with the directory, with a file, with what the files say.
pub fn load(dir: &Path) -> Result<Checked, Diagnostics> {
    let (sources, refused) = source::read_directory(dir)?;
    if sources.is_empty() && refused.is_empty() {
        return Err(nothing(dir.display().to_string()));
    }
    match check_sources(&sources, refused.is_empty()) {
        Ok(checked) if refused.is_empty() => Ok(checked),
        Ok(_) => Err(Diagnostics::from_list(refused)),
        Err(found) => Err(Diagnostics::from_list(refused).followed_by(found)),
    }
}

/// Checks sources that are in memory already.
///
/// # Errors
/// Every problem that was found, in the order of the sources.
pub fn check(sources: &[Source]) -> Result<Checked, Diagnostics> {
    if sources.is_empty() {
        return Err(nothing("schema".to_owned()));
    }
    check_sources(sources, true)
}

/// `complete` says that no file was left out; else an unknown name may well exist.
fn check_sources(sources: &[Source], complete: bool) -> Result<Checked, Diagnostics> {
    let mut sink = Sink::default();
    let mut texts = Vec::new();
    let mut trees = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let (text, sound) = source::decode(file, source, &mut sink);
        trees.push(if sound { yaml::parse(file, &text.text, text.first_line(), &mut sink) } else { None });
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

fn nothing(place: String) -> Diagnostics {
    let help = "a schema is a directory with one YAML file per model, such as `post.yaml`".to_owned();
    Diagnostic::of_place("no-models", place, "there is no YAML file here".to_owned(), Some(help)).into()
}
