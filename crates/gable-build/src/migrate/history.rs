//! The directory `migrations/`: reviewed, append-only. Each migration is one SQL file per database and a snapshot of
//! the tables after it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::dialect::Dialect;
use super::tables::Tables;

const SNAPSHOT: &str = ".tables.json";

/// One migration of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `0001_initial`
    pub name: String,
    /// Fingerprint of the tables after it.
    pub fingerprint: String,
}

/// Every migration, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub migrations: Vec<Recorded>,
    /// The tables after the newest one.
    pub tables: Tables,
    /// Name of the newest migration if it was written by hand and has no snapshot yet.
    pub unrecorded: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
    #[error("{path} is not a snapshot of tables: {source}")]
    Snapshot { path: String, source: serde_json::Error },
    #[error("migrations/{file} is missing")]
    Missing { file: String },
    #[error(
        "migrations/{file}: the name of a migration must be like `0002_add_subtitle`: four digits and `_`, then lower-case letters, digits and `_`"
    )]
    Name { file: String },
    #[error("migrations/{0} and migrations/{1} have the same number")]
    Twice(String, String),
}

impl History {
    /// Reads the directory, which need not exist.
    ///
    /// # Errors
    /// A migration of which a file is missing, misnamed or unreadable.
    pub fn load(directory: &Path) -> Result<Self, HistoryError> {
        let mut history = History::default();
        let names = names(directory)?;
        for pair in names.windows(2) {
            if pair[0][..4] == pair[1][..4] {
                return Err(HistoryError::Twice(pair[0].clone(), pair[1].clone()));
            }
        }
        for (position, name) in names.iter().enumerate() {
            let newest = position + 1 == names.len();
            history.read(directory, name, newest)?;
        }
        Ok(history)
    }

    fn read(&mut self, directory: &Path, name: &str, newest: bool) -> Result<(), HistoryError> {
        for dialect in Dialect::ALL {
            let file = sql_file(name, dialect);
            if !directory.join(&file).is_file() {
                return Err(HistoryError::Missing { file });
            }
        }
        let path = directory.join(snapshot_file(name));
        match fs::read_to_string(&path) {
            Ok(text) => {
                self.tables = parse(&path, &text)?;
                self.migrations.push(Recorded { name: name.to_owned(), fingerprint: self.tables.fingerprint() });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && newest => self.unrecorded = Some(name.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(HistoryError::Missing { file: snapshot_file(name) });
            }
            Err(error) => return Err(unreadable(&path, error)),
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.migrations.is_empty() && self.unrecorded.is_none()
    }

    /// The number of the next migration, from 1.
    pub(super) fn next_number(&self) -> usize {
        let newest = self.migrations.last().and_then(|newest| newest.name[..4].parse::<usize>().ok());
        newest.unwrap_or_default() + 1
    }
}

pub(super) fn sql_file(name: &str, dialect: Dialect) -> String {
    format!("{name}.{}.sql", dialect.name())
}

pub(super) fn snapshot_file(name: &str) -> String {
    format!("{name}{SNAPSHOT}")
}

fn parse(path: &Path, text: &str) -> Result<Tables, HistoryError> {
    serde_json::from_str(text).map_err(|source| HistoryError::Snapshot { path: path.display().to_string(), source })
}

fn unreadable(path: &Path, source: io::Error) -> HistoryError {
    HistoryError::Read { path: path.display().to_string(), source }
}

/// Returns the migrations that have any file, in order. Other files (a README) are ignored.
fn names(directory: &Path) -> Result<Vec<String>, HistoryError> {
    let mut names = BTreeSet::new();
    for path in files(directory)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let endings = [".sqlite.sql", ".postgres.sql", SNAPSHOT];
        if let Some(name) = endings.iter().find_map(|ending| file.strip_suffix(ending)) {
            if !is_name(name) {
                return Err(HistoryError::Name { file });
            }
            names.insert(name.to_owned());
        }
    }
    Ok(names.into_iter().collect())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(directory, error)),
    };
    entries.map(|entry| Ok(entry.map_err(|error| unreadable(directory, error))?.path())).collect()
}

fn is_name(name: &str) -> bool {
    let (number, rest) = name.split_at_checked(4).unwrap_or_default();
    number.bytes().all(|byte| byte.is_ascii_digit())
        && !number.is_empty()
        && rest.strip_prefix('_').is_some_and(is_title)
}

/// Returns true if a text can follow the number of a migration.
pub(super) fn is_title(title: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !title.is_empty() && title.len() <= 100 && title.bytes().all(allowed)
}
