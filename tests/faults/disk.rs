//! SQLite on a disk that is full, or that fails.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Account, App, PASSWORD, Setup};
use crate::ledger::{Ledger, post};
use crate::waiting::{good_again, refusal};

const CHANGED: &str = "Another-Horse-8";

#[test]
fn writes_acknowledged_after_a_disk_was_full_are_committed() {
    let Some(disk) = Disk::mount() else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let Some(setup) = Setup::sqlite_in(disk.path()) else { return };
    let filler = disk.path().join("filler");
    survive(setup.spawn(), |_| fill(&filler), |_| std::fs::remove_file(&filler).expect("the filler is there"));
}

/// A process that may not write to files gets `EFBIG`, which SQLite reports as an I/O error, and a signal that ends it unless it
/// is handled.
#[test]
fn writes_acknowledged_after_others_failed_are_committed() {
    let Some(setup) = Setup::sqlite() else { return };
    survive(setup.spawn(), |app| limit_files(app, "1"), |app| limit_files(app, "unlimited"));
}

fn survive(app: App, injure: impl Fn(&App), mend: impl Fn(&App)) {
    let (ada, bob, ledger) = (app.sign_up("ada"), app.sign_up("bob"), Ledger::default());
    app.super_user();
    for _ in 0..10 {
        ledger.write(&ada).expect("an answer").succeeds(201);
    }
    injure(&app);
    let refused = ledger.write_until_refused(&ada, 3000).expect("a write that fails");
    assert!(!app.has_ended(), "it died of it");
    let refused = refused.expect("an answer");
    ada.get("/api/posts?limit=1").succeeds(200);
    let reason = refusal(Duration::from_secs(10), &app);
    mend(&app);
    write_again(&app, &ada, &bob, &ledger);
    ledger.check(app.database());
    assert!(app.database().run("UPDATE posts SET views = views") >= ledger.len() as u64, "others can write");
    assert_eq!(app.run(&["migrate"]).code, Some(0));
    is_kept(app.restart(), &ada, &bob, &ledger);
    refused.expect(503, "ServiceUnavailable");
    assert!(reason.is_some(), "it is not ready while nothing can be written, and says why");
}

/// Writes posts, a password and an account, and sends a write that violates a unique key.
fn write_again(app: &App, ada: &Account, bob: &Account, ledger: &Ledger) {
    good_again(Duration::from_secs(10), app, ada, ledger);
    ada.post("/api/posts", post(&ledger.last(), "…")).succeeds(409);
    for _ in 0..10 {
        ledger.write(ada).expect("an answer").succeeds(201);
    }
    let suspended = json!({ "isActive": false });
    app.super_user().patch(&format!("/api/users/{}", bob.id), suspended).succeeds(200);
    let passwords = json!({ "currentPassword": PASSWORD, "newPassword": CHANGED });
    ada.post("/api/auth/update-password", passwords).succeeds(200);
}

fn is_kept(app: App, ada: &Account, bob: &Account, ledger: &Ledger) {
    ledger.check(app.database());
    assert_eq!(app.row(&format!("/api/users/{}", bob.id))["isActive"], false);
    let ada = app.log_in(&ada.email, CHANGED);
    assert_eq!(ada.get(&format!("/api/posts?slug={}", ledger.last())).succeeds(200)["total"], 1);
    good_again(Duration::from_secs(10), &app, &ada, ledger);
}

/// Fills the disk completely.
fn fill(path: &Path) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    for size in [64 * 1024, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// Limits the size of the files that a process writes, like `ulimit -f` before its start.
fn limit_files(app: &App, bytes: &str) {
    let (process, limit) = (format!("--pid={}", app.process_id()), format!("--fsize={bytes}:unlimited"));
    let set = Command::new("prlimit").args([process, limit]).status().expect("prlimit, of util-linux");
    assert!(set.success());
}

/// A file system in memory, which is unmounted when this value is dropped.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m", "none"]).arg(place.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(place))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, because the process of a failed test may still have files open.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}
