//! Atomic writes of files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file in one step: a reader sees the old contents or the new ones.
pub(crate) fn replace(path: &Path, contents: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{file}.{}.tmp", std::process::id()));
    let written = fs::write(&temporary, contents).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the relevant one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a file that must not exist yet.
pub(crate) fn write_new(path: &Path, contents: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create_new(path)?.write_all(contents.as_bytes())
}
