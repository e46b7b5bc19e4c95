//! Files that Gable writes are readable for its own user only, whatever the umask is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{App, PASSWORD, Setup, unique};

const PROCESS_TIMEOUT: Duration = Duration::from_secs(60);
const SECRET: &str = "a secret of the tests that has more than 32 bytes";

#[track_caller]
fn mode(app: &App, path: &str) -> u32 {
    let found = std::fs::metadata(app.directory().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    found.permissions().mode() & 0o777
}

#[test]
fn the_sqlite_files_and_the_directory_that_is_made_for_them_are_private() {
    for secret in [Some(SECRET), None] {
        let setup = Setup::new().with("DATABASE_URL", "sqlite://kept/deep/data.db");
        let setup = if let Some(secret) = secret { setup.with("JWT_SECRET", secret) } else { setup };
        let app = setup.spawn();
        app.sign_up("ada");
        for directory in ["kept", "kept/deep"] {
            assert_eq!(mode(&app, directory), 0o700, "{directory}");
        }
        for file in ["data.db", "data.db-wal", "data.db-shm"] {
            assert_eq!(mode(&app, &format!("kept/deep/{file}")), 0o600, "{file}");
        }
    }
}

#[test]
fn a_database_in_a_directory_of_somebody_else_is_private_too() {
    let app = Setup::new().with("DATABASE_URL", "sqlite://data.db").spawn();
    app.sign_up("ada");
    for file in ["data.db", "data.db-wal", "data.db-shm"] {
        assert_eq!(mode(&app, file), 0o600, "{file}");
    }
}

#[test]
fn a_database_file_that_others_may_read_is_told_at_start() {
    let setup = Setup::new().with("DATABASE_URL", "sqlite://data.db");
    let path = setup.directory().join("data.db");
    std::fs::write(&path, "").expect("an empty database");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("the mode of an earlier version");
    let app = setup.spawn();
    app.log_has("the database file is open to other users", "644");
    assert_eq!(mode(&app, "data.db"), 0o644, "its owner may mean it");
}

#[test]
fn mail_and_the_kept_secret_are_private() {
    let app = Setup::new().spawn();
    let email = format!("{}@example.com", unique("ada"));
    app.post("/auth/register", json!({ "email": email, "password": PASSWORD })).succeeds(201);
    app.post("/auth/forgot-password", json!({ "identifier": email })).succeeds(200);
    assert_eq!(mode(&app, ".gable"), 0o700);
    assert_eq!(mode(&app, ".gable/jwt_secret"), 0o600);
    let directory = app.directory().join(".gable/mail");
    let deadline = Instant::now() + PROCESS_TIMEOUT;
    while !(directory.exists() && files(&directory).next().is_some()) {
        assert!(Instant::now() < deadline, "no mail is written");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(mode(&app, ".gable/mail"), 0o700);
    for file in files(&directory) {
        assert_eq!(mode(&app, &format!(".gable/mail/{file}")), 0o600, "{file}");
    }
}

fn files(directory: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| name.ends_with(".eml"))
}
