//! Every error of the schema language, with its exact text.

mod cases;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gable_schema::{Diagnostics, WARNINGS};

use cases::{assert_expected, cases, checked};

fn refuse(case: &Path) -> Diagnostics {
    checked(case).err().unwrap_or_else(|| panic!("{} was accepted", case.display()))
}

#[test]
fn every_error_has_the_expected_text() {
    let cases = cases("rejected");
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    assert_expected(&cases, |case| refuse(case).to_string());
}

#[test]
fn every_problem_has_a_position_inside_its_file() {
    for case in cases("rejected").into_iter().filter(|case| !case.is_dir()) {
        let lines = fs::read(&case).expect("readable").split(|&byte| byte == b'\n').count();
        for diagnostic in &refuse(&case) {
            assert!((1..=lines).contains(&diagnostic.line()), "{}: {diagnostic}", case.display());
            assert!(diagnostic.column() >= 1, "{}: {diagnostic}", case.display());
            assert!(!diagnostic.file().is_empty());
        }
    }
}

/// Reads the codes from the source files, so that a new code without a fixture fails this test.
#[test]
fn every_code_has_a_fixture() {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for case in cases("rejected") {
        seen.extend(refuse(&case).iter().map(|diagnostic| diagnostic.code().to_owned()));
    }
    let elsewhere = ["missing-directory", "unreadable-file", "too-large", "too-many-problems"];
    seen.extend(elsewhere.into_iter().chain(WARNINGS).map(str::to_owned));
    let unseen: Vec<String> = codes_in_sources().into_iter().filter(|code| !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no fixture has the codes {unseen:?}");
}

fn codes_in_sources() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for folder in ["src", "src/lower", "src/check"] {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the sources are there");
        for path in entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_file()) {
            codes.extend(codes_in(&fs::read_to_string(path).expect("readable")));
        }
    }
    assert!(codes.len() > 40, "the search for codes finds too little: {codes:?}");
    codes
}

fn codes_in(text: &str) -> Vec<String> {
    let starts = ["Problem::new(", "Problem::warning(", "Diagnostic::of_place(", "let code = "];
    let tails = starts.iter().flat_map(|start| text.split(start).skip(1));
    let code = |tail: &str| {
        let code = tail.trim_start().strip_prefix('"')?.split('"').next()?;
        (!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
            .then(|| code.to_owned())
    };
    tails.filter_map(code).chain(quoted_uses(text)).collect()
}

/// Finds the codes in the match of `ValueUse::code`.
fn quoted_uses(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("ValueUse::")?.split('"').nth(1))
        .filter(|code| code.starts_with("invalid-"))
        .map(str::to_owned)
        .collect()
}
