//! `DATABASE_URL` of SQLite: `sqlite://path`, `sqlite:path`, `sqlite::memory:`, with `mode=ro|rw|rwc|memory`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use percent_encoding::percent_decode_str;

use crate::db::DbError;

#[derive(Debug)]
pub(super) struct Location {
    path: PathBuf,
    mode: Mode,
    /// Whether the last write failed because of the file: no space, an I/O error.
    failing: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    ReadOnly,
    /// The file must be there.
    ReadWrite,
    /// The file is made where it is not there.
    Create,
    Memory,
}

impl Location {
    /// # Errors
    /// A parameter is not known.
    pub(super) fn parse(url: &str) -> Result<Self, DbError> {
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = percent_decode_str(path).decode_utf8().map_err(DbError::other)?.into_owned();
        let mut mode = if path == ":memory:" || path.is_empty() { Mode::Memory } else { Mode::Create };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            mode = match (key.as_ref(), value.as_ref()) {
                ("mode", "ro") => Mode::ReadOnly,
                ("mode", "rw") => Mode::ReadWrite,
                ("mode", "rwc") => Mode::Create,
                ("mode", "memory") => Mode::Memory,
                ("mode", _) => return Err(DbError::other("DATABASE_URL: mode is ro, rw, rwc or memory")),
                _ => return Err(DbError::other(format!("DATABASE_URL: SQLite has no parameter `{key}`; mode is one"))),
            };
        }
        Ok(Self { path: path.into(), mode, failing: AtomicBool::new(false) })
    }

    pub(super) fn is_in_memory(&self) -> bool {
        self.mode == Mode::Memory
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn path(&self) -> &Path {
        if self.is_in_memory() { Path::new(":memory:") } else { &self.path }
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    /// The write-ahead log beside the file.
    pub(super) fn log(&self) -> PathBuf {
        self.beside("-wal")
    }

    /// A file beside the database's, whose name begins like it.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// SQLite makes the file, but not the directory that it lies in.
    pub(super) fn make_directory(&self) -> Result<(), DbError> {
        match self.path.parent() {
            Some(directory) if self.mode == Mode::Create && !directory.as_os_str().is_empty() => {
                std::fs::create_dir_all(directory)
                    .map_err(|error| DbError::other(format!("{}: {error}", directory.display())))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_url_leads_to_its_file() {
        let parsed = |url: &str| Location::parse(url).map(|found| (found.path().to_owned(), found.mode())).expect(url);
        for url in ["sqlite://a%20b/c.db", "sqlite:a b/c.db", "sqlite://a b/c.db?mode=rwc"] {
            assert_eq!(parsed(url), (PathBuf::from("a b/c.db"), Mode::Create), "{url}");
        }
        assert_eq!(parsed("sqlite:///x.db?mode=ro"), (PathBuf::from("/x.db"), Mode::ReadOnly));
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x?mode=memory", "sqlite:"] {
            assert_eq!(parsed(url), (PathBuf::from(":memory:"), Mode::Memory), "{url}");
        }
        for url in ["sqlite://x?mode=all", "sqlite://x?cache=shared"] {
            assert!(Location::parse(url).is_err_and(|error| error.to_string().contains("DATABASE_URL")), "{url}");
        }
    }
}
