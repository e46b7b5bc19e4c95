//! A write whose answer cannot be rendered is rolled back.

use api::Post;
use gable::{ApiError, Context};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::harness::InProcess;

/// Hides the table of comments until the transaction ends.
async fn hide_comments(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
    if post.title == "Unreadable" {
        ctx.transaction()?.execute_unprepared("ALTER TABLE comments RENAME TO hidden").await?;
    }
    Ok(())
}

#[test]
fn a_write_whose_includes_cannot_be_read_leaves_nothing_written() {
    let app = InProcess::with(|hooks| {
        hooks.post.after_create_one(hide_comments).after_update_one(hide_comments);
    });
    let ada = app.author();

    let body = json!({ "title": "Unreadable", "content": "…", "slug": "unreadable" });
    ada.post("/api/posts?fields=+comments", body).expect(500, "InternalError");
    assert_eq!(ada.get("/api/posts").succeeds(200)["total"], 0);

    let body = json!({ "title": "Readable", "content": "…", "slug": "readable" });
    let path = format!("/api/posts/{}", ada.post("/api/posts?fields=+comments", body).succeeds(201).id());
    ada.patch(&format!("{path}?fields=+comments"), json!({ "title": "Unreadable" })).expect(500, "InternalError");
    assert_eq!(ada.get(&path).succeeds(200)["data"]["title"], "Readable");
}
