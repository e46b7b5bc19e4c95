//! Known and unknown identifiers are counted and locked by one rule, whatever key and surface they came by. The keys and
//! surfaces are read from the schemas.

use std::path::Path;
use std::time::Duration;

use gable::generated::Api;
use gable::testing::TestServer;
use gable::{Clock, Gable};
use gable_schema::schema::{Auth, Surface};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, Reply, TestDatabase, unique};

const WRONG: &str = "Wrong-Horse-7";
const LOCK: Duration = Duration::from_secs(15 * 60 + 1);

/// A place where an identifier can be typed.
#[derive(Clone, Debug)]
struct Door {
    path: String,
    key: String,
}

impl Door {
    fn attempt(&self, client: &Client, text: &str, password: &str) -> Reply {
        client.post(&self.path, json!({ &self.key: text, "password": password }))
    }
}

struct Application {
    client: Client,
    clock: Clock,
    auth: Auth,
    doors: Vec<Door>,
    api: String,
    _server: TestServer,
    _database: TestDatabase,
    _directory: TempDir,
}

impl Application {
    fn start<A: Api>(schema: &str) -> Self {
        let schema = gable_schema::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(schema));
        let app = schema.unwrap_or_else(|problems| panic!("{problems}")).schema.app;
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let clock = Clock::default();
        let gable = Gable::<A>::new().clock(clock.clone());
        let server = TestServer::start(gable, directory.path(), &variables).expect("an application");
        let auth = app.auth.expect("accounts");
        let (client, doors) = (Client::new(server.url()), doors(&app.api, &auth));
        let api = app.api;
        Self { client, clock, auth, doors, api, _server: server, _database: database, _directory: directory }
    }

    /// For each kind of identifier, one of a new account that has them all, and one of the same form that nobody has. An
    /// account each: a lock is on all names of an account.
    fn names(&self) -> Vec<(String, String)> {
        let pair = |kind: usize| {
            let known = self.texts();
            self.sign_up(&known);
            (known[kind].1.clone(), self.texts()[kind].1.clone())
        };
        (0..self.auth.login.identifiers.len()).map(pair).collect()
    }

    /// A new text for each identifier, by its key.
    fn texts(&self) -> Vec<(String, String)> {
        let name = unique("n");
        let number: u32 = name[2..].parse().expect("a number");
        let text = |key: &str| match key {
            "email" => format!("{name}@example.com"),
            "number" => format!("+1{number:08}"),
            key => format!("{}-{number}", &key[..1]),
        };
        let identifiers = self.auth.login.identifiers.iter();
        identifiers.map(|identifier| (identifier.body_key.clone(), text(&identifier.body_key))).collect()
    }

    fn sign_up(&self, texts: &[(String, String)]) {
        let own = |key: &str| !["nickname", "number"].contains(&key);
        let mut body = json!({ self.password_field(): PASSWORD });
        texts.iter().filter(|(key, _)| own(key)).for_each(|(key, text)| body[key] = json!(text));
        self.client.post(&format!("{}/auth/signup", self.api), body).succeeds(201);
        if texts.iter().all(|(key, _)| own(key)) {
            return;
        }
        let (key, text) = &texts[0];
        let reply = self.doors[0].attempt(&self.client, text, PASSWORD).succeeds(200);
        let client = self.client.with_token(reply["token"].as_str().unwrap_or_else(|| panic!("{key}: {reply:?}")));
        let of = |key: &str| texts.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone());
        client.post("/api/user-profiles", json!({ "nickname": of("nickname") })).succeeds(201);
        client.post("/api/phones", json!({ "number": of("number") })).succeeds(201);
    }

    fn password_field(&self) -> &'static str {
        if self.api == "/api" { "password" } else { "secret" }
    }

    /// Compares the answers for a text that somebody has and one that nobody has.
    fn same(&self, door: &Door, (known, unknown): &(String, String), closed: bool, what: &str) {
        let (one, other) = (door.attempt(&self.client, known, WRONG), door.attempt(&self.client, unknown, WRONG));
        assert_eq!((one.status, &one.bytes), (other.status, &other.bytes), "{what} at {door:?}: {known}");
        let wanted = match (closed, door.path.contains("authentication")) {
            (true, false) => 423,
            (true, true) => 403,
            (false, _) => 401,
        };
        assert_eq!(one.status, wanted, "{what} at {door:?}: {one:?}");
    }
}

fn doors(api: &str, auth: &Auth) -> Vec<Door> {
    let mut doors = Vec::new();
    let door = |path: String, key: &str| Door { path, key: key.to_owned() };
    for identifier in &auth.login.identifiers {
        doors.push(door(format!("{api}/auth/login"), &identifier.body_key));
    }
    let last = auth.login.identifiers.last().expect("an identifier");
    doors.push(door(format!("{api}/auth/login?usernameField={}", last.path), &last.body_key));
    if auth.surfaces.contains(&Surface::Session) {
        doors.push(door("/auth/login".to_owned(), "identifier"));
    }
    if auth.surfaces.contains(&Surface::TokenPair) {
        doors.push(door("/authentication/local".to_owned(), "email"));
    }
    doors
}

fn both() -> [Application; 2] {
    [Application::start::<api::Api>("schema"), Application::start::<ledger::Api>("tests/apps/ledger/schema")]
}

/// For each ordered pair of doors, and for each kind of identifier.
fn for_each_pair(app: &Application, mut try_one: impl FnMut(&Door, &Door, &(String, String))) {
    for first in &app.doors {
        for second in &app.doors {
            for names in app.names() {
                try_one(first, second, &names);
            }
        }
    }
}

#[test]
fn a_text_that_is_guessed_under_one_key_is_counted_and_locked_under_every_key_and_on_every_surface() {
    for app in both() {
        for_each_pair(&app, |first, second, names| {
            (0..3).for_each(|_| app.same(first, names, false, "the first three"));
            (0..2).for_each(|_| app.same(second, names, false, "the next two"));
            app.same(first, names, true, "the sixth");
            app.same(second, names, true, "the seventh");
        });
    }
}

#[test]
fn five_wrong_passwords_under_one_key_lock_every_other() {
    for app in both() {
        for first in &app.doors {
            for names in app.names() {
                (0..5).for_each(|_| app.same(first, &names, false, "the first five"));
                for second in &app.doors {
                    app.same(second, &names, true, "the next");
                }
            }
        }
    }
}

#[test]
fn known_and_unknown_begin_anew_alike_when_a_lock_is_over() {
    for app in both() {
        let last = app.doors.last().expect("a door").clone();
        for names in app.names() {
            for door in &app.doors {
                (0..3).for_each(|_| app.same(&last, &names, false, "the first three"));
                (0..2).for_each(|_| app.same(door, &names, false, "the next two"));
                app.same(door, &names, true, "locked");
                app.clock.advance(LOCK);
                (0..5).for_each(|_| app.same(door, &names, false, "after the lock"));
                app.same(door, &names, true, "locked again");
                app.clock.advance(LOCK);
                (0..5).for_each(|_| app.same(&last, &names, false, "after the second lock"));
                app.same(&last, &names, true, "locked for the third time");
                app.clock.advance(LOCK);
            }
        }
    }
}

#[test]
fn a_right_password_makes_up_for_wrong_ones_under_every_name() {
    for app in both() {
        let texts = app.texts();
        app.sign_up(&texts);
        let right = |text: &str, key: &str| {
            let door = Door { path: format!("{}/auth/login", app.api), key: key.to_owned() };
            door.attempt(&app.client, text, PASSWORD)
        };
        for (_, guessed) in &texts {
            for (key, used) in &texts {
                let session = &app.doors[0];
                for _ in 0..4 {
                    assert_eq!(session.attempt(&app.client, guessed, WRONG).status, 401, "{guessed}");
                }
                right(used, key).succeeds(200);
            }
        }
    }
}

#[test]
fn guesses_at_a_name_under_the_wrong_key_lock_its_account_against_the_right_password() {
    for app in both() {
        let texts = app.texts();
        app.sign_up(&texts);
        let (own, other) = (&app.doors[0], &app.doors[1]);
        for _ in 0..5 {
            assert_eq!(other.attempt(&app.client, &texts[0].1, WRONG).status, 401);
        }
        let locked = own.attempt(&app.client, &texts[0].1, PASSWORD);
        assert_eq!((locked.status, &locked["data"]), (423, &Value::Null), "{locked:?}");
    }
}

#[test]
fn log_ins_by_a_name_that_is_also_another_accounts_nickname_do_not_lock_that_account() {
    let app = Application::start::<api::Api>("schema");
    let key = |wanted: &str| Door { path: format!("{}/auth/login", app.api), key: wanted.to_owned() };
    let (own, mut other) = (app.texts(), app.texts());
    let of = |texts: &[(String, String)], key: &str| {
        texts.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone()).expect("such a key")
    };
    other.iter_mut().filter(|(key, _)| key == "nickname").for_each(|(_, text)| *text = of(&own, "username"));
    app.sign_up(&own);
    app.sign_up(&other);
    // Two wrong passwords count against both, four right ones of the one do not count against the other.
    for _ in 0..2 {
        assert_eq!(key("username").attempt(&app.client, &of(&own, "username"), WRONG).status, 401);
    }
    for _ in 0..4 {
        key("username").attempt(&app.client, &of(&own, "username"), PASSWORD).succeeds(200);
    }
    for _ in 0..2 {
        assert_eq!(key("email").attempt(&app.client, &of(&other, "email"), WRONG).status, 401);
    }
    key("email").attempt(&app.client, &of(&other, "email"), PASSWORD).succeeds(200);
}
