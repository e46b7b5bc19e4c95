//! What the targets share: the Gazette with a few rows, and who asks.

use std::path::Path;

use gable::fuzzing::{Caller, Fuzzed};
use gable::{ApiError, Clock, Gable};
use serde_json::{Value, json};

pub mod keys;
pub mod words;

/// The key that the application signs with.
pub const SECRET: &str = "a secret that only fuzzing knows";
const PASSWORD: &str = "Correct-Horse-7";

/// An application that always holds the same rows, but for their ids.
pub struct Stage {
    pub app: Fuzzed,
    pub super_user: Caller,
    /// An account with the default role.
    pub author: Caller,
    pub anonymous: Caller,
    /// `$post` and the like, and the id that it stands for.
    names: Vec<(&'static str, String)>,
}

thread_local! {
    static STAGE: &'static Stage = Box::leak(Box::new(Stage::set()));
}

/// The one of this process; libFuzzer has one thread.
pub fn stage() -> &'static Stage {
    STAGE.with(|stage| *stage)
}

impl Stage {
    fn set() -> Self {
        // Nothing runs at the end of a fuzzing process that could remove it. `.ci/fuzz` does, with its `TMPDIR`.
        let directory = tempfile::tempdir().expect("a directory").keep();
        let app = start(&directory);
        let account = json!({ "username": "root", "email": "root@example.com", "password": PASSWORD });
        let Value::Object(account) = account else { unreachable!() };
        let super_user = app.super_user(account);
        let mut stage =
            Self { author: super_user.clone(), app, super_user, anonymous: Caller::default(), names: Vec::new() };
        stage.furnish();
        stage
    }

    fn furnish(&mut self) {
        let ada = json!({
            "username": "ada", "email": "ada@example.com", "password": PASSWORD, "bio": "Writes, 100% of the day",
            "profile": { "nickname": "Ada", "website": "https://example.com/ada" },
            "phones": [{ "number": "+491234567", "label": "at home" }],
        });
        let user = self.make("$user", "users", ada);
        self.make("$role", "user-roles", json!({ "user": { "id": user }, "role": { "name": "Author" } }));
        self.author = self.app.account(&user);
        self.make("$post", "posts", json!({
            "title": "Analytical engines", "slug": "engines", "content": "a_b%c\\d", "summary": "é 🦀", "status": "published",
            "authorId": user,
            "tags": [{ "apiAction": "create", "name": "rust" }, { "apiAction": "create", "name": "brass" }],
            "comments": [{ "content": "x", "authorId": user }, { "content": "Spam 😀", "authorId": user }],
        }));
        self.make(
            "$draft",
            "posts",
            json!({ "title": "Notes", "content": "", "authorId": user, "tags": [{ "name": "brass" }] }),
        );
        self.make(
            "$other",
            "posts",
            json!({ "title": "Notes", "content": "rust", "status": "review", "authorId": user }),
        );
        self.make(
            "$reading",
            "readings",
            json!({
                "title": "At the engine", "contact": "door@example.com", "seats": 40, "rating": 4.5, "price": "12.50",
                "day": "2026-03-22", "startsAt": "19:30", "extras": { "a": [1, null] }, "stage": "sold-out",
                "announcedAt": "2026-01-01T00:00:00.250Z", "authorId": user,
            }),
        );
        self.make("$free", "readings", json!({
            "title": "In the park", "contact": "park@example.com", "seats": 5000, "price": "0", "visitors": 9007199254740993_i64,
            "day": "2026-12-31", "startsAt": "00:00:00.001", "isOnline": true,
        }));
        self.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    fn make(&mut self, name: &'static str, path: &str, body: Value) -> String {
        let id = self.app.make(&self.super_user, path, body).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.names.push((name, id.clone()));
        id
    }

    /// A text with the ids of rows instead of their names.
    pub fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// The id of a row.
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

/// What an outcome says, where it is not our own failure.
///
/// # Panics
/// It is: no request makes the server fail.
pub fn answered<T>(outcome: Result<T, ApiError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) if error.status() < 500 => None,
        Err(error) => panic!("{error}: {:?}", error.cause()),
    }
}

/// A path and what stands behind it: `posts?title=x`. What is no text cannot be in a URL.
pub fn split_once<'t>(text: &'t str, at: char) -> (&'t str, &'t str) {
    text.split_once(at).unwrap_or((text, ""))
}
