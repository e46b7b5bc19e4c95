//! Interceptors of models whose rows are written through others.

use api::{Comment, CreateComment, CreatePost, CreateTag, Post, Tag, UpdateComment, UpdatePost};
use gable::{ApiError, Context, Nested};
use serde_json::{Value, json};

use super::word;
use crate::harness::InProcess;

fn post(more: Value) -> Value {
    let mut body = json!({ "title": "Title", "content": "…", "slug": word() });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

#[test]
fn a_nested_row_passes_the_interceptors_of_its_own_model() {
    async fn shout(_: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
        comment.content = comment.content.to_uppercase();
        Ok(())
    }
    async fn whisper(_: &mut Context<'_>, comment: &mut UpdateComment) -> Result<(), ApiError> {
        comment.content = gable::Patch::Value("changed".to_owned());
        Ok(())
    }
    async fn keep(_: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
        Err(ApiError::conflict("Kept", comment.content.clone()))
    }
    let app = InProcess::with(|hooks| {
        hooks.comment.before_create_one(shout).before_update_one(whisper).after_delete_one(keep);
    });
    let ada = app.author();
    let made = ada.post("/api/posts?fields=+comments", post(json!({ "comments": [{ "content": "hello" }] })));
    let made = made.succeeds(201);
    let comment = made["data"]["comments"][0].clone();
    assert_eq!(comment["content"], "HELLO");
    let path = format!("/api/posts/{}?fields=+comments", made.id());
    let patch = |comment: Value| ada.patch(&path, json!({ "title": "Changed", "comments": [comment] }));
    let changed = patch(json!({ "id": comment["id"], "content": "hello" })).succeeds(200);
    assert_eq!(changed["data"]["comments"][0]["content"], "changed");
    patch(json!({ "id": comment["id"], "apiAction": "delete" })).expect(409, "Kept");
    assert_eq!(ada.get(&path).succeeds(200)["data"], changed["data"]);
}

#[test]
fn an_interceptor_sees_the_key_of_a_row_that_is_made_with_its_own() {
    async fn same_author(ctx: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
        let post = ctx.find::<Post>(comment.post_id).await?;
        comment.content = format!("on {}", post.title);
        Ok(())
    }
    let app = InProcess::with(|hooks| {
        hooks.comment.before_create_one(same_author);
    });
    let ada = app.author();
    let body = json!({ "content": "x", "post": post(json!({})) });
    let made = ada.post("/api/comments?fields=+post", body).succeeds(201);
    assert_eq!(made["data"]["content"], "on Title");
    assert_eq!(made["data"]["post"]["id"], made["data"]["postId"]);
}

#[test]
fn problems_that_an_interceptor_lists_are_reported_at_the_place_of_the_nested_row() {
    async fn refuse(_: &mut Context<'_>, _: &mut UpdateComment) -> Result<(), ApiError> {
        let problem = json!({ "field": "content", "code": "Rude", "message": "'content' is rude" });
        Err(ApiError::bad_request("Rude", "Rude").with_meta(json!({ "errors": [problem] })))
    }
    let app = InProcess::with(|hooks| {
        hooks.comment.before_update_one(refuse);
    });
    let ada = app.author();
    let made = ada.post("/api/posts?fields=+comments", post(json!({ "comments": [{ "content": "hello" }] })));
    let made = made.succeeds(201);
    let comment = json!({ "id": made["data"]["comments"][0]["id"], "content": "changed" });
    let path = format!("/api/posts/{}", made.id());
    let refused = ada.patch(&path, json!({ "comments": [comment] })).expect(400, "Rude");
    assert_eq!((refused.problem_fields(), refused.problems()), (vec!["comments.0.content"], vec!["Rude"]));
    let kept = ada.get(&format!("{path}?fields=+comments")).succeeds(200);
    assert_eq!(kept["data"]["comments"][0]["content"], "hello");
}

#[test]
fn an_interceptor_sees_and_changes_what_a_body_nests() {
    async fn tidy(_: &mut Context<'_>, post: &mut CreatePost) -> Result<(), ApiError> {
        for comment in post.comments.iter_mut().filter_map(Nested::created) {
            comment.content.push('!');
        }
        post.comments.truncate(2);
        Ok(())
    }
    async fn tagged(ctx: &mut Context<'_>, post: &mut UpdatePost) -> Result<(), ApiError> {
        let name = word();
        let tag = ctx.as_system().create::<Tag>(CreateTag { name, posts: Vec::new() }).await?;
        post.tags.push(Nested::connect(tag.id));
        Ok(())
    }
    let app = InProcess::with(|hooks| {
        hooks.post.before_create_one(tidy).before_update_one(tagged);
    });
    let ada = app.author();
    let comments = json!({ "comments": [{ "content": "a" }, { "content": "b" }, { "content": "c" }] });
    let made = ada.post("/api/posts?fields=+comments", post(comments)).succeeds(201);
    assert_eq!(made["data"]["comments"].as_array().map(Vec::len), Some(2));
    assert_eq!(made["data"]["comments"][0]["content"], "a!");
    let changed = ada.patch(&format!("/api/posts/{}?fields=+tags", made.id()), json!({})).succeeds(200);
    assert_eq!(changed["data"]["tags"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_answer_shows_changes_that_an_interceptor_of_a_nested_row_makes_to_the_parent() {
    async fn retitle(ctx: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
        let change = UpdatePost { title: gable::Patch::Value("Commented".to_owned()), ..UpdatePost::default() };
        ctx.update::<Post>(comment.post_id, change).await.map(drop)
    }
    let app = InProcess::with(|hooks| {
        hooks.comment.after_create_one(retitle);
    });
    let ada = app.author();
    let made = ada.post("/api/posts", post(json!({ "comments": [{ "content": "a" }] }))).succeeds(201);
    assert_eq!(made["data"]["title"], "Commented");
    let read = ada.get(&format!("/api/posts/{}", made.id())).succeeds(200);
    assert_eq!((read.header("ETag"), &read["data"]), (made.header("ETag"), &made["data"]));
}
