//! The examples and the error codes in the documentation on writes.

use serde_json::{Value, json};

use crate::harness::{Client, InProcess, PASSWORD, Reply, blocks, section};

const WRITING: &str = include_str!("../../../docs/writing.md");
const ARKOS: &str = include_str!("../../../docs/coming-from-arkos.md");

struct Editor {
    client: Client,
    me: Value,
    post: String,
    tag: String,
    comment: String,
}

impl Editor {
    fn new(app: &InProcess) -> Self {
        let client = app.editor();
        let me = client.get("/api/users/me").succeeds(200)["data"]["id"].clone();
        let tag = client.post("/api/tags", json!({ "name": "engines" })).succeeds(201).id();
        let post = json!({ "title": "Title", "content": "…", "slug": "title", "comments": [{ "content": "Well." }] });
        let post = client.post("/api/posts?fields=id,comments", post).succeeds(201);
        let comment = post["data"]["comments"][0]["id"].as_str().expect("a comment").to_owned();
        Self { client, me, post: post.id(), tag, comment }
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("{post}", &self.post).replace("{tag}", &self.tag).replace("{comment}", &self.comment);
        text.replace("{me}", self.me.as_str().expect("an id"))
    }

    /// Sends every example in a text and asserts that it succeeds.
    fn sends(&self, text: &str) {
        let examples = blocks(text, "http");
        assert!(examples.len() > 1, "{examples:?}");
        for example in examples {
            let (line, body) = example.split_once('\n').expect("a line and a body");
            let (method, path) = line.split_once(' ').expect("a method and a path");
            let body: Value = serde_json::from_str(&self.fill(body)).expect("JSON");
            let status = if method == "POST" { 201 } else { 200 };
            self.client.request(method, &self.fill(path)).json(&body).send().succeeds(status);
        }
    }
}

#[test]
fn every_example_is_answered() {
    let app = InProcess::new();
    Editor::new(&app).sends(WRITING);
}

#[test]
fn what_an_arkos_client_sends_is_answered() {
    let app = InProcess::new();
    let editor = Editor::new(&app);
    editor.sends(section(ARKOS, "Writes and envelope"));
    let post = editor.client.get(&format!("/api/posts/{}?fields=+tags,+comments", editor.post)).succeeds(200);
    assert_eq!((&post["data"]["tags"][0]["name"], &post["data"]["tags"][1]), (&json!("looms"), &Value::Null));
    assert_eq!(post["data"]["comments"][0]["content"], "Better said.");
}

/// Every code that the section names is caused by a request.
#[test]
fn the_codes_that_are_named_are_answered() {
    let app = InProcess::new();
    let editor = Editor::new(&app);
    let text = section(ARKOS, "Writes and envelope");
    let post = |more: Value| {
        let mut post = json!({ "title": "Title", "content": "…" });
        post.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        editor.client.post("/api/posts", post)
    };
    let missing = "018f3f2e-0000-7000-8000-000000000000";
    let weak = json!({ "currentPassword": PASSWORD, "newPassword": "short" });
    let answers: [(u16, &str, Reply); 9] = [
        (400, "InvalidRequestBody", post(json!({ "title": 7 }))),
        (400, "InvalidApiAction", post(json!({ "tags": [{ "id": missing, "apiAction": "destroy" }] }))),
        (400, "InlineRecordNotFound", post(json!({ "tags": [{ "name": "unknown" }] }))),
        (400, "ReferencedRecordNotFound", post(json!({ "authorId": missing }))),
        (409, "PostSlugUniqueConstraint", post(json!({ "slug": "title" }))),
        (400, "MissingArrayRequestBody", editor.client.post("/api/posts/many", json!([]))),
        (400, "MissingFilterCriteria", editor.client.delete("/api/posts/many")),
        (404, "AuthActionNotFound", editor.client.get("/api/auth-actions/nothing")),
        (400, "PasswordDoesNotMeetRequirements", editor.client.post("/api/auth/update-password", weak)),
    ];
    for (status, code, reply) in answers {
        assert!(text.contains(&format!("{status} `{code}`")), "{code}");
        reply.expect(status, code);
    }
    assert_eq!(post(json!({ "title": 7 })).problems(), ["TitleIsStringConstraint"]);
    let required = editor.client.post("/api/tags", json!({})).expect(400, "InvalidRequestBody");
    assert_eq!(required.problems(), ["NameRequiredConstraint"]);
    let none = editor.client.delete(&format!("/api/posts/many?id={missing}")).succeeds(200);
    assert_eq!(none.json, json!({ "total": 0, "results": 0, "data": [] }));
}
