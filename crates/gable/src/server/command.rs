//! The application's own command line: serve, migrate, permissions, super users, import of accounts.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde_json::{Map, Value};

use super::serve::serve;
use super::start::{Application, StartError, Started};
use crate::auth::{ImportError, Refusal, SuperUser, create_super_user, import_accounts, password_field};
use crate::context::Core;
use crate::db::DbError;
use crate::error::ApiError;
use crate::meta::{AppMeta, AuthMode};
use crate::server::log::Log;
use crate::server::permission_sync::{Prune, compare, synchronize};
use crate::settings::{SUPER_USER_PASSWORD, Settings, SettingsError, Variables};
use crate::stopping::Stopping;

#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (what happens without a command).
    Serve,
    /// Bring the database's tables up to date, and stop.
    Migrate,
    /// Compare the permissions of roles in the YAML with those in the tables, or add what is missing.
    #[command(subcommand)]
    Permissions(PermissionsCommand),
    /// Create super users, who may do everything.
    #[command(subcommand, name = "superuser")]
    SuperUser(SuperUserCommand),
    /// Import accounts from another system.
    #[command(subcommand)]
    Accounts(AccountsCommand),
}

#[derive(Subcommand)]
enum PermissionsCommand {
    /// Show every permission of every role: `=` in both, `+` only in the YAML, `-` only in the tables.
    Show {
        /// Fail when YAML and tables differ.
        #[arg(long)]
        check: bool,
    },
    /// Add the permissions to the tables that only the YAML contains.
    Sync {
        /// Also remove the permissions that only the tables contain. Roles stay.
        #[arg(long)]
        prune: bool,
    },
}

#[derive(Subcommand)]
enum SuperUserCommand {
    /// Create a super user. The password is read from GABLE_SUPERUSER_PASSWORD, or asked for.
    Create {
        #[arg(long)]
        username: Option<String>,
        #[arg(long)]
        email: Option<String>,
        /// Any other field of the account, as NAME=VALUE.
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
        fields: Vec<(String, String)>,
    },
}

#[derive(Subcommand)]
enum AccountsCommand {
    /// Create an account from each line, a JSON object of its fields with `passwordHash` (bcrypt or argon2id) instead
    /// of the password. If one is refused, none is created.
    Import {
        /// A file, or `-` for standard input.
        file: PathBuf,
    },
}

#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error("{}; nothing was imported", explain_import(.0))]
    Import(#[from] ImportError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{}", explain(.0))]
    Refused(ApiError),
    #[error("this application has no role tables: in static mode the YAML alone decides")]
    NoRoleTables,
    #[error("YAML and tables differ; `permissions sync` adds what is missing")]
    Differs,
    #[error("the database: {0}")]
    Database(#[from] DbError),
    #[error("reading the password: {0}; without a terminal, set GABLE_SUPERUSER_PASSWORD")]
    Password(std::io::Error),
    #[error("cannot write: {0}")]
    Output(std::io::Error),
}

pub(crate) fn run(app: Application) -> ExitCode {
    let command = command_line(app.app).command.unwrap_or(Command::Serve);
    let stopping = Stopping::default();
    let log = Log::open(stopping.clone());
    match actix_web::rt::System::new().block_on(execute(app, command, &log, stopping)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If this cannot be written either, only the exit status reports the failure.
            log.line(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Parses the command line. `--help` and `--version` describe the application, not the runtime.
fn command_line(app: &AppMeta) -> CommandLine {
    let program = CommandLine::command().about(format!("{}, an application of Gable", app.name)).version(app.version);
    CommandLine::from_arg_matches(&program.get_matches()).unwrap_or_else(|error| error.exit())
}

async fn execute(app: Application, command: Command, log: &Log, stopping: Stopping) -> Result<(), CommandError> {
    let settings = Settings::from_env(app.app)?;
    log.start(&settings.log);
    settings.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    match command {
        Command::Serve => Ok(serve(app.start(settings).await?, stopping).await?),
        Command::Migrate => {
            app.start(settings).await?.core.db.close().await;
            Ok(())
        }
        Command::Permissions(command) => {
            let core = app.start(settings).await?.core;
            let done = permissions(&core, command).await;
            core.db.close().await;
            done
        }
        Command::Accounts(AccountsCommand::Import { file }) => {
            let input = open(&file).map_err(|error| CommandError::Import(error.into()))?;
            let Started { core, auth, .. } = app.start(settings).await?;
            let imported = import_accounts(&core, auth.as_deref(), input).await;
            core.db.close().await;
            say(&format!("imported {} accounts\n", imported?))
        }
        Command::SuperUser(SuperUserCommand::Create { username, email, fields }) => {
            let core = app.start(settings).await?.core;
            let password_field = core.account_model().and_then(password_field).map_err(CommandError::Refused)?;
            let account = SuperUser { fields: account_fields(password_field.name, username, email, fields)? };
            let made = create_super_user(&core, account).await;
            core.db.close().await;
            let id = made.map_err(CommandError::Refused)?;
            say(&format!("made the super user {id}\n"))
        }
    }
}

async fn permissions(core: &Core, command: PermissionsCommand) -> Result<(), CommandError> {
    let access = core.access.as_ref().ok_or(CommandError::NoRoleTables)?;
    let models = access.models.dynamic.as_ref().filter(|_| access.models.mode == AuthMode::Dynamic);
    let models = models.ok_or(CommandError::NoRoleTables)?;
    match command {
        PermissionsCommand::Show { check } => {
            let difference = compare(core, models).await?;
            say(&difference.to_string())?;
            if check && !difference.is_empty() { Err(CommandError::Differs) } else { Ok(()) }
        }
        PermissionsCommand::Sync { prune } => {
            let prune = if prune { Prune::Yes } else { Prune::No };
            say(&synchronize(core, models, prune).await?.to_string())
        }
    }
}

fn open(file: &Path) -> std::io::Result<Box<dyn BufRead>> {
    match file.to_str() {
        Some("-") => Ok(Box::new(BufReader::new(std::io::stdin()))),
        _ => Ok(Box::new(BufReader::new(File::open(file)?))),
    }
}

/// Writes to standard output. A closed pipe is not an error; a full disk is.
fn say(text: &str) -> Result<(), CommandError> {
    let mut output = std::io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(CommandError::Output),
    }
}

fn account_fields(
    password_field: &str,
    username: Option<String>,
    email: Option<String>,
    others: Vec<(String, String)>,
) -> Result<Map<String, Value>, CommandError> {
    let named = [("username", username), ("email", email), (password_field, Some(password()?))];
    let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Ok(named.chain(others).map(|(name, value)| (name, Value::String(value))).collect())
}

fn password() -> Result<String, CommandError> {
    match Variables::load().get(SUPER_USER_PASSWORD) {
        Some(password) => Ok(password),
        None => rpassword::prompt_password("Password: ").map_err(CommandError::Password),
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn explain_import(error: &ImportError) -> String {
    match error {
        ImportError::Line { line, refusal: Refusal::Account(refusal) } => format!("line {line}: {}", explain(refusal)),
        error => error.to_string(),
    }
}

/// Lists every problem of the account, one per line.
fn explain(error: &ApiError) -> String {
    let lines: Vec<String> = error.problems().into_iter().map(|problem| problem.message).collect();
    match (lines.is_empty(), error.cause()) {
        (false, _) => lines.join("\n       "),
        (true, Some(cause)) => format!("{}: {cause}", error.message()),
        (true, None) => error.message().to_owned(),
    }
}
