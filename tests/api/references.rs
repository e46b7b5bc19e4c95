//! Rows that belong to others, where no interceptor of the application's looks at what they belong to.

use gable::Gable;
use gable::testing::TestServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, TestDatabase, unique};

/// The Gazette without its interceptors.
struct Bare {
    server: TestServer,
    /// Both go with it.
    _database: TestDatabase,
    _directory: TempDir,
}

impl Bare {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let server = TestServer::start(Gable::<api::Api>::new(), directory.path(), &variables);
        Self { server: server.expect("an application"), _database: database, _directory: directory }
    }

    /// Somebody who has just signed up.
    fn author(&self) -> Client {
        let (client, email) = (Client::new(self.server.url()), format!("{}@example.com", unique("author")));
        let account = json!({ "email": email, "password": PASSWORD });
        client.post("/api/auth/signup", account.clone()).succeeds(201);
        let token = client.post("/api/auth/login", account).succeeds(200);
        client.with_token(token["token"].as_str().expect("a token"))
    }
}

#[test]
fn a_row_cannot_belong_to_a_hidden_one_and_does_not_tell_that_it_is_there() {
    let bare = Bare::new();
    let (ada, bob) = (bare.author(), bare.author());
    let post = json!({ "title": "A draft", "content": "…", "slug": unique("draft") });
    let hidden = ada.post("/api/posts", post).succeeds(201).id().to_owned();
    let nobody = "018f3f2e-0000-7000-8000-000000000000";
    let named = |post: &str| json!({ "content": "Found it", "post": { "id": post } });
    let by_key = |post: &str| json!({ "content": "Found it", "postId": post });
    let bodies: [&dyn Fn(&str) -> Value; 2] = [&named, &by_key];
    for body in bodies {
        let one =
            |post: &str| bob.post("/api/comments", body(post)).expect(400, "ReferencedRecordNotFound").bytes.clone();
        assert_eq!(one(&hidden), one(nobody));
        let many = |post: &str| {
            bob.post("/api/comments/many", json!([body(post)])).expect(400, "ReferencedRecordNotFound").bytes.clone()
        };
        assert_eq!(many(&hidden), many(nobody));
    }
    let comments = format!("/api/comments?postId={hidden}");
    assert_eq!(ada.get(&comments).succeeds(200)["total"], 0);
    ada.post("/api/comments", named(&hidden)).succeeds(201);
    assert_eq!(ada.get(&comments).succeeds(200)["total"], 1);
}
