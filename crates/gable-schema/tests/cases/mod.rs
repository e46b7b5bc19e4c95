//! Fixtures: a schema in `<case>.yaml` or a directory `<case>`, and its expected diagnostics in `<case>.stderr`.

use std::fs;
use std::path::{Path, PathBuf};

use gable_schema::{Checked, Diagnostics, Source, check, load};

/// Returns the cases of a directory in `tests/`, ordered by name.
pub fn cases(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(directory);
    let entries = fs::read_dir(directory).expect("the fixtures are there");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    cases.retain(|path| path.extension().is_none_or(|extension| extension == "yaml"));
    cases.sort();
    cases
}

pub fn checked(case: &Path) -> Result<Checked, Diagnostics> {
    if case.is_dir() {
        return load(case);
    }
    let name = case.file_name().expect("a file has a name").to_string_lossy();
    let text = fs::read(case).expect("readable");
    check(&[Source { file: format!("schema/{name}"), text }])
}

/// Compares the diagnostics of each case with its `.stderr` file. `UPDATE_EXPECT=1` rewrites these files.
pub fn assert_expected(cases: &[PathBuf], diagnostics: impl Fn(&Path) -> String) {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for case in cases {
        let (expected, found) = (case.with_extension("stderr"), diagnostics(case));
        if update {
            fs::write(&expected, &found).expect("the expectation can be written");
        } else if fs::read_to_string(&expected).unwrap_or_else(|error| error.to_string()) != found {
            different.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(different.is_empty(), "{} differ\n\n{}", different.len(), different.join("\n"));
}
