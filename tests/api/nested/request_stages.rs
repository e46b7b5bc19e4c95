//! The stages of a request whose body names other rows: refusals by interceptors, the rollback, and the version in the
//! answer.

use api::{Comment, CreateComment, CreateTag, Post, UpdatePost, UpdateTag};
use gable::{ApiError, Authorization, Context, Patch};
use serde_json::{Value, json};

use super::word;
use crate::harness::{Client, InProcess, Reply, at_once};

/// The Gazette with the interceptors of a test. Requests are made by a super user.
struct Newsroom {
    root: Client,
    _app: InProcess,
}

impl Newsroom {
    fn start(install: impl FnOnce(&mut api::Hooks)) -> Self {
        let app = InProcess::with(install);
        Self { root: app.super_user(), _app: app }
    }

    fn post(&self, more: Value) -> Reply {
        let mut body = json!({ "title": "Title", "content": "…", "slug": word() });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.root.post("/api/posts", body)
    }

    fn count(&self, path: &str) -> u64 {
        self.root.get(path).succeeds(200)["total"].as_u64().expect("a total")
    }

    /// The numbers of articles, comments and tags.
    fn counts(&self) -> [u64; 3] {
        ["/api/posts", "/api/comments", "/api/tags"].map(|path| self.count(path))
    }
}

/// A `before_authorize` that refuses the action in the header `X-Closed`.
async fn closed(ctx: &mut Context<'_>, authorization: &mut Authorization) -> Result<(), ApiError> {
    match ctx.header("X-Closed") {
        Some(closed) if closed == format!("{}:{}", authorization.resource, authorization.action) => {
            Err(ApiError::new(403, "Closed", "Come back tomorrow"))
        }
        _ => Ok(()),
    }
}

#[test]
fn an_interceptor_that_refuses_an_action_refuses_it_in_nested_bodies_too() {
    let app = Newsroom::start(|hooks| {
        hooks.auth.before_authorize(closed);
    });
    let tag = app.root.post("/api/tags", json!({ "name": word() })).succeeds(201).id();
    let post = app.post(json!({ "comments": [{ "content": "Stays" }], "tags": [{ "id": tag }] })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    let comment = app.root.get("/api/comments").succeeds(200)["data"][0].clone();
    let before = (app.counts(), comment.clone(), app.root.get(&path).bytes.clone());
    let new = |more: Value| {
        let mut body = json!({ "title": "Title", "content": "…" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let comments = json!({ "comments": [{ "content": "x" }] });
    let attempts = [
        ("comment:Create", "POST", "/api/posts".to_owned(), new(comments.clone())),
        ("comment:Create", "POST", "/api/posts/many".to_owned(), json!([new(json!({})), new(comments.clone())])),
        ("comment:Create", "PATCH", path.clone(), comments),
        ("comment:Update", "PATCH", path.clone(), json!({ "comments": [{ "id": comment["id"], "content": "x" }] })),
        (
            "comment:Delete",
            "PATCH",
            path.clone(),
            json!({ "comments": [{ "id": comment["id"], "apiAction": "delete" }] }),
        ),
        ("tag:Update", "PATCH", path.clone(), json!({ "tags": [{ "id": tag, "name": "x" }] })),
        ("user:Update", "PATCH", path.clone(), json!({ "author": { "id": post["data"]["authorId"], "bio": "x" } })),
        ("post:Update", "PATCH", format!("/api/tags/{tag}"), json!({ "posts": [{ "id": post.id(), "comments": [] }] })),
    ];
    for (closed, method, path, body) in attempts {
        let send = |closed: &str| app.root.request(method, &path).header("X-Closed", closed).json(&body).send();
        send(closed).expect(403, "Closed");
        let after = app.root.get("/api/comments").succeeds(200)["data"][0].clone();
        assert_eq!((app.counts(), after), (before.0, before.1.clone()), "{closed}");
    }
    assert_eq!(app.root.get(&path).bytes, before.2);
}

#[test]
fn a_refusal_by_an_interceptor_of_a_nested_row_rolls_back_everything() {
    async fn refuse_comment(_: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
        if comment.content == "before" { Err(ApiError::conflict("Before", "No")) } else { Ok(()) }
    }
    async fn refuse_written(_: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
        if comment.content == "after" { Err(ApiError::conflict("After", "No")) } else { Ok(()) }
    }
    async fn refuse_change(_: &mut Context<'_>, _: &mut UpdateTag) -> Result<(), ApiError> {
        Err(ApiError::conflict("Change", "No"))
    }
    let app = Newsroom::start(|hooks| {
        hooks.comment.before_create_one(refuse_comment).after_create_one(refuse_written);
        hooks.tag.before_update_one(refuse_change);
    });
    let tag = app.root.post("/api/tags", json!({ "name": word() })).succeeds(201).id();
    let post = app.post(json!({ "comments": [{ "content": "Stays" }], "tags": [{ "id": tag }] })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    let before = (app.counts(), app.root.get(&path).bytes.clone());
    let fresh = json!({ "name": word(), "apiAction": "create" });
    for (code, body) in [
        ("Before", json!({ "tags": [fresh], "comments": [{ "content": "x" }, { "content": "before" }] })),
        ("After", json!({ "tags": [fresh], "comments": [{ "content": "x" }, { "content": "after" }] })),
        ("Change", json!({ "comments": [{ "content": "x" }], "tags": [fresh, { "id": tag, "name": "x" }] })),
    ] {
        app.post(body.clone()).expect(409, code);
        let mut body = body;
        body["title"] = json!("Changed");
        app.root.patch(&path, body).expect(409, code);
        assert_eq!((app.counts(), app.root.get(&path).bytes.clone()), before, "{code}");
    }
}

#[test]
fn the_version_of_an_answer_is_that_of_its_row() {
    /// Copies the comment into the summary of its article.
    async fn mark(ctx: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
        let change = UpdatePost { summary: Patch::Value(comment.content.clone()), ..UpdatePost::default() };
        ctx.as_system().update::<Post>(comment.post_id, change).await?;
        Ok(())
    }
    /// Makes and reads another row, which must not change the operation's target.
    async fn tag(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
        let before = ctx.target::<Post>();
        let tag = ctx.create::<api::Tag>(CreateTag { name: word(), posts: Vec::new() }).await?;
        ctx.find::<api::Tag>(tag.id).await?;
        match ctx.target::<Post>() {
            target if target == before && target == Some(post.id) => Ok(()),
            _ => Err(ApiError::conflict("OtherTarget", "The operation is about another row now")),
        }
    }
    let app = Newsroom::start(|hooks| {
        hooks.comment.after_create_one(mark);
        hooks.post.after_create_one(tag).after_update_one(tag);
    });
    let post = app.post(json!({ "comments": [{ "content": "First" }] })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    let is_current = |reply: &Reply, summary: &str| {
        let now = app.root.get(&path).succeeds(200);
        assert_eq!((reply.header("ETag"), &reply["data"]), (now.header("ETag"), &now["data"]));
        assert_eq!(now["data"]["summary"], summary);
    };
    is_current(&post, "First");
    let patched = app.root.patch(&path, json!({ "comments": [{ "content": "Second" }] })).succeeds(200);
    is_current(&patched, "Second");
    let body = json!({ "author": { "id": post["data"]["authorId"], "bio": "x" }, "tags": [{ "name": word(), "apiAction": "create" }] });
    let version = patched.header("ETag").expect("a version").to_owned();
    let matching = |version: &str| app.root.request("PATCH", &path).header("If-Match", version).json(&body).send();
    let counts = app.counts();
    matching("\"0000000000000000\"").expect(412, "PreconditionFailed");
    assert_eq!(app.counts(), counts);
    is_current(&matching(&version).succeeds(200), "Second");
}

#[test]
fn parallel_writes_through_relations_end_cleanly() {
    let app = Newsroom::start(|_| ());
    let tags: Vec<String> =
        (0..2).map(|_| app.root.post("/api/tags", json!({ "name": word() })).succeeds(201).id()).collect();
    let links: Vec<Value> = tags.iter().map(|id| json!({ "id": id })).collect();
    let posts: Vec<String> = (0..8).map(|_| app.post(json!({ "tags": links })).succeeds(201).id()).collect();
    let replies = at_once(8, |number| {
        let mut changes: Vec<Value> =
            tags.iter().map(|id| json!({ "id": id, "name": format!("{}{number}", &id[24..]) })).collect();
        if number % 2 == 1 {
            changes.reverse();
        }
        let body = json!({ "tags": changes, "comments": [{ "content": number.to_string() }] });
        app.root.patch(&format!("/api/posts/{}", posts[number]), body)
    });
    let done = replies.iter().filter(|reply| reply.status == 200).count() as u64;
    // A write that was ended by a deadlock is answered 503 and may be retried.
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!((reply.status, reply.header("Retry-After").is_some()), (503, true), "{reply:?}");
    }
    assert!(done > 0, "{replies:?}");
    assert_eq!(app.count("/api/comments"), done);
    let names: Vec<String> =
        app.root.get("/api/tags").succeeds(200).column("name").iter().map(Value::to_string).collect();
    assert_eq!(names.len(), 2);
}
