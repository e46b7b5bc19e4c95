//! Schemas beside what is told of them: `<case>.yaml`, or a directory of files, and `<case>.stderr`.

use std::fs;
use std::path::{Path, PathBuf};

use gable_schema::{Checked, Diagnostics, Source, check, load};

/// The cases of a directory beside this one, by name.
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

/// Fails where something else is told than is written there. `UPDATE_EXPECT=1` writes it anew.
pub fn assert_told(cases: &[PathBuf], told: impl Fn(&Path) -> String) {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for case in cases {
        let (expected, told) = (case.with_extension("stderr"), told(case));
        if update {
            fs::write(&expected, &told).expect("the expectation can be written");
        } else if fs::read_to_string(&expected).unwrap_or_else(|error| error.to_string()) != told {
            different.push(format!("{}:\n{told}", case.display()));
        }
    }
    assert!(different.is_empty(), "{} differ\n\n{}", different.len(), different.join("\n"));
}
