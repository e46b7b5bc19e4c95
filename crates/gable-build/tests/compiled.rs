//! Compiles the output of the build step against the runtime: every golden directory, the ledger, and a sample of random
//! schemas, as crates of one workspace and in one run of cargo.

mod random_schema;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use gable_build::{Templates, plan};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

const RANDOM: usize = 12;

#[test]
fn generated_code_compiles_without_a_warning() {
    let workspace = Workspace::new();
    let mut members = Vec::new();
    for feature in ["types", "relations", "access", "surfaces", "names", "mail"] {
        let expected = here().join("tests/golden").join(feature).join("expected");
        members.push(workspace.member(feature, &expected.join("generated/src/lib.rs")));
    }
    members.push(workspace.member("ledger", &repository().join("tests/apps/ledger/generated/src/lib.rs")));
    let mut runner = TestRunner::deterministic();
    let drawn = std::iter::from_fn(|| Some(random_schema::sources().new_tree(&mut runner).ok()?.current()));
    let schemas = drawn.take(60).filter_map(|sources| random_schema::accepted(&sources)).take(RANDOM);
    for (number, schema) in schemas.enumerate() {
        members.push(workspace.random(&format!("random{number}"), &schema));
    }
    assert_eq!(members.len(), 7 + RANDOM);
    workspace.check(&members);
}

struct Workspace {
    root: PathBuf,
}

impl Workspace {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let _ = fs::remove_dir_all(&root);
        Self { root }
    }

    fn write(&self, relative: &str, contents: &str) {
        let path = self.root.join(relative);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory can be made");
        fs::write(path, contents).expect("a file can be written");
    }

    /// Adds a crate whose source is outside the workspace.
    fn member(&self, name: &str, library: &Path) -> String {
        assert!(library.is_file(), "{} is missing", library.display());
        self.write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"printed-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\npath = {library:?}\n\n\
                 [dependencies]\ngable.workspace = true\nsea-orm.workspace = true\nvalidator.workspace = true\n"
            ),
        );
        name.to_owned()
    }

    fn random(&self, name: &str, schema: &gable_schema::Schema) -> String {
        let templates = Templates::built_in().expect("the built-in templates are valid");
        let plan = plan(schema, &[], &templates).unwrap_or_else(|error| panic!("{error}"));
        for file in &plan.files {
            self.write(&format!("{name}/{}", file.path), &file.contents);
        }
        self.member(name, &self.root.join(name).join("src/lib.rs"))
    }

    /// Uses the dependencies of this repository, so that cargo does not build them again.
    fn check(&self, members: &[String]) {
        let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("the repository has a manifest");
        let runtime = repository().join("crates/gable");
        let dependencies = section(&manifest, "[workspace.dependencies]")
            .replace("gable = { path = \"crates/gable\" }", &format!("gable = {{ path = {runtime:?} }}"));
        let profiles = section(&manifest, "[profile.dev]") + &section(&manifest, "[profile.dev.package.\"*\"]");
        let text = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{dependencies}\n{profiles}\n");
        self.write("Cargo.toml", &text);
        fs::copy(repository().join("Cargo.lock"), self.root.join("Cargo.lock"))
            .expect("the repository has a lock file");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target directory");
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(&self.root)
            .args(["check", "--workspace", "--quiet", "--target-dir"])
            .arg(target)
            .env("RUSTFLAGS", env::var_os("RUSTFLAGS").unwrap_or_default())
            .output()
            .expect("cargo runs this test, so it can be run");
        let problems = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{problems}");
        assert!(!problems.contains("printed-"), "{problems}");
    }
}

/// Returns the part of the manifest from this heading to the next.
fn section(manifest: &str, heading: &str) -> String {
    let start = manifest.find(heading).unwrap_or_else(|| panic!("{heading} is missing"));
    let rest = &manifest[start + heading.len()..];
    let end = rest.find("\n[").unwrap_or(rest.len());
    format!("{heading}{}\n", &rest[..end])
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn repository() -> PathBuf {
    here().join("../..")
}
