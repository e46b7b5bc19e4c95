//! Every warning of the language, and schemas of which nothing is told.

mod cases;

use std::collections::BTreeSet;
use std::path::Path;

use gable_schema::{Checked, Severity, WARNINGS};

use cases::{assert_told, cases, checked};

fn accept(case: &Path) -> Checked {
    checked(case).unwrap_or_else(|problems| panic!("{}: {problems}", case.display()))
}

#[test]
fn every_warning_reads_as_expected() {
    assert_told(&cases("warned"), |case| accept(case).told().to_string());
}

#[test]
fn every_warning_has_a_fixture_and_is_no_error() {
    let told: Vec<_> = cases("warned").iter().map(|case| accept(case).told()).collect();
    let all = || told.iter().flatten();
    let codes: BTreeSet<&str> = all().map(gable_schema::Diagnostic::code).collect();
    assert_eq!(codes, BTreeSet::from(WARNINGS));
    assert!(all().all(|diagnostic| diagnostic.severity() == Severity::Warning));
}

#[test]
fn what_would_only_be_faster_is_not_told_to_a_build() {
    for case in cases("warned") {
        let checked = accept(&case);
        assert!(checked.warnings.iter().all(|warning| !warning.code().starts_with("unindexed")), "{}", case.display());
    }
}
