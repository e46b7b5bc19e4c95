//! The entry point of `generated/build.rs`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

use gable_schema::Checked;

use crate::migrate::{History, MigrateError, migrate};
use crate::run::{Error, Mode, Report, run_checked};
use crate::stamp::Stamp;

/// The whole build script `generated/build.rs`: updates its crate from `../schema`. On a problem it prints the
/// problem and ends the build; the files of the last successful build stay as they are.
pub fn build() {
    let Some(root) = application() else {
        eprintln!("error: gable_build::build() must be called by the build script of generated/, beside schema/");
        std::process::exit(1);
    };
    match build_at(&root, env::var_os("OUT_DIR").map(PathBuf::from).as_deref()) {
        Ok(report) => {
            watch(&root);
            warn(&report);
        }
        Err(problem) => {
            eprintln!("{problem}");
            std::process::exit(1);
        }
    }
}

/// Prints the inputs that cargo shall watch. Inputs that do not exist are left out: cargo would treat them as changed
/// and compile the generated crate again in every build. Templates are optional; the first ones of an application take
/// effect with the next change of its schema.
fn watch(root: &Path) {
    let inputs = ["schema", "templates", "migrations", "generated/src", "generated/build.rs"];
    for input in inputs.map(|input| root.join(input)).iter().filter(|input| input.exists()) {
        println!("cargo:rerun-if-changed={}", input.display());
    }
}

fn application() -> Option<PathBuf> {
    let generated = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    generated.parent().map(Path::to_path_buf)
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(transparent)]
    Run(#[from] Error),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

/// Like [`build`], for the application at `root`; `stamp_directory` contains the stamp of the last successful
/// build.
pub(crate) fn build_at(root: &Path, stamp_directory: Option<&Path>) -> Result<Report, BuildError> {
    let stamp = stamp_directory.map(|directory| directory.join("gable-stamp"));
    if stamp.as_deref().is_some_and(|stamp| Stamp::matches(stamp, root)) {
        return Ok(Report::default());
    }
    let checked = gable_schema::load(&root.join("schema")).map_err(Error::Schema)?;
    let started = SystemTime::now();
    first_migration(root, &checked)?;
    let report = run_checked(root, &checked.schema, Mode::Write)?;
    if stamp_directory.is_some() {
        // If this fails, the next build only compiles the same code once more.
        let _ = ["migrations", "generated/src"].map(|directory| backdate(&root.join(directory), started));
    }
    // A schema with warnings is not stamped, so that they are shown again.
    if let Some(stamp) = stamp.filter(|_| checked.warnings.is_empty()) {
        // Without a stamp, the next build checks everything again; nothing else depends on it.
        let _ = fs::write(stamp, Stamp::of(root).text());
    }
    Ok(Report { warnings: checked.warnings, ..report })
}

/// Cargo treats a file that a build script writes into a watched directory as a later change, and would run the
/// script and compile the generated crate again in the next build. Files written since `started` are therefore dated
/// before it.
fn backdate(directory: &Path, started: SystemTime) -> io::Result<()> {
    // Cargo records the time just before it starts the script.
    let before = started - Duration::from_secs(10);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            backdate(&entry.path(), started)?;
            continue;
        }
        // File times come from a coarser clock than `started`.
        if entry.metadata()?.modified()? >= started - Duration::from_millis(20) {
            fs::File::options().append(true).open(entry.path())?.set_modified(before)?;
        }
    }
    fs::File::open(directory)?.set_modified(before)
}

/// Writes the first migration of a new application. Later migrations are written by `gable migrate`.
fn first_migration(root: &Path, checked: &Checked) -> Result<(), BuildError> {
    let directory = root.join("migrations");
    if History::load(&directory).map_err(MigrateError::from)?.is_empty() {
        migrate(&directory, &checked.schema, None)?;
    }
    Ok(())
}

fn warn(report: &Report) {
    for warning in &report.warnings {
        let place = format!("{}:{}:{}", warning.file(), warning.line(), warning.column());
        println!("cargo:warning={place}: {}", warning.message());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(root.path().join("schema")).expect("the test created the directory");
        fs::create_dir_all(root.path().join("out")).expect("the test created the directory");
        fs::write(root.path().join("schema/app.yaml"), "name: Test\n").expect("the test created the directory");
        fs::write(root.path().join("schema/post.yaml"), "model: Post\nfields:\n  title: string\n")
            .expect("the test created the file");
        root
    }

    fn build_it(root: &Path) -> Report {
        build_at(root, Some(&root.join("out"))).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_new_application_gets_its_code_and_its_first_migration() {
        let root = application();
        build_it(root.path());
        assert!(root.path().join("generated/src/post.rs").is_file());
        assert!(root.path().join("migrations/0001_initial.sqlite.sql").is_file());
    }

    #[test]
    fn files_written_by_a_build_do_not_trigger_the_next_one() {
        let root = application();
        let started = SystemTime::now();
        build_it(root.path());
        let modified = |path: &str| fs::metadata(root.path().join(path)).and_then(|file| file.modified());
        for written in ["generated/src", "generated/src/post.rs", "migrations", "migrations/0001_initial.sqlite.sql"] {
            assert!(modified(written).expect("it was just written") < started, "{written}");
        }
    }

    #[test]
    fn a_build_writes_no_later_migrations() {
        let root = application();
        build_it(root.path());
        fs::write(root.path().join("schema/tag.yaml"), "model: Tag\nfields:\n  name: string\n")
            .expect("the test created the file");
        build_it(root.path());
        assert!(root.path().join("generated/src/tag.rs").is_file());
        assert_eq!(fs::read_dir(root.path().join("migrations")).expect("it exists").count(), 3);
    }

    #[test]
    fn an_edit_of_generated_code_is_undone_even_if_the_schema_is_unchanged() {
        let root = application();
        build_it(root.path());
        let post = root.path().join("generated/src/post.rs");
        let printed = fs::read_to_string(&post).expect("it was just printed");
        assert_eq!(build_it(root.path()).files, 0, "nothing changed, so no file was planned");
        fs::write(&post, "// edited").expect("the test created the file");
        build_it(root.path());
        assert_eq!(fs::read_to_string(&post).expect("it is there"), printed);
    }

    #[test]
    fn an_added_or_removed_mail_template_is_noticed() {
        let root = application();
        build_it(root.path());
        let own = root.path().join("templates/mail/reset-password.html.jinja");
        fs::create_dir_all(own.parent().expect("a file has a directory")).expect("the test created the directory");
        fs::write(&own, "{{ link }}").expect("the test created the file");
        assert_ne!(build_it(root.path()).files, 0);
        let printed = || fs::read_to_string(root.path().join("generated/src/catalogue.rs")).expect("it was printed");
        assert!(printed().contains("reset-password.html.jinja"));
        fs::remove_file(&own).expect("the test created the file");
        build_it(root.path());
        assert!(!printed().contains("MAIL_TEMPLATES"));
    }

    #[test]
    fn a_broken_schema_is_reported_in_every_build() {
        let root = application();
        build_it(root.path());
        fs::write(root.path().join("schema/post.yaml"), "model: Post\nfields: 3\n").expect("the test created the file");
        for _ in 0..2 {
            assert!(build_at(root.path(), Some(&root.path().join("out"))).is_err());
        }
        assert!(root.path().join("generated/src/post.rs").is_file());
    }
}
