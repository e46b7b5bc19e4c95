//! The number of SQL statements of a request, which does not depend on the number of rows.

use gable::generated::ModelMeta;
use serde_json::{Value, json};

use super::fixtures::word;
use super::visibility::MODELS;
use crate::harness::{App, Client, PASSWORD, Reply, Setup};

pub(crate) const ROWS: usize = 50;

/// Starts an application that logs its statements.
pub(crate) fn logging_statements() -> App {
    Setup::new().with("RUST_LOG", "info,gable::sql=trace").with("GABLE_LOG", "compact").spawn()
}

/// An application with fifty rows of every model.
pub(crate) fn filled() -> App {
    let app = logging_statements();
    let users = made(&app, "users", |_| json!({ "email": format!("{}@example.com", word()), "password": PASSWORD }));
    let posts =
        made(&app, "posts", |n| json!({ "title": "Title", "content": "…", "slug": word(), "authorId": users[n] }));
    for user in ids(&app, "users") {
        app.super_user().patch(&format!("/api/users/{user}"), json!({ "pinnedId": posts[0] })).succeeds(200);
    }
    made(&app, "comments", |n| json!({ "content": "…", "postId": posts[n], "authorId": users[n] }));
    made(&app, "user-profiles", |n| json!({ "nickname": word(), "userId": users[n] }));
    made(&app, "phones", |n| json!({ "number": format!("+{}", 1_000_000 + n), "userId": users[n] }));
    made(&app, "tags", |n| json!({ "name": word(), "posts": [{ "id": posts[n] }] }));
    let permissions = ids(&app, "auth-permissions");
    let roles = made(&app, "auth-roles", |_| json!({ "name": word(), "permissions": [{ "id": permissions[0] }] }));
    made(&app, "user-roles", |n| json!({ "userId": users[n], "roleId": roles[n] }));
    made(&app, "user-permissions", |n| json!({ "userId": users[n], "permissionId": permissions[0] }));
    (0..ROWS).for_each(|n| drop(super::fixtures::reading(&app, json!({ "id": users[n] }))));
    app
}

/// Makes fifty rows with one request and returns their ids.
fn made(app: &App, path: &str, row: impl Fn(usize) -> Value) -> Vec<String> {
    let body: Vec<Value> = (0..ROWS).map(row).collect();
    let reply = app.super_user().post(&format!("/api/{path}/many?fields=id"), json!(body)).succeeds(201);
    super::fixtures::column(&reply["data"], "id")
}

pub(crate) fn ids(app: &App, path: &str) -> Vec<String> {
    let reply = app.super_user().get(&format!("/api/{path}?fields=id&limit=100")).succeeds(200);
    super::fixtures::column(&reply["data"], "id")
}

/// The statements of a request, without the one that identifies the caller, whose result is cached.
fn statements(app: &App, caller: &Client, path: &str) -> Vec<String> {
    statements_of(app, &caller.get(path).succeeds(200))
}

pub(crate) fn statements_of(app: &App, reply: &Reply) -> Vec<String> {
    let id = reply.header("X-Request-Id").expect("every answer has an id").to_owned();
    // The last line of a request.
    app.log_has("gable::request", &id);
    let output = app.output();
    let of_request = output.lines().filter(|line| line.contains("gable::sql") && line.contains(&id));
    // On PostgreSQL, a write may contain the check of the caller's rights.
    let is_check = |line: &str| {
        line.contains("gable_grants") && !["INSERT", "UPDATE", "DELETE"].iter().any(|verb| line.contains(verb))
    };
    of_request.filter(|line| !is_check(line)).map(str::to_owned).collect()
}

/// Compares the statements of a list of one row with those of a list of fifty.
#[track_caller]
fn same_count_for_one_row_and_for_fifty(app: &App, meta: &ModelMeta, query: &str, expected: Option<usize>) -> usize {
    let root = app.super_user();
    let path = |limit: usize| format!("/api/{}?limit={limit}{query}", meta.path);
    let (one, fifty) = (statements(app, root, &path(1)), statements(app, root, &path(ROWS)));
    assert_eq!(one.len(), fifty.len(), "{}: for one row {one:#?}\nfor fifty {fifty:#?}", path(ROWS));
    let expected = expected.unwrap_or(fifty.len());
    assert_eq!(fifty.len(), expected, "{}: {fifty:#?}", path(ROWS));
    fifty.len()
}

#[test]
fn every_relation_is_one_statement_for_one_row_and_for_fifty() {
    let app = filled();
    let mut relations = 0;
    for meta in MODELS {
        let plain = same_count_for_one_row_and_for_fifty(&app, meta, "&count=false", None);
        assert!(plain > 0, "{}: statements are seen at all", meta.name);
        for relation in meta.relations {
            let query = format!("&count=false&fields=+{}", relation.name);
            same_count_for_one_row_and_for_fifty(&app, meta, &query, Some(plain + 1));
            relations += 1;
        }
    }
    assert!(relations > 20, "{relations} relations");
}

#[test]
fn relations_of_relations_are_one_statement_each() {
    let app = filled();
    let of = |name: &str| super::visibility::model(name);
    let plain = same_count_for_one_row_and_for_fifty(&app, of("Post"), "&count=false", None);
    for (relations, fields) in [
        (2, "+comments.author"),
        (3, "+comments.author.profile"),
        (4, "+comments.author.profile,+tags"),
        (3, "comments.post.comments.content,comments.post.comments.id"),
        (5, "+tags.posts,+author.phones,+comments"),
    ] {
        let query = format!("&count=false&fields={fields}");
        same_count_for_one_row_and_for_fifty(&app, of("Post"), &query, Some(plain + relations));
    }
    let root = app.super_user();
    let post = &ids(&app, "posts")[0];
    let (alone, with) = (
        statements(&app, root, &format!("/api/posts/{post}")),
        statements(&app, root, &format!("/api/posts/{post}?fields=+comments.author,+tags")),
    );
    // The row is read again for its keys.
    assert_eq!(with.len(), alone.len() + 4, "{with:#?}");
}

#[test]
fn no_statement_contains_a_value() {
    let app = logging_statements();
    let (secret, root) = (word(), app.super_user());
    root.get(&format!("/api/posts?title={secret}&fields=+comments")).succeeds(200);
    root.post("/api/tags", json!({ "name": secret })).succeeds(201);
    let seen = statements(&app, root, "/api/tags?limit=1");
    assert!(!seen.is_empty());
    let output = app.output();
    let lines: Vec<&str> =
        output.lines().filter(|line| line.contains("gable::sql") && line.contains(&secret)).collect();
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn many_new_rows_of_the_same_columns_are_one_insert() {
    let app = logging_statements();
    let inserts = |count: usize| {
        let tags: Vec<Value> = (0..count).map(|_| json!({ "name": word() })).collect();
        let made = app.super_user().post("/api/tags/many", json!(tags)).succeeds(201);
        statements_of(&app, &made).iter().filter(|line| line.contains("INSERT")).count()
    };
    assert_eq!((inserts(1), inserts(ROWS)), (1, 1));
}
