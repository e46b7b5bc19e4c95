//! Checks that the generated files and migrations of this repository's applications are up to date.

use std::path::Path;

use gable_build::migrate::{Pending, pending};
use gable_build::{Mode, run};

#[test]
fn the_reference_application_is_up_to_date() {
    is_up_to_date(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
}

#[test]
fn the_archive_is_up_to_date() {
    is_up_to_date(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/apps/archive"));
}

#[test]
fn the_ledger_is_up_to_date() {
    is_up_to_date(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/apps/ledger"));
}

#[test]
fn the_guild_is_up_to_date() {
    is_up_to_date(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/apps/guild"));
}

fn is_up_to_date(root: &Path) {
    let report = run(root, Mode::Check).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.drift, [], "run `gable generate`");
    let schema = gable_schema::load(&root.join("schema")).unwrap_or_else(|problems| panic!("{problems}")).schema;
    let pending = pending(&root.join("migrations"), &schema).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pending, Pending::Nothing, "run `gable migrate`");
}
