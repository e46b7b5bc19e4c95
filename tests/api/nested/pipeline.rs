//! The stages of a request, around rows that its body names: who else may refuse, what is undone, which version is told.

use api::{Comment, CreateComment, CreateTag, Post, UpdatePost, UpdateTag};
use gable::testing::TestServer;
use gable::{ApiError, Authorization, Context, Gable, Patch};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::word;
use crate::harness::{Client, PASSWORD, Reply, TestDatabase, at_once};

/// The Gazette's schema with interceptors of a test's.
struct Stage {
    root: Client,
    _server: TestServer,
    /// Both go with it.
    _database: TestDatabase,
    _directory: TempDir,
}

impl Stage {
    fn new(install: impl FnOnce(&mut api::Hooks)) -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = TestDatabase::create(directory.path());
        let variables =
            [("DATABASE_URL", database.url.as_str()), ("GABLE_BCRYPT_COST", "4"), ("GABLE_RATE_LIMITS", "off")];
        let app = Gable::<api::Api>::new().interceptors(install);
        let server = TestServer::start(app, directory.path(), &variables).expect("an application");
        let client = Client::new(server.url());
        let email = format!("{}@example.com", word());
        client.post("/api/auth/signup", json!({ "email": email, "password": PASSWORD })).succeeds(201);
        database.change("UPDATE users SET is_super_user = TRUE", &[]);
        let token = client.post("/api/auth/login", json!({ "email": email, "password": PASSWORD })).succeeds(200);
        let root = client.with_token(token["token"].as_str().expect("a token"));
        Self { root, _server: server, _database: database, _directory: directory }
    }

    fn post(&self, more: Value) -> Reply {
        let mut body = json!({ "title": "Title", "content": "…", "slug": word() });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.root.post("/api/posts", body)
    }

    fn count(&self, path: &str) -> u64 {
        self.root.get(path).succeeds(200)["total"].as_u64().expect("a total")
    }

    /// How many articles, comments and tags there are.
    fn counts(&self) -> [u64; 3] {
        ["/api/posts", "/api/comments", "/api/tags"].map(|path| self.count(path))
    }
}

/// `before_authorize` of an application that is closed for what its test names.
async fn closed(ctx: &mut Context<'_>, asked: &mut Authorization) -> Result<(), ApiError> {
    match ctx.header("X-Closed") {
        Some(closed) if closed == format!("{}:{}", asked.resource, asked.action) => {
            Err(ApiError::new(403, "Closed", "Come back tomorrow"))
        }
        _ => Ok(()),
    }
}

#[test]
fn who_guards_an_action_guards_it_in_bodies_too() {
    let stage = Stage::new(|hooks| {
        hooks.auth.before_authorize(closed);
    });
    let tag = stage.root.post("/api/tags", json!({ "name": word() })).succeeds(201).id();
    let post = stage.post(json!({ "comments": [{ "content": "Stays" }], "tags": [{ "id": tag }] })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    let comment = stage.root.get("/api/comments").succeeds(200)["data"][0].clone();
    let before = (stage.counts(), comment.clone(), stage.root.get(&path).bytes.clone());
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
        let send = |closed: &str| stage.root.request(method, &path).header("X-Closed", closed).json(&body).send();
        send(closed).expect(403, "Closed");
        let after = stage.root.get("/api/comments").succeeds(200)["data"][0].clone();
        assert_eq!((stage.counts(), after), (before.0, before.1.clone()), "{closed}");
    }
    assert_eq!(stage.root.get(&path).bytes, before.2);
}

#[test]
fn what_an_interceptor_of_a_nested_row_refuses_undoes_everything() {
    async fn refuse_comment(_: &mut Context<'_>, comment: &mut CreateComment) -> Result<(), ApiError> {
        if comment.content == "before" { Err(ApiError::conflict("Before", "No")) } else { Ok(()) }
    }
    async fn refuse_written(_: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
        if comment.content == "after" { Err(ApiError::conflict("After", "No")) } else { Ok(()) }
    }
    async fn refuse_change(_: &mut Context<'_>, _: &mut UpdateTag) -> Result<(), ApiError> {
        Err(ApiError::conflict("Change", "No"))
    }
    let stage = Stage::new(|hooks| {
        hooks.comment.before_create_one(refuse_comment).after_create_one(refuse_written);
        hooks.tag.before_update_one(refuse_change);
    });
    let tag = stage.root.post("/api/tags", json!({ "name": word() })).succeeds(201).id();
    let post = stage.post(json!({ "comments": [{ "content": "Stays" }], "tags": [{ "id": tag }] })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    let before = (stage.counts(), stage.root.get(&path).bytes.clone());
    let fresh = json!({ "name": word(), "apiAction": "create" });
    for (code, body) in [
        ("Before", json!({ "tags": [fresh], "comments": [{ "content": "x" }, { "content": "before" }] })),
        ("After", json!({ "tags": [fresh], "comments": [{ "content": "x" }, { "content": "after" }] })),
        ("Change", json!({ "comments": [{ "content": "x" }], "tags": [fresh, { "id": tag, "name": "x" }] })),
    ] {
        stage.post(body.clone()).expect(409, code);
        let mut body = body;
        body["title"] = json!("Changed");
        stage.root.patch(&path, body).expect(409, code);
        assert_eq!((stage.counts(), stage.root.get(&path).bytes.clone()), before, "{code}");
    }
}

#[test]
fn the_version_of_an_answer_is_that_of_its_row() {
    /// Every comment leaves a mark on its article.
    async fn mark(ctx: &mut Context<'_>, comment: &mut Comment) -> Result<(), ApiError> {
        let change = UpdatePost { summary: Patch::Value(comment.content.clone()), ..UpdatePost::default() };
        ctx.as_system().update::<Post>(comment.post_id, change).await?;
        Ok(())
    }
    /// Works on another row, and looks at it.
    async fn tag(ctx: &mut Context<'_>, post: &mut Post) -> Result<(), ApiError> {
        let before = ctx.target::<Post>();
        let tag = ctx.create::<api::Tag>(CreateTag { name: word(), posts: Vec::new() }).await?;
        ctx.find::<api::Tag>(tag.id).await?;
        match ctx.target::<Post>() {
            target if target == before && target == Some(post.id) => Ok(()),
            _ => Err(ApiError::conflict("OtherTarget", "The operation is about another row now")),
        }
    }
    let stage = Stage::new(|hooks| {
        hooks.comment.after_create_one(mark);
        hooks.post.after_create_one(tag).after_update_one(tag);
    });
    let post = stage.post(json!({ "comments": [{ "content": "First" }] })).succeeds(201);
    let path = format!("/api/posts/{}", post.id());
    let is_current = |reply: &Reply, summary: &str| {
        let now = stage.root.get(&path).succeeds(200);
        assert_eq!((reply.header("ETag"), &reply["data"]), (now.header("ETag"), &now["data"]));
        assert_eq!(now["data"]["summary"], summary);
    };
    is_current(&post, "First");
    let patched = stage.root.patch(&path, json!({ "comments": [{ "content": "Second" }] })).succeeds(200);
    is_current(&patched, "Second");
    let body = json!({ "author": { "id": post["data"]["authorId"], "bio": "x" }, "tags": [{ "name": word(), "apiAction": "create" }] });
    let version = patched.header("ETag").expect("a version").to_owned();
    let matching = |version: &str| stage.root.request("PATCH", &path).header("If-Match", version).json(&body).send();
    let counts = stage.counts();
    matching("\"0000000000000000\"").expect(412, "PreconditionFailed");
    assert_eq!(stage.counts(), counts);
    is_current(&matching(&version).succeeds(200), "Second");
}

#[test]
fn parallel_writes_through_relations_end_cleanly() {
    let stage = Stage::new(|_| ());
    let tags: Vec<String> =
        (0..2).map(|_| stage.root.post("/api/tags", json!({ "name": word() })).succeeds(201).id()).collect();
    let links: Vec<Value> = tags.iter().map(|id| json!({ "id": id })).collect();
    let posts: Vec<String> = (0..8).map(|_| stage.post(json!({ "tags": links })).succeeds(201).id()).collect();
    let replies = at_once(8, |number| {
        let mut changes: Vec<Value> =
            tags.iter().map(|id| json!({ "id": id, "name": format!("{}{number}", &id[24..]) })).collect();
        if number % 2 == 1 {
            changes.reverse();
        }
        let body = json!({ "tags": changes, "comments": [{ "content": number.to_string() }] });
        stage.root.patch(&format!("/api/posts/{}", posts[number]), body)
    });
    let done = replies.iter().filter(|reply| reply.status == 200).count() as u64;
    // Whoever met somebody coming the other way may try again.
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!((reply.status, reply.header("Retry-After").is_some()), (503, true), "{reply:?}");
    }
    assert!(done > 0, "{replies:?}");
    assert_eq!(stage.count("/api/comments"), done);
    let names: Vec<String> =
        stage.root.get("/api/tags").succeeds(200).column("name").iter().map(Value::to_string).collect();
    assert_eq!(names.len(), 2);
}
