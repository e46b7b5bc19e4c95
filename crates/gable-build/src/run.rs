//! The build step with file access: reads an application, plans its generated crate, and writes the files that
//! differ.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use gable_schema::{Diagnostics, Schema};

use crate::disk;
use crate::migrate::{History, HistoryError};
use crate::plan::{MARK, Plan, PlanError, plan};
use crate::templates::{TemplateError, Templates};

/// Whether differences are fixed or only reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Write,
    Check,
}

/// How a file differed from the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    Missing,
    Stale,
    /// Written by an earlier build for a model that no longer exists.
    Orphan,
}

/// The differences found by a run, by path relative to `generated/`. A run in [`Mode::Write`] has fixed all of them.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub drift: Vec<(String, Drift)>,
    /// Number of files of the generated crate.
    pub files: usize,
    pub warnings: Diagnostics,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Schema(Diagnostics),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("migrations/{0} was written by hand and has no snapshot of the tables yet: run `gable migrate`")]
    Unrecorded(String),
    #[error("cannot {action} {path}: {source}")]
    Disk { action: &'static str, path: String, source: io::Error },
}

/// Updates `generated/` of the application at `root`, or reports how it differs.
///
/// # Errors
/// An invalid schema, template or history, in which case `generated/` is unchanged; or a file that cannot be written.
pub fn run(root: &Path, mode: Mode) -> Result<Report, Error> {
    let checked = gable_schema::load(&root.join("schema")).map_err(Error::Schema)?;
    run_checked(root, &checked.schema, mode).map(|report| Report { warnings: checked.warnings, ..report })
}

/// Like [`run`], with a schema that is already loaded.
///
/// # Errors
/// Those of [`run`].
pub(crate) fn run_checked(root: &Path, schema: &Schema, mode: Mode) -> Result<Report, Error> {
    let templates = Templates::load(&root.join("templates"))?;
    let history = History::load(&root.join("migrations"))?;
    if let Some(name) = history.unrecorded {
        return Err(Error::Unrecorded(name));
    }
    let plan = plan(schema, &history.migrations, &templates)?;
    let output = root.join("generated");
    let drift = drift(&output, &plan)?;
    if mode == Mode::Write {
        apply(&output, &plan, &drift)?;
    }
    Ok(Report { drift, files: plan.files.len(), warnings: Diagnostics::default() })
}

fn drift(output: &Path, plan: &Plan) -> Result<Vec<(String, Drift)>, Error> {
    let mut drift = Vec::new();
    for file in &plan.files {
        match fs::read(output.join(&file.path)) {
            Ok(found) if found == file.contents.as_bytes() => {}
            Ok(_) => drift.push((file.path.clone(), Drift::Stale)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => drift.push((file.path.clone(), Drift::Missing)),
            Err(source) => return Err(failed("read", &output.join(&file.path), source)),
        }
    }
    let planned: BTreeSet<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    for directory in ["src", "src/meta"] {
        let printed = printed_files(output, directory)?;
        let orphans = printed.into_iter().filter(|path| !planned.contains(path.as_str()));
        drift.extend(orphans.map(|path| (path, Drift::Orphan)));
    }
    Ok(drift)
}

/// Returns the files of an earlier build in a directory of the output. Files written by a person do not begin with the
/// mark and are left out.
fn printed_files(output: &Path, directory: &str) -> Result<Vec<String>, Error> {
    let source = output.join(directory);
    let entries = match fs::read_dir(&source) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", &source, error)),
    };
    let mut printed = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed("read", &source, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rs") && begins_with_mark(&path).map_err(|error| failed("read", &path, error))? {
            printed.push(format!("{directory}/{name}"));
        }
    }
    printed.sort();
    Ok(printed)
}

fn begins_with_mark(path: &Path) -> io::Result<bool> {
    let mut start = [0; MARK.len()];
    match io::Read::read_exact(&mut fs::File::open(path)?, &mut start) {
        Ok(()) => Ok(start == *MARK.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn apply(output: &Path, plan: &Plan, drift: &[(String, Drift)]) -> Result<(), Error> {
    for (path, kind) in drift {
        let target = output.join(path);
        match plan.files.iter().find(|file| file.path == *path) {
            Some(file) if *kind != Drift::Orphan => {
                disk::replace(&target, &file.contents).map_err(|source| failed("write", &target, source))?;
            }
            _ => fs::remove_file(&target).map_err(|source| failed("remove", &target, source))?,
        }
    }
    Ok(())
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Disk { action, path: path.display().to_string(), source }
}
