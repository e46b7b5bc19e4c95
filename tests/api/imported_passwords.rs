//! Accounts with password hashes of another system: their import by the command or by SQL, and the replacement of the
//! hash at the first log-in.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{App, Output, PASSWORD, Reply, Setup, app, blocks, spawn_app, statuses, unique};

const WRONG: &str = "Wrong-Horse-7";
const LOG_IN: &str = "/api/auth/login";

/// A cheap hash, so that tests are fast: 64 KiB, 2 passes.
fn argon2id(password: &str) -> String {
    argon2id_of(password, 64, 2)
}

fn argon2id_of(password: &str, memory: u32, passes: u32) -> String {
    let params = Params::new(memory, passes, 1, Some(32)).expect("parameters");
    let salt = b"sixteen bytes of";
    let mut output = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), salt, &mut output).expect("a hash");
    let [salt, output] = [&salt[..], &output[..]].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
    format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}")
}

fn bcrypt_of(version: &str, cost: u32, password: &str) -> String {
    bcrypt::hash(password, cost).expect("a hash").replacen("2b", version, 1)
}

fn log_in(app: &App, email: &str, password: &str) -> Reply {
    app.post(LOG_IN, json!({ "email": email, "password": password }))
}

/// The stored hash of an account.
fn stored(app: &App, email: &str) -> String {
    app.sql().value(&format!("SELECT password FROM users WHERE email = '{email}'"), &[])
}

/// Inserts an account with this hash by SQL, as an operator copies a table of another system.
fn with_hash(app: &App, hash: &str) -> String {
    let ada = app.sign_up("ada");
    app.run_sql(&format!("UPDATE users SET password = '{hash}' WHERE email = '{}'", ada.email));
    ada.email
}

/// Imports these lines with the command, into the database of a setup or of a running application.
fn import(directory: &std::path::Path, run: impl Fn(&[&str]) -> Output, lines: &[Value]) -> Output {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(directory.join("accounts.jsonl"), text).expect("a file");
    run(&["accounts", "import", "accounts.jsonl"])
}

fn import_into(app: &App, lines: &[Value]) -> Output {
    import(app.directory(), |arguments| app.run(arguments), lines)
}

#[test]
fn a_hash_of_another_system_is_verified_and_replaced_at_the_first_log_in() {
    let app = app();
    for hash in [
        argon2id(PASSWORD),
        argon2id_of(PASSWORD, 19 * 1024, 2),
        bcrypt_of("2a", 4, PASSWORD),
        bcrypt_of("2y", 4, PASSWORD),
        bcrypt_of("2b", 6, PASSWORD),
    ] {
        let email = with_hash(&app, &hash);
        log_in(&app, &email, WRONG).expect(401, "IncorrectCredentials");
        assert_eq!(stored(&app, &email), hash, "a wrong password changes nothing");
        log_in(&app, &email, PASSWORD).succeeds(200);
        let today = stored(&app, &email);
        assert!(today.starts_with("$2b$04$") && today.len() == 60, "{hash} became {today}");
        log_in(&app, &email, WRONG).expect(401, "IncorrectCredentials");
        log_in(&app, &email, PASSWORD).succeeds(200);
        assert_eq!(stored(&app, &email), today, "once is enough");
    }
}

#[test]
fn an_imported_password_works_on_every_surface() {
    let app = app();
    let routes = [(LOG_IN, "email"), ("/auth/login", "identifier"), ("/authentication/local", "email")];
    for (path, key) in routes {
        let email = with_hash(&app, &argon2id(PASSWORD));
        app.post(path, json!({ key: email, "password": WRONG })).succeeds(401);
        app.post(path, json!({ key: email, "password": PASSWORD })).succeeds(200);
        assert!(stored(&app, &email).starts_with("$2b$04$"), "{path}");
    }
}

#[test]
fn a_log_in_remains_valid_when_its_hash_is_replaced_and_may_change_the_password() {
    let app = app();
    let email = with_hash(&app, &argon2id(PASSWORD));
    let ada = app.log_in(&email, PASSWORD);
    ada.get("/api/users/me").succeeds(200);
    app.run_sql(&format!("UPDATE users SET password = '{}' WHERE email = '{email}'", argon2id(PASSWORD)));
    let change = |current: &str| {
        ada.post("/api/auth/update-password", json!({ "currentPassword": current, "newPassword": "Another-Horse-8" }))
    };
    change(WRONG).expect(400, "IncorrentCurrentPassword");
    change(PASSWORD).succeeds(200);
    log_in(&app, &email, PASSWORD).expect(401, "IncorrectCredentials");
    log_in(&app, &email, "Another-Horse-8").succeeds(200);
}

#[test]
fn a_password_too_long_for_bcrypt_keeps_its_imported_hash() {
    let app = app();
    let long = format!("Aa1{}", "x".repeat(97));
    let email = with_hash(&app, &argon2id(&long));
    log_in(&app, &email, &long[..72]).expect(401, "IncorrectCredentials");
    log_in(&app, &email, &long[..99]).expect(401, "IncorrectCredentials");
    log_in(&app, &email, &long).succeeds(200);
    assert_eq!(stored(&app, &email), argon2id(&long));
    log_in(&app, &email, &long).succeeds(200);
    let email = with_hash(&app, &bcrypt_of("2a", 4, &long[..72]));
    log_in(&app, &email, &long).expect(401, "IncorrectCredentials");
}

#[test]
fn a_hash_that_is_too_costly_or_invalid_is_refused_without_being_computed() {
    let app = app();
    let modest = argon2id(PASSWORD);
    for hash in [
        modest.replace("m=64,", "m=4194304,"),
        modest.replace("t=2,", "t=4000000,"),
        modest.replace("argon2id", "argon2i"),
        bcrypt_of("2b", 4, PASSWORD).replace("$04$", "$31$"),
        PASSWORD.to_owned(),
        "!".to_owned(),
        String::new(),
    ] {
        let email = with_hash(&app, &hash);
        let started = Instant::now();
        let known = log_in(&app, &email, PASSWORD).expect(401, "IncorrectCredentials");
        assert!(started.elapsed() < Duration::from_secs(3), "{hash}");
        let unknown = log_in(&app, &format!("{}@example.com", unique("nobody")), PASSWORD);
        assert_eq!((known.status, &known.bytes), (unknown.status, &unknown.bytes));
        assert_eq!(stored(&app, &email), hash);
    }
}

#[test]
fn guesses_at_an_imported_account_are_counted_like_others() {
    let app = app();
    let email = with_hash(&app, &argon2id(PASSWORD));
    let replies = crate::harness::at_once(12, |_| log_in(&app, &email, WRONG));
    assert_eq!(statuses(&replies), [(401, 5), (423, 7)]);
    log_in(&app, &email, PASSWORD).expect(423, "AccountLocked");
    assert_eq!(stored(&app, &email), argon2id(PASSWORD));
}

/// Measures the duration of a log-in with a wrong password.
fn wrong(app: &App, email: &str) -> f64 {
    let started = Instant::now();
    log_in(app, email, WRONG).expect(401, "IncorrectCredentials");
    started.elapsed().as_secs_f64()
}

/// The imported accounts exist before the start, as after a migration. The shortest of several durations is compared,
/// because other tests run at the same time.
#[track_caller]
fn take_as_long_as_unknown_names(cost: &str, hash: &str) {
    let setup = Setup::new().with("GABLE_BCRYPT_COST", cost);
    let emails: Vec<String> = (0..8).map(|_| format!("{}@example.com", unique("moved"))).collect();
    let lines: Vec<Value> = emails.iter().map(|email| json!({ "email": email, "passwordHash": hash })).collect();
    let done = import(setup.directory(), |arguments| setup.run(arguments), &lines);
    assert_eq!(done.code, Some(0), "{done:?}");
    let app = setup.spawn();
    let (mut known, mut unknown) = (f64::MAX, f64::MAX);
    for email in &emails {
        known = known.min(wrong(&app, email));
        unknown = unknown.min(wrong(&app, &format!("{}@example.com", unique("nobody"))));
    }
    assert!((0.65..1.55).contains(&(known / unknown)), "{hash}: {known} s for accounts, {unknown} s for unknown names");
}

#[test]
fn unknown_identifiers_take_as_long_as_accounts_with_slower_or_faster_hashes() {
    take_as_long_as_unknown_names("4", &argon2id_of(PASSWORD, 32 * 1024, 4));
    take_as_long_as_unknown_names("11", &bcrypt_of("2y", 5, PASSWORD));
    take_as_long_as_unknown_names("11", &argon2id(PASSWORD));
}

#[test]
fn a_command_imports_accounts_with_their_hashes() {
    let app = spawn_app();
    let name = |what: &str| format!("{}@example.com", unique(what));
    let (ada, bob) = (name("ada"), name("bob"));
    let username = unique("ada");
    let done = import_into(
        &app,
        &[
            json!({ "email": ada.to_uppercase(), "username": username, "bio": "Writes", "isEmailVerified": true,
                    "passwordHash": argon2id(PASSWORD) }),
            json!({ "email": bob, "isActive": false, "passwordHash": bcrypt_of("2a", 10, PASSWORD) }),
        ],
    );
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "imported 2 accounts\n"), "{done:?}");
    assert_eq!(stored(&app, &ada), argon2id(PASSWORD), "the hash is stored as it came");
    let known = app.log_in(&ada, PASSWORD);
    let me = known.get("/api/users/me").succeeds(200);
    assert_eq!((&me["data"]["username"], &me["data"]["isEmailVerified"]), (&json!(username), &json!(true)));
    known.post("/api/posts", json!({ "title": "An author's", "content": "…" })).succeeds(201);
    log_in(&app, &bob, PASSWORD).expect(401, "IncorrectCredentials");
    assert_eq!(app.number("SELECT count(*) FROM gable_outbox"), 0, "no mail is sent");
}

#[test]
fn an_import_is_all_or_nothing() {
    let app = spawn_app();
    let taken = app.sign_up("taken").email;
    let good = json!({ "email": "first@example.com", "passwordHash": argon2id(PASSWORD) });
    let hash = argon2id(PASSWORD);
    for (line, why) in [
        (json!({ "email": "x@example.com" }), "'passwordHash' is required"),
        (json!({ "email": "x@example.com", "passwordHash": 7 }), "'passwordHash' is required"),
        (json!({ "email": "x@example.com", "passwordHash": "5f4dcc3b5aa765d61d8327deb882cf99" }), "neither bcrypt"),
        (json!({ "email": "x@example.com", "passwordHash": hash.replace("m=64", "m=999999") }), "more memory or time"),
        (json!({ "email": "x@example.com", "password": PASSWORD }), "'password' is not taken here"),
        (json!({ "email": "x@example.com", "passwordHash": hash, "isSuperUser": true }), "superuser create"),
        (json!({ "email": "x@example.com", "passwordHash": hash, "nonsense": 1 }), "nonsense"),
        (json!({ "email": "nonsense", "passwordHash": hash }), "'email'"),
        (json!({ "email": taken, "passwordHash": hash }), "already exists"),
        (json!(["x@example.com"]), "not a JSON object"),
    ] {
        let done = import_into(&app, &[good.clone(), line]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{done:?}");
        assert!(done.stderr.contains("line 2: ") && done.stderr.contains(why), "{why}: {}", done.stderr);
        assert!(done.stderr.contains("nothing was imported") && !done.stderr.contains(&hash), "{}", done.stderr);
        assert_eq!(app.number("SELECT count(*) FROM users WHERE email IN ('first@example.com', 'x@example.com')"), 0);
    }
    let missing = app.run(&["accounts", "import", "nowhere.jsonl"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    log_in(&app, &taken, PASSWORD).succeeds(200);
}

/// A code block of the documentation, with a whole hash in place of the shortened one.
fn documented(language: &str, containing: &str) -> String {
    let page = include_str!("../../docs/accounts.md");
    let mut blocks = blocks(page, language).into_iter();
    let block = blocks.find(|block| block.contains(containing)).expect("it is documented");
    block.replace("$argon2id$v=19$m=19456,t=2,p=1$…", &argon2id(PASSWORD))
}

#[track_caller]
fn ada_logs_in(app: &App) {
    log_in(app, "ada@example.com", WRONG).expect(401, "IncorrectCredentials");
    let ada = app.log_in("ada@example.com", PASSWORD);
    assert_eq!(ada.get("/api/users/me").succeeds(200)["data"]["isEmailVerified"], true);
    assert!(stored(app, "ada@example.com").starts_with("$2b$04$"));
}

#[test]
fn the_documented_sql_makes_an_account_that_logs_in() {
    let app = spawn_app();
    let database = if app.database_is_postgres() { "-- PostgreSQL" } else { "-- SQLite" };
    app.run_sql(&documented("sql", database));
    ada_logs_in(&app);
    assert_eq!(app.row("/api/users/018f3f2e-7b7c-7cc0-8f6e-2f1f6a0b1c2d")["createdAt"], "2024-05-01T12:00:00.000Z");
}

#[test]
fn the_documented_command_makes_an_account_that_logs_in() {
    let app = spawn_app();
    let block = documented("console", "accounts import");
    let lines: Vec<Value> = block.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let done = import_into(&app, &lines);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(block.ends_with(&done.stdout), "{block}");
    ada_logs_in(&app);
}
