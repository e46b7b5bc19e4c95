//! The files of a SQLite database: deleted, replaced, backed up, and a write-ahead log that grows.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{App, PASSWORD, Setup};
use crate::ledger::{Ledger, post, slug};
use crate::waiting::{good_again, measured, not_ready, within};

const SMALL: u64 = 8 << 20;

fn file(app: &App, name: &str) -> PathBuf {
    app.directory().join(name)
}

#[test]
fn a_file_that_was_deleted_makes_it_unready() {
    let Some(setup) = Setup::sqlite() else { return };
    let app = setup.spawn();
    app.get("/health/ready").succeeds(200);
    for name in ["gazette.db", "gazette.db-wal", "gazette.db-shm"] {
        fs::remove_file(file(&app, name)).expect("the file is there");
    }
    not_ready(Duration::from_secs(10), &app);
    app.get("/health/live").succeeds(200);
}

#[test]
fn a_file_that_was_replaced_makes_it_unready() {
    let Some(setup) = Setup::sqlite() else { return };
    let app = setup.spawn();
    app.get("/health/ready").succeeds(200);
    fs::copy(file(&app, "gazette.db"), file(&app, "copy.db")).expect("a copy");
    fs::rename(file(&app, "copy.db"), file(&app, "gazette.db")).expect("another file in its place");
    not_ready(Duration::from_secs(10), &app);
}

#[test]
fn a_write_ahead_log_that_a_reader_let_grow_is_small_again_without_a_restart() {
    let Some(setup) = Setup::sqlite() else { return };
    let app = setup.spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    let log = file(&app, "gazette.db-wal");
    let size = || fs::metadata(&log).map_or(0, |file| file.len());
    app.database().during_a_read(|| {
        let content = "again and ".repeat(40_000);
        for _ in 0..60 {
            ada.post("/api/posts", post(&slug(), &content)).succeeds(201);
        }
    });
    let grown = size();
    assert!(grown > 2 * SMALL, "the reader kept it from being folded back: {grown} bytes");
    let took = within(Duration::from_secs(30), "a small write-ahead log", || {
        ledger.write(&ada).expect("an answer").succeeds(201);
        size() < SMALL
    });
    measured(&format!("a write-ahead log of {grown} bytes is {}", size()), took);
    good_again(Duration::from_secs(5), &app, &ada, &ledger);
    ledger.check(app.database());
}

#[test]
fn a_backup_beside_writers_holds_everything_that_was_acknowledged_before() {
    let Some(setup) = Setup::sqlite() else { return };
    let app = setup.spawn();
    let (ada, ledger) = (app.sign_up("ada"), Ledger::default());
    let (place, done) = (tempfile::tempdir().expect("a directory"), AtomicBool::new(false));
    let restored = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Bounded, so that a backup that fails ends the test.
                let until = Instant::now() + Duration::from_secs(60);
                while !done.load(Ordering::Acquire) && Instant::now() < until {
                    ledger.write(&ada).expect("an answer").succeeds(201);
                }
            });
        }
        within(Duration::from_secs(30), "fifty writes", || ledger.len() >= 50);
        let before = ledger.so_far();
        // The name that a restored application's file has.
        app.database().run(&format!("VACUUM INTO '{}'", place.path().join("gazette.db").display()));
        done.store(true, Ordering::Release);
        before
    });
    ledger.check(app.database());
    let app = Setup::sqlite_in(place.path()).expect("SQLite").spawn();
    restored.check(app.database());
    good_again(Duration::from_secs(10), &app, &app.log_in(&ada.email, PASSWORD), &restored);
}
