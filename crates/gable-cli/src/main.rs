//! The command line of Gable.

mod commands;
mod costs;
mod output;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Turns YAML models into a REST API in Rust.
#[derive(Debug, Parser)]
#[command(name = "gable", version, arg_required_else_help = true)]
struct Cli {
    /// Directory of the application, with schema/, generated/ and migrations/
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the schema: report every problem, and the maximum cost of each endpoint
    Check(commands::Check),
    /// Update generated/ from the schema
    Generate {
        /// Write nothing; fail if generated/ is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Write a migration from the tables after the newest migration to those of the schema
    Migrate {
        /// Name of the migration, which is appended to its number
        #[arg(long, value_name = "NAME", conflicts_with = "check")]
        name: Option<String>,
        /// Write nothing; fail if a migration is missing
        #[arg(long)]
        check: bool,
    },
    /// Print the JSON Schema of the schema language, for editors
    Schema,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Check(check) => commands::check(&cli.root, check),
        Command::Generate { check: false } => commands::generate(&cli.root),
        Command::Generate { check: true } => commands::generate_check(&cli.root),
        Command::Migrate { check: true, .. } => commands::migrate_check(&cli.root),
        Command::Migrate { name, check: false } => commands::migrate(&cli.root, name.as_deref()),
        Command::Schema => commands::schema(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // If this cannot be written either, only the exit status reports the failure.
            let _ = output::line(std::io::stderr(), problem.0.trim_end());
            ExitCode::FAILURE
        }
    }
}
