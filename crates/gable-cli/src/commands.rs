//! One function per command. Results go to standard output, problems to standard error.

use std::io;
use std::path::Path;

use gable_build::migrate::{MigrateError, Migrated, Pending, migrate as write_migration, pending};
use gable_build::{Drift, Error, Mode, Report, run};
use gable_schema::{Checked, Diagnostics};

use crate::{costs, output};

/// The message of a failed command.
pub(crate) struct Problem(pub(crate) String);

impl Problem {
    fn error(message: impl std::fmt::Display) -> Self {
        Problem(format!("error: {message}"))
    }
}

/// Diagnostics already contain the word `error`.
impl From<Diagnostics> for Problem {
    fn from(diagnostics: Diagnostics) -> Self {
        Problem(diagnostics.to_string())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Schema(diagnostics) => diagnostics.into(),
            other => Problem::error(other),
        }
    }
}

impl From<MigrateError> for Problem {
    fn from(error: MigrateError) -> Self {
        Problem::error(error)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Problem::error(format_args!("cannot write: {error}"))
    }
}

type Outcome = Result<(), Problem>;

/// The arguments of `gable check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Fail if there are warnings
    #[arg(long)]
    deny_warnings: bool,
    /// Ignore the warnings with this code; may be given several times
    #[arg(long, value_name = "CODE", value_parser = gable_schema::WARNINGS)]
    allow: Vec<String>,
    /// Do not print the cost of each endpoint
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn check(root: &Path, options: &Check) -> Outcome {
    let checked = gable_schema::load(&root.join("schema"))?;
    let warnings = checked.warnings_and_advice().without(&options.allow);
    warn(&warnings)?;
    let (models, count) = (checked.schema.models.len(), warnings.len());
    let summary = if count == 0 { "no problems".to_owned() } else { counted(count, "warning") };
    if options.deny_warnings && count > 0 {
        return Err(Problem::error(format_args!("{summary}, and warnings are denied")));
    }
    if !options.quiet {
        print(&costs::table(&gable_schema::cost::costs(&checked.schema)))?;
    }
    print(&format!("{}, {summary}", counted(models, "model")))
}

pub(crate) fn generate(root: &Path) -> Outcome {
    let report = run(root, Mode::Write)?;
    warn(&report.warnings)?;
    let files = report.drift.len();
    match files {
        0 => print(&format!("generated/ is up to date ({} files)", report.files)),
        _ => print(&format!("{}updated {}", drift_list(&report), counted(files, "file"))),
    }
}

pub(crate) fn generate_check(root: &Path) -> Outcome {
    let report = run(root, Mode::Check)?;
    warn(&report.warnings)?;
    if report.drift.is_empty() {
        return print(&format!("generated/ is up to date ({} files)", report.files));
    }
    Err(Problem(format!("{}error: generated/ is not up to date: run `gable generate`", drift_list(&report))))
}

pub(crate) fn migrate(root: &Path, name: Option<&str>) -> Outcome {
    let checked = load(root)?;
    match write_migration(&root.join("migrations"), &checked.schema, name)? {
        Migrated::UpToDate => print("migrations/ is up to date with the schema"),
        Migrated::Recorded { name } => print(&format!("wrote the snapshot of migrations/{name}")),
        Migrated::Wrote { files, .. } => {
            let lines: Vec<String> = files.iter().map(|file| format!("wrote migrations/{file}")).collect();
            print(&lines.join("\n"))
        }
    }
}

pub(crate) fn migrate_check(root: &Path) -> Outcome {
    let checked = load(root)?;
    match pending(&root.join("migrations"), &checked.schema)? {
        Pending::Nothing => print("migrations/ is up to date with the schema"),
        Pending::Migration(name) => {
            Err(Problem::error(format_args!("a migration is missing ({name}): run `gable migrate`")))
        }
        Pending::Snapshot(name) => {
            Err(Problem::error(format_args!("migrations/{name} has no snapshot: run `gable migrate`")))
        }
    }
}

pub(crate) fn schema() -> Outcome {
    print(&format!("{:#}", gable_schema::json_schema()))
}

fn load(root: &Path) -> Result<Checked, Problem> {
    let checked = gable_schema::load(&root.join("schema"))?;
    warn(&checked.warnings)?;
    Ok(checked)
}

fn warn(warnings: &Diagnostics) -> Outcome {
    if warnings.is_empty() { Ok(()) } else { Ok(output::line(io::stderr(), &warnings.to_string())?) }
}

fn print(text: &str) -> Outcome {
    Ok(output::line(io::stdout(), text)?)
}

fn drift_list(report: &Report) -> String {
    let lines = report.drift.iter().map(|(path, drift)| {
        let status = match drift {
            Drift::Missing => "missing",
            Drift::Stale => "stale",
            Drift::Orphan => "orphan",
        };
        format!("{status:>8}  generated/{path}\n")
    });
    lines.collect()
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
