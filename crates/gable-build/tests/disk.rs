//! Tests of the files that a run writes, keeps and removes.

mod application;

use std::fs;
use std::time::SystemTime;

use application::Application;
use gable_build::{Drift, Error, Mode, run};

const POST: &str = "model: Post\nfields:\n  title: string\n";
const TAG: &str = "model: Tag\nfields:\n  name: string\n";

fn drift(application: &Application, mode: Mode) -> Vec<(String, Drift)> {
    run(application.root(), mode).unwrap_or_else(|error| panic!("{error}")).drift
}

fn modified(application: &Application, relative: &str) -> SystemTime {
    fs::metadata(application.path(relative)).and_then(|metadata| metadata.modified()).expect("a file has a time")
}

#[test]
fn a_second_run_writes_nothing() {
    let application = Application::of(&[("post", POST)]);
    assert!(!drift(&application, Mode::Write).is_empty());
    let before = modified(&application, "generated/src/post.rs");
    assert_eq!(drift(&application, Mode::Write), []);
    assert_eq!(modified(&application, "generated/src/post.rs"), before);
}

#[test]
fn only_files_that_differ_are_written() {
    let application = Application::of(&[("post", POST), ("tag", TAG)]);
    drift(&application, Mode::Write);
    application.write("schema/tag.yaml", "model: Tag\nfields:\n  name: text\n");
    assert_eq!(
        drift(&application, Mode::Write),
        ["meta/tag", "migrations", "tag"].map(|module| (format!("src/{module}.rs"), Drift::Stale))
    );
}

#[test]
fn a_broken_mail_template_is_named_and_nothing_is_written() {
    let application = Application::of(&[("post", POST)]);
    for (name, source) in [("reset-password.txt.jinja", "Hello"), ("welcome.html.jinja", ""), ("verify-email.html", "")]
    {
        application.write(&format!("templates/mail/{name}"), source);
        let refused = run(application.root(), Mode::Write).expect_err("a broken template").to_string();
        assert!(refused.contains(&format!("templates/mail/{name}")), "{refused}");
        assert!(!application.exists("generated"));
        fs::remove_file(application.path(&format!("templates/mail/{name}"))).expect("it was just written");
    }
    application.write("templates/mail/reset-password.html.jinja", "<a href=\"{{ link }}\">Here</a>");
    application.write("templates/mail/reset-password.html.jinja~", "the editor's");
    drift(&application, Mode::Write);
    let printed = application.read("generated/src/catalogue.rs");
    assert!(printed.contains("include_str!(\"../../templates/mail/reset-password.html.jinja\")"), "{printed}");
}

#[test]
fn the_file_of_a_removed_model_is_removed() {
    let application = Application::of(&[("post", POST), ("tag", TAG)]);
    drift(&application, Mode::Write);
    application.write("generated/src/notes.rs", "// written by hand\n");
    fs::remove_file(application.path("schema/tag.yaml")).expect("the file exists");
    let found = drift(&application, Mode::Write);
    for file in ["src/tag.rs", "src/meta/tag.rs"] {
        assert!(found.contains(&(file.to_owned(), Drift::Orphan)));
        assert!(!application.exists(&format!("generated/{file}")));
    }
    assert!(application.exists("generated/src/notes.rs"), "a file without our header is not ours to remove");
}

#[test]
fn check_reports_and_writes_nothing() {
    let application = Application::of(&[("post", POST), ("tag", TAG)]);
    drift(&application, Mode::Write);
    fs::remove_file(application.path("generated/src/app.rs")).expect("the file exists");
    application.write("generated/src/post.rs", "// edited\n");
    fs::remove_file(application.path("schema/tag.yaml")).expect("the file exists");
    let found = drift(&application, Mode::Check);
    for expected in [("src/app.rs", Drift::Missing), ("src/post.rs", Drift::Stale), ("src/tag.rs", Drift::Orphan)] {
        assert!(found.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {found:?}");
    }
    assert!(!application.exists("generated/src/app.rs"));
    assert_eq!(application.read("generated/src/post.rs"), "// edited\n");
    assert!(application.exists("generated/src/tag.rs"));
}

#[test]
fn a_broken_schema_leaves_the_files_unchanged() {
    let application = Application::of(&[("post", POST)]);
    drift(&application, Mode::Write);
    let before = application.read("generated/src/post.rs");
    application.write("schema/post.yaml", "model: Post\nfields:\n  title: strng\n");
    let error = run(application.root(), Mode::Write).expect_err("the type is misspelt");
    assert!(matches!(&error, Error::Schema(problems) if problems.len() == 1), "{error}");
    assert!(error.to_string().contains("schema/post.yaml:3:10"), "{error}");
    assert_eq!(application.read("generated/src/post.rs"), before);
}

#[test]
fn a_template_of_the_application_replaces_the_built_in_one() {
    let application = Application::of(&[("post", POST)]);
    application.write("templates/permission.rs.jinja", "pub const COUNT: usize = {{ permissions|length }};\n");
    drift(&application, Mode::Write);
    assert!(application.read("generated/src/permission.rs").contains("pub const COUNT: usize = 4;"));
    assert!(application.read("generated/src/permission.rs").starts_with("//! Generated by Gable from schema/"));
}

#[test]
fn a_template_with_an_unknown_name_is_refused() {
    let application = Application::of(&[("post", POST)]);
    application.write("templates/modle.rs.jinja", "");
    let error = run(application.root(), Mode::Write).expect_err("no template has this name").to_string();
    assert!(error.contains("templates/modle.rs.jinja") && error.contains("model.rs.jinja"), "{error}");
    assert!(!application.exists("generated/src"));
}

#[test]
fn a_template_that_fails_names_its_line() {
    let application = Application::of(&[("post", POST)]);
    application.write("templates/permission.rs.jinja", "\n{{ permisions|length }}\n");
    let error = run(application.root(), Mode::Write).expect_err("there is no such variable").to_string();
    assert!(error.contains("templates/permission.rs.jinja: line 2"), "{error}");
    assert!(!application.exists("generated/src"));
}

#[test]
fn a_template_that_prints_invalid_rust_is_refused_with_the_printed_line() {
    let application = Application::of(&[("post", POST)]);
    application.write("templates/model.rs.jinja", "pub struct {{ table }} {\n  oops\n}\n");
    let error = run(application.root(), Mode::Write).expect_err("the output is not valid Rust").to_string();
    assert!(error.contains("templates/model.rs.jinja") && error.contains("src/post.rs"), "{error}");
    assert!(error.contains('}'), "{error}");
    assert!(!application.exists("generated/src"));
}

#[test]
fn a_read_only_directory_that_is_up_to_date_is_no_error() {
    let application = Application::of(&[("post", POST)]);
    drift(&application, Mode::Write);
    let source = application.path("generated/src");
    let mut readable = fs::metadata(&source).expect("the directory exists").permissions();
    let before = readable.clone();
    readable.set_readonly(true);
    fs::set_permissions(&source, readable).expect("the test created the directory");
    let result = run(application.root(), Mode::Write);
    fs::set_permissions(&source, before).expect("the test created the directory");
    assert_eq!(result.unwrap_or_else(|error| panic!("{error}")).drift, []);
}

#[test]
fn the_location_of_an_application_does_not_change_its_generated_code() {
    let [left, right] = [(); 2].map(|()| Application::of(&[("post", POST), ("tag", TAG)]));
    for application in [&left, &right] {
        drift(application, Mode::Write);
    }
    for file in ["lib", "post", "tag", "meta/post", "meta/tag", "catalogue", "app", "permission", "migrations"] {
        let path = format!("generated/src/{file}.rs");
        assert_eq!(left.read(&path), right.read(&path));
    }
}
