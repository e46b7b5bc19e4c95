//! Compares the costs that `gable check` prints for `costs/<case>/schema/` with `<case>.stdout`. `UPDATE_EXPECT=1`
//! rewrites these files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/costs");
    let entries = fs::read_dir(directory).expect("the fixtures are there");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

fn printed(case: &Path, options: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gable"));
    let output =
        command.arg("--root").arg(case).arg("check").args(options).output().expect("the command was just built");
    assert!(output.status.success(), "{}: {}", case.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_cost_of_every_endpoint_is_printed_as_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for case in cases() {
        let expected = case.with_extension("stdout");
        let found = printed(&case, &["--allow", "unindexed-fields"]);
        if update {
            fs::write(&expected, &found).expect("the expectation can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            different.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn quiet_prints_no_costs() {
    for case in cases() {
        assert_eq!(printed(&case, &["--quiet"]).lines().count(), 1);
    }
}
