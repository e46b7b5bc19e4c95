//! Every warning of the schema language, with its exact text, and schemas without warnings.

mod cases;

use std::collections::BTreeSet;
use std::path::Path;

use gable_schema::{Checked, Severity, WARNINGS};

use cases::{assert_expected, cases, checked};

fn accept(case: &Path) -> Checked {
    checked(case).unwrap_or_else(|problems| panic!("{}: {problems}", case.display()))
}

#[test]
fn every_warning_has_the_expected_text() {
    assert_expected(&cases("warned"), |case| accept(case).warnings_and_advice().to_string());
}

#[test]
fn every_warning_has_a_fixture_and_is_not_an_error() {
    let found: Vec<_> = cases("warned").iter().map(|case| accept(case).warnings_and_advice()).collect();
    let all = || found.iter().flatten();
    let codes: BTreeSet<&str> = all().map(gable_schema::Diagnostic::code).collect();
    assert_eq!(codes, BTreeSet::from(WARNINGS));
    assert!(all().all(|diagnostic| diagnostic.severity() == Severity::Warning));
}

#[test]
fn advice_about_indexes_is_not_among_the_warnings_of_a_build() {
    for case in cases("warned") {
        let checked = accept(&case);
        assert!(checked.warnings.iter().all(|warning| !warning.code().starts_with("unindexed")), "{}", case.display());
    }
}
