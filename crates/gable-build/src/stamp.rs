//! Detects from sizes and times alone whether anything changed since the last successful build. The stamp is kept
//! outside the source tree and used only by the build script: checks always compare contents.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{env, fs};

use crate::migrate::fnv;

/// All inputs of the output, and the output itself, so that an edit of generated files is noticed.
const WATCHED: [&str; 6] =
    ["schema", "templates", "templates/mail", "migrations", "generated/src", "generated/src/meta"];

/// A hash that changes with every file of the application and with the generator.
pub(crate) struct Stamp(u64);

impl Stamp {
    pub(crate) fn of(root: &Path) -> Self {
        let mut lines: Vec<String> = WATCHED.iter().flat_map(|directory| listing(&root.join(directory))).collect();
        // The running program is the generator.
        lines.extend(env::current_exe().ok().and_then(|program| line(&program)));
        Stamp(fnv(lines.join("\n").as_bytes()))
    }

    /// Returns true if the stamp in the file matches the current state of the application.
    pub(crate) fn matches(file: &Path, root: &Path) -> bool {
        fs::read_to_string(file).is_ok_and(|stored| stored == Self::of(root).text())
    }

    pub(crate) fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

fn listing(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| line(path)).collect()
}

fn line(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", path.display(), metadata.len(), modified.as_nanos()))
}
