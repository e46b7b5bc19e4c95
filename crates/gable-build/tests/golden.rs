//! Compares the output of the build step with recorded files. Each feature has a directory with a schema and with all
//! files that the build step and the first migration write for it.
//! `UPDATE_EXPECT=1 cargo test -p gable-build --test golden` rewrites them.

mod application;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use application::Application;
use gable_build::{Mode, migrate, run};

#[test]
fn types_print_as_expected() {
    compare("types");
}

#[test]
fn relations_print_as_expected() {
    compare("relations");
}

#[test]
fn accounts_rules_and_routes_print_as_expected() {
    compare("access");
}

#[test]
fn surfaces_mail_and_every_operation_of_an_account_print_as_expected() {
    compare("surfaces");
}

#[test]
fn mail_templates_of_the_applications_own_print_as_expected() {
    compare("mail");
}

#[test]
fn unusual_names_print_as_expected() {
    compare("names");
}

fn compare(feature: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(feature);
    let application = Application::copy(&golden);
    let schema = application.schema();
    migrate::migrate(&application.path("migrations"), &schema, None).expect("a first migration can always be written");
    run(application.root(), Mode::Write).expect("an accepted schema has a plan");
    let found = files(application.root());
    let expected = golden.join("expected");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        rewrite(&expected, &found);
    }
    let expected_files = files(&expected);
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected_files));
    for (path, contents) in &found {
        assert_eq!(contents, &expected_files[path], "{feature}/expected/{path} differs; UPDATE_EXPECT=1 rewrites it");
    }
}

fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for directory in ["generated/src", "generated/src/meta", "migrations", "templates/mail"] {
        let Ok(entries) = fs::read_dir(root.join(directory)) else { continue };
        for entry in entries {
            let path = entry.expect("a directory that was just listed").path();
            if path.is_dir() {
                continue;
            }
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            found.insert(format!("{directory}/{name}"), fs::read_to_string(&path).expect("printed files are text"));
        }
    }
    found
}

fn rewrite(expected: &Path, found: &BTreeMap<String, String>) {
    let _ = fs::remove_dir_all(expected);
    for (path, contents) in found {
        let target = expected.join(path);
        fs::create_dir_all(target.parent().expect("a file has a directory")).expect("expected/ can be made");
        fs::write(target, contents).expect("expected/ can be written");
    }
}
