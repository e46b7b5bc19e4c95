//! A write whose answer cannot be read is no write.

use api::Post;
use gable::testing::TestServer;
use gable::{ApiError, Context, Gable};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, TestDatabase};

/// Until its transaction ends, nobody can read comments.
async fn hide_comments(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    if post.title == "Unreadable" {
        ctx.transaction()?.execute_unprepared("ALTER TABLE comments RENAME TO hidden").await?;
    }
    Ok(())
}

#[test]
fn a_write_whose_includes_cannot_be_read_leaves_nothing_written() {
    let directory = TempDir::new().expect("a directory");
    let database = TestDatabase::create(directory.path());
    let variables = [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
    let app = Gable::<api::Api>::new().interceptors(|hooks: &mut api::Hooks| {
        hooks.post.after_create_one(hide_comments).after_update_one(hide_comments);
    });
    let server = TestServer::start(app, directory.path(), &variables).expect("an application");
    let client = Client::new(server.url());
    let account = json!({ "email": "ada@example.com", "password": PASSWORD });
    client.post("/api/auth/signup", account.clone()).succeeds(201);
    let token = client.post("/api/auth/login", account).succeeds(200);
    let ada = client.with_token(token["token"].as_str().expect("a token"));

    let body = json!({ "title": "Unreadable", "content": "…", "slug": "unreadable" });
    ada.post("/api/posts?fields=+comments", body).expect(500, "InternalError");
    assert_eq!(ada.get("/api/posts").succeeds(200)["total"], 0);

    let body = json!({ "title": "Readable", "content": "…", "slug": "readable" });
    let path = format!("/api/posts/{}", ada.post("/api/posts?fields=+comments", body).succeeds(201).id());
    ada.patch(&format!("{path}?fields=+comments"), json!({ "title": "Unreadable" })).expect(500, "InternalError");
    assert_eq!(ada.get(&path).succeeds(200)["data"]["title"], "Readable");
}
