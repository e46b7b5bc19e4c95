//! Parses the `DATABASE_URL` of SQLite: `sqlite://path`, `sqlite:path`, `sqlite::memory:`, with
//! `mode=ro|rw|rwc|memory`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use percent_encoding::percent_decode_str;

use crate::db::DbError;
use crate::private_file;

/// Maximum number of symbolic links that are followed to the file, as on Linux.
const LINKS: usize = 40;

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
    /// The file must exist.
    ReadWrite,
    /// The file is created if it does not exist.
    Create,
    Memory,
}

impl Location {
    /// # Errors
    /// A parameter is unknown.
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

    pub(super) fn set_failing(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_working(&self) {
        self.failing.store(false, Ordering::Relaxed);
    }

    /// The write-ahead log beside the file.
    pub(super) fn log(&self) -> PathBuf {
        self.beside("-wal")
    }

    /// The path of the database file with a suffix.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// Creates the file and its directory if they are missing, readable only by their owner. SQLite never creates the
    /// file, because it would use the permissions of the umask. Its `-wal` and `-shm` files get the permissions of the
    /// database file.
    ///
    /// # Errors
    /// The directory or the file cannot be created.
    pub(super) fn make_file(&self) -> Result<(), DbError> {
        if self.mode != Mode::Create {
            return Ok(());
        }
        let path = target(&self.path);
        let failed = |path: &Path, error: io::Error| DbError::other(format!("{}: {error}", path.display()));
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            private_file::make_directory(directory).map_err(|error| failed(directory, error))?;
        }
        match private_file::write_new(&path, &[]) {
            // The existing file is not opened: closing it would release the locks that other connections of this
            // process hold on it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                private_file::warn_if_exposed(&path);
                Ok(())
            }
            made => made.map_err(|error| failed(&path, error)),
        }
    }
}

/// The file that a chain of links leads to, whether or not it exists.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    path
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

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_is_missing_makes_a_private_file() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let room = tempfile::tempdir().expect("a directory");
        symlink("real/data.db", room.path().join("link.db")).expect("a link");
        let url = format!("sqlite://{}", room.path().join("link.db").display());
        Location::parse(&url).expect("a location").make_file().expect("made");
        let mode = |path: &str| {
            let found = std::fs::metadata(room.path().join(path)).expect(path);
            found.permissions().mode() & 0o777
        };
        assert_eq!((mode("real"), mode("real/data.db")), (0o700, 0o600));
    }
}
