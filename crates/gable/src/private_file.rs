//! Files that only their owner may read: the database, secrets, and mail with secrets.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Creates a directory and its parents, if they do not exist.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Warns if other users of the machine may read a file, which an earlier version or another program may have created.
pub(crate) fn warn_if_exposed(path: &Path) {
    #[cfg(unix)]
    if let Ok(found) = fs::metadata(path) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777;
        if mode & 0o007 != 0 {
            let (path, mode) = (path.display(), format!("{mode:o}"));
            tracing::warn!(%path, mode, "the database file is open to other users of this machine: chmod 600 it");
        }
    }
}

/// Writes a new file; fails if it exists.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}
