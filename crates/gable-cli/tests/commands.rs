//! Runs the commands as processes, and checks their output and exit status.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const POST: &str = "model: Post\nfields:\n  title: string\n";

fn application(post: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(root.path().join("schema")).expect("the directory is empty");
    fs::write(root.path().join("schema/app.yaml"), "name: Test\n").expect("a file can be written");
    fs::write(root.path().join("schema/post.yaml"), post).expect("a file can be written");
    root
}

fn gable(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gable"));
    command.arg("--root").arg(root).args(arguments).output().expect("the command was just built")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn check_accepts_a_sound_schema() {
    let root = application("model: Post\ntimestamps: false\nfields:\n  content: text\n");
    let output = gable(root.path(), &["check", "--deny-warnings"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(err(&output), "");
    assert!(out(&output).starts_with("operation"), "{}", out(&output));
    assert!(out(&output).ends_with("\n1 model, no problems\n"), "{}", out(&output));
}

#[test]
fn check_prints_warnings_and_fails_only_if_they_are_denied() {
    let root = application(POST);
    let (printed, denied) = (gable(root.path(), &["check"]), gable(root.path(), &["check", "--deny-warnings"]));
    assert_eq!((printed.status.code(), denied.status.code()), (Some(0), Some(1)));
    for output in [&printed, &denied] {
        assert!(err(output).starts_with("warning[unindexed-fields]: "), "{}", err(output));
    }
    assert!(out(&printed).ends_with("\n1 model, 1 warning\n"), "{}", out(&printed));
    assert!(err(&denied).ends_with("error: 1 warning, and warnings are denied\n"), "{}", err(&denied));
}

#[test]
fn an_allowed_warning_is_not_printed() {
    let root = application(POST);
    let output = gable(root.path(), &["check", "--quiet", "--deny-warnings", "--allow", "unindexed-fields"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
    assert_eq!(out(&output), "1 model, no problems\n");
    let other = gable(root.path(), &["check", "--deny-warnings", "--allow", "query-name"]);
    assert_eq!(other.status.code(), Some(1));
    let unknown = gable(root.path(), &["check", "--allow", "no-such-warning"]);
    assert!(err(&unknown).contains("unindexed-fields"), "the error lists the known codes: {}", err(&unknown));
}

#[test]
fn only_check_prints_advice_about_indexes() {
    let root = application(POST);
    for command in [&["generate"][..], &["generate", "--check"], &["migrate"], &["migrate", "--check"]] {
        let output = gable(root.path(), command);
        assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn check_reports_every_problem_and_fails() {
    let root = application("model: Post\nfields:\n  title: strng\n  views: intger\n");
    let output = gable(root.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output), "");
    assert!(
        err(&output).contains("schema/post.yaml:3:") && err(&output).contains("schema/post.yaml:4:"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_missing_schema_is_reported_without_a_panic() {
    let root = tempfile::tempdir().expect("a temporary directory");
    for command in [&["check"][..], &["generate"], &["migrate"]] {
        let output = gable(root.path(), command);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).starts_with("error["), "{}", err(&output));
    }
}

#[test]
fn generate_check_fails_until_generate_has_run() {
    let root = application(POST);
    let stale = gable(root.path(), &["generate", "--check"]);
    assert_eq!(stale.status.code(), Some(1));
    assert!(err(&stale).contains("missing  generated/src/post.rs"), "{}", err(&stale));
    assert!(!root.path().join("generated").exists());
    assert!(gable(root.path(), &["generate"]).status.success());
    assert!(gable(root.path(), &["generate", "--check"]).status.success());
    assert!(root.path().join("generated/src/post.rs").is_file());
}

#[test]
fn migrate_check_fails_until_migrate_has_run() {
    let root = application(POST);
    assert_eq!(gable(root.path(), &["migrate", "--check"]).status.code(), Some(1));
    let first = gable(root.path(), &["migrate"]);
    assert!(out(&first).contains("wrote migrations/0001_initial.sqlite.sql"), "{}", err(&first));
    assert!(gable(root.path(), &["migrate", "--check"]).status.success());
    fs::write(root.path().join("schema/post.yaml"), format!("{POST}  subtitle: string?\n")).expect("the file is ours");
    let second = gable(root.path(), &["migrate", "--name", "subtitle"]);
    assert!(out(&second).contains("wrote migrations/0002_subtitle.postgres.sql"), "{}", err(&second));
}

#[test]
fn migrate_lists_changes_that_it_cannot_write() {
    let root = application(POST);
    gable(root.path(), &["migrate"]);
    fs::write(root.path().join("schema/post.yaml"), "model: Post\nfields:\n  name: text?\n").expect("the file is ours");
    let output = gable(root.path(), &["migrate"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("column \"posts\".\"title\" is missing from the schema"), "{}", err(&output));
    assert!(err(&output).starts_with("error: "), "{}", err(&output));
}

#[test]
fn schema_prints_json() {
    let output = gable(Path::new("."), &["schema"]);
    assert!(out(&output).trim_start().starts_with('{') && out(&output).trim_end().ends_with('}'));
}

/// Returns the writing end of a pipe whose reader is closed.
#[cfg(unix)]
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_does_not_change_the_exit_status() {
    let (valid, broken) = (application(POST), application("model: Post\nfields:\n  title: strng\n"));
    for (root, code) in [(&valid, 0), (&broken, 1)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gable"));
        command.arg("--root").arg(root.path()).arg("check").stdout(closed_pipe()).stderr(closed_pipe());
        assert_eq!(command.status().expect("the command was just built").code(), Some(code));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_without_a_panic() {
    let root = application(POST);
    let full = || fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gable"));
    command.arg("--root").arg(root.path()).args(["check", "--allow", "unindexed-fields"]).stdout(full());
    let output = command.output().expect("the command was just built");
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).starts_with("error: cannot write: "), "{}", err(&output));
    let status = command.stderr(full()).status().expect("the command was just built");
    assert_eq!(status.code(), Some(1));
}
