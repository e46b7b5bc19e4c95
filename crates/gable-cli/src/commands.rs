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
    fn error(what: impl std::fmt::Display) -> Self {
        Problem(format!("error: {what}"))
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
    /// Fail if there is a warning
    #[arg(long)]
    deny_warnings: bool,
    /// Do not print this warning; may be given several times
    #[arg(long, value_name = "CODE", value_parser = gable_schema::WARNINGS)]
    allow: Vec<String>,
    /// Do not print the cost of each endpoint
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn check(root: &Path, how: &Check) -> Outcome {
    let checked = gable_schema::load(&root.join("schema"))?;
    let told = checked.told().without(&how.allow);
    warn(&told)?;
    let (models, warnings) = (checked.schema.models.len(), told.len());
    let found = if warnings == 0 { "no problems".to_owned() } else { counted(warnings, "warning") };
    if how.deny_warnings && warnings > 0 {
        return Err(Problem::error(format_args!("{found}, and warnings are denied")));
    }
    if !how.quiet {
        say(&costs::table(&gable_schema::cost::costs(&checked.schema)))?;
    }
    say(&format!("{}, {found}", counted(models, "model")))
}

pub(crate) fn generate(root: &Path) -> Outcome {
    let report = run(root, Mode::Write)?;
    warn(&report.warnings)?;
    let files = report.drift.len();
    match files {
        0 => say(&format!("generated/ is up to date ({} files)", report.files)),
        _ => say(&format!("{}{files} {} brought up to date", listed(&report), plural(files, "file"))),
    }
}

pub(crate) fn generate_check(root: &Path) -> Outcome {
    let report = run(root, Mode::Check)?;
    warn(&report.warnings)?;
    if report.drift.is_empty() {
        return say(&format!("generated/ is up to date ({} files)", report.files));
    }
    Err(Problem(format!("{}error: generated/ is not up to date: run `gable generate`", listed(&report))))
}

pub(crate) fn migrate(root: &Path, name: Option<&str>) -> Outcome {
    let checked = load(root)?;
    match write_migration(&root.join("migrations"), &checked.schema, name)? {
        Migrated::UpToDate => say("the newest migration leads to the schema as it is"),
        Migrated::Recorded { name } => say(&format!("migrations/{name}: recorded the tables after it")),
        Migrated::Wrote { files, .. } => {
            let lines: Vec<String> = files.iter().map(|file| format!("wrote migrations/{file}")).collect();
            say(&lines.join("\n"))
        }
    }
}

pub(crate) fn migrate_check(root: &Path) -> Outcome {
    let checked = load(root)?;
    match pending(&root.join("migrations"), &checked.schema)? {
        Pending::Nothing => say("the newest migration leads to the schema as it is"),
        Pending::Migration(name) => {
            Err(Problem::error(format_args!("a migration is missing ({name}): run `gable migrate`")))
        }
        Pending::Snapshot(name) => {
            Err(Problem::error(format_args!("migrations/{name} has no snapshot: run `gable migrate`")))
        }
    }
}

pub(crate) fn schema() -> Outcome {
    say(&format!("{:#}", gable_schema::json_schema()))
}

fn load(root: &Path) -> Result<Checked, Problem> {
    let checked = gable_schema::load(&root.join("schema"))?;
    warn(&checked.warnings)?;
    Ok(checked)
}

fn warn(warnings: &Diagnostics) -> Outcome {
    if warnings.is_empty() { Ok(()) } else { Ok(output::line(io::stderr(), &warnings.to_string())?) }
}

fn say(text: &str) -> Outcome {
    Ok(output::line(io::stdout(), text)?)
}

fn listed(report: &Report) -> String {
    let lines = report.drift.iter().map(|(path, drift)| {
        let what = match drift {
            Drift::Missing => "missing",
            Drift::Stale => "stale",
            Drift::Orphan => "orphan",
        };
        format!("{what:>8}  generated/{path}\n")
    });
    lines.collect()
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
