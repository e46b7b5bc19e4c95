//! Code that the targets share: the Gazette with some rows, and callers with different rights.

use std::path::Path;

use gable::fuzzing::{Caller, Fuzzed};
use gable::{ApiError, Clock, Gable};
use serde_json::{Value, json};

pub mod keys;
pub mod words;

/// The key with which the application signs.
pub const SECRET: &str = "a secret that only fuzzing knows";
const PASSWORD: &str = "Correct-Horse-7";

/// An application that always has the same rows, except for their ids.
pub struct Stage {
    pub app: Fuzzed,
    pub super_user: Caller,
    /// An account with the default role.
    pub author: Caller,
    pub anonymous: Caller,
    /// Names such as `$post`, each with the id that replaces it.
    names: Vec<(&'static str, String)>,
}

thread_local! {
    static STAGE: &'static Stage = Box::leak(Box::new(Stage::create()));
}

/// Returns the stage of this process, which is created once; libFuzzer has one thread.
pub fn stage() -> &'static Stage {
    STAGE.with(|stage| *stage)
}

impl Stage {
    fn create() -> Self {
        // libFuzzer ends the process without running destructors; `.ci/fuzz` removes the directory with its `TMPDIR`.
        let directory = tempfile::tempdir().expect("a directory").keep();
        let app = start(&directory);
        let account = json!({ "username": "root", "email": "root@example.com", "password": PASSWORD });
        let Value::Object(account) = account else { unreachable!() };
        let super_user = app.super_user(account);
        let mut stage =
            Self { author: super_user.clone(), app, super_user, anonymous: Caller::default(), names: Vec::new() };
        stage.add_rows();
        stage
    }

    fn add_rows(&mut self) {
        let ada = json!({
            "username": "ada", "email": "ada@example.com", "password": PASSWORD, "bio": "Writes, 100% of the day",
            "profile": { "nickname": "Ada", "website": "https://example.com/ada" },
            "phones": [{ "number": "+491234567", "label": "at home" }],
        });
        let user = self.create_row("$user", "users", ada);
        self.create_row("$role", "user-roles", json!({ "user": { "id": user }, "role": { "name": "Author" } }));
        self.author = self.app.account(&user);
        self.create_row("$post", "posts", json!({
            "title": "Analytical engines", "slug": "engines", "content": "a_b%c\\d", "summary": "é 🦀", "status": "published",
            "authorId": user,
            "tags": [{ "apiAction": "create", "name": "rust" }, { "apiAction": "create", "name": "brass" }],
            "comments": [{ "content": "x", "authorId": user }, { "content": "Spam 😀", "authorId": user }],
        }));
        self.create_row(
            "$draft",
            "posts",
            json!({ "title": "Notes", "content": "", "authorId": user, "tags": [{ "name": "brass" }] }),
        );
        self.create_row(
            "$other",
            "posts",
            json!({ "title": "Notes", "content": "rust", "status": "review", "authorId": user }),
        );
        self.create_row(
            "$reading",
            "readings",
            json!({
                "title": "At the engine", "contact": "door@example.com", "seats": 40, "rating": 4.5, "price": "12.50",
                "day": "2026-03-22", "startsAt": "19:30", "extras": { "a": [1, null] }, "stage": "sold-out",
                "announcedAt": "2026-01-01T00:00:00.250Z", "authorId": user,
            }),
        );
        self.create_row("$free", "readings", json!({
            "title": "In the park", "contact": "park@example.com", "seats": 5000, "price": "0", "visitors": 9007199254740993_i64,
            "day": "2026-12-31", "startsAt": "00:00:00.001", "isOnline": true,
        }));
        self.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    fn create_row(&mut self, name: &'static str, path: &str, body: Value) -> String {
        let id = self.app.make(&self.super_user, path, body).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.names.push((name, id.clone()));
        id
    }

    /// Replaces the names of rows by their ids.
    pub fn with_ids(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// Returns the id of a row, by its name.
    pub fn id(&self, name: &str) -> &str {
        self.names.iter().find(|(known, _)| *known == name).map_or("", |(_, id)| id)
    }

    pub fn callers(&self) -> [&Caller; 3] {
        [&self.super_user, &self.author, &self.anonymous]
    }
}

fn start(directory: &Path) -> Fuzzed {
    let url = format!("sqlite://{}", directory.join("gazette.db").display());
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("GABLE_DATABASE_CONNECTIONS", "1"),
        ("GABLE_BCRYPT_COST", "4"),
        ("JWT_SECRET", SECRET),
    ];
    Fuzzed::start(Gable::<api::Api>::new().clock(Clock::stopped()), directory, &variables)
}

/// Returns the value, or `None` if the request was refused.
///
/// # Panics
/// If the status of the error is 5xx: no request may make the server fail.
pub fn success<T>(outcome: Result<T, ApiError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) if error.status() < 500 => None,
        Err(error) => panic!("{error}: {:?}", error.cause()),
    }
}

/// Splits `posts?title=x` into `posts` and `title=x`; the second part is empty if there is no separator.
pub fn split_once<'t>(text: &'t str, at: char) -> (&'t str, &'t str) {
    text.split_once(at).unwrap_or((text, ""))
}
