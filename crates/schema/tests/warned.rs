//! Every warning of the language: `warned/<case>.yaml` (or a directory of files) beside what is told of it in
//! `<case>.stderr`; empty where nothing is. `UPDATE_EXPECT=1` writes it anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gable_schema::{Checked, Severity, Source, WARNINGS, check, load};

/// Cases by name, each a file or a directory.
fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/warned");
    let entries = fs::read_dir(directory).expect("the fixtures are there");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    cases.retain(|path| path.extension().is_none_or(|extension| extension == "yaml"));
    cases.sort();
    cases
}

fn accept(case: &Path) -> Checked {
    let outcome = if case.is_dir() {
        load(case)
    } else {
        let name = case.file_name().expect("a file has a name").to_string_lossy();
        let text = fs::read(case).expect("readable");
        check(&[Source { file: format!("schema/{name}"), text }])
    };
    outcome.unwrap_or_else(|problems| panic!("{}: {problems}", case.display()))
}

#[test]
fn every_warning_reads_as_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for case in cases() {
        let expected = case.with_extension("stderr");
        let found = accept(&case).told().to_string();
        if update {
            fs::write(&expected, &found).expect("the expectation can be written");
        } else if fs::read_to_string(&expected).unwrap_or_else(|error| error.to_string()) != found {
            different.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(different.is_empty(), "{} differ\n\n{}", different.len(), different.join("\n"));
}

#[test]
fn every_warning_has_a_fixture_and_is_no_error() {
    let told: Vec<_> = cases().iter().map(|case| accept(case).told()).collect();
    let all = || told.iter().flatten();
    let codes: BTreeSet<&str> = all().map(gable_schema::Diagnostic::code).collect();
    assert_eq!(codes, BTreeSet::from(WARNINGS));
    assert!(all().all(|diagnostic| diagnostic.severity() == Severity::Warning));
}

#[test]
fn what_would_only_be_faster_is_not_told_to_a_build() {
    for case in cases() {
        let checked = accept(&case);
        assert!(checked.warnings.iter().all(|warning| !warning.code().starts_with("unindexed")), "{}", case.display());
    }
}
