//! The worst-case costs that `gable check` computes, compared with the statements of real requests: no request sends
//! more, and for costs that are stated as exact, one request sends as many.

use std::path::Path;

use gable::generated::ModelMeta;
use gable_schema::cost::{Costs, Endpoint, costs};
use serde_json::{Value, json};

use crate::harness::{App, Client, PASSWORD, Reply};
use crate::includes::budgets::paths;
use crate::includes::fixtures::{article, draft, word};
use crate::includes::statements::{ROWS, filled, ids, logging_statements, statements_of};
use crate::includes::visibility::MODELS;

/// The costs that `gable check` computes from the schema of this application.
fn said() -> Costs {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    costs(&gable_schema::load(&directory).unwrap_or_else(|problems| panic!("{problems}")).schema)
}

/// The computed cost of an operation, without the statements that identify the caller.
fn endpoint(model: &str, operation: &str) -> Endpoint {
    let Costs { caller, endpoints, .. } = said();
    let found = endpoints.into_iter().find(|endpoint| endpoint.model == model && endpoint.operation == operation);
    let mut endpoint = found.unwrap_or_else(|| panic!("no {operation} of {model}"));
    let asking =
        if endpoint.method == "GET" { caller.authentication } else { caller.authentication + caller.revalidation };
    endpoint.statements.most -= asking.most;
    endpoint
}

fn number(most: u64) -> usize {
    usize::try_from(most).expect("a small number")
}

/// The maximum number of statements of an operation, and whether a request reaches it.
fn most(model: &str, operation: &str) -> (usize, bool) {
    let statements = endpoint(model, operation).statements;
    (number(statements.most), statements.reached)
}

/// A request that reaches the maximum number of statements.
#[track_caller]
fn takes_the_most(app: &App, model: &str, operation: &str, reply: &Reply) {
    let (taken, (most, reached)) = (statements_of(app, reply), most(model, operation));
    assert_eq!(taken.len(), most, "{operation} of {model}: {taken:#?}");
    assert!(reached, "{operation} of {model}: no request took the computed {most} statements");
}

/// A request that stays within the maximum.
#[track_caller]
fn takes_no_more(app: &App, model: &str, operation: &str, reply: &Reply) {
    let (taken, (most, _)) = (statements_of(app, reply), most(model, operation));
    assert!(!taken.is_empty() && taken.len() <= most, "{operation} of {model}, {most} at most: {taken:#?}");
}

/// The maximum number of relations that one request may include, each with one row.
fn everything(model: &str) -> String {
    let paths = &paths(model, 3)[..paths(model, 3).len().min(50)];
    let names: Vec<&str> = paths.iter().map(|(path, _)| path.as_str()).collect();
    let limit = |path: &str| format!("&{}[limit]=1", path.replace('.', "__"));
    let limits: String = paths.iter().filter(|(_, to_many)| *to_many).map(|(path, _)| limit(path)).collect();
    format!("fields={}{limits}", names.join(","))
}

/// The first and the last row of a model.
fn ends(caller: &Client, meta: &ModelMeta) -> [String; 2] {
    ["id", "-id"].map(|sort| {
        let listed = caller.get(&format!("/api/{}?limit=1&sort={sort}&fields=id", meta.path)).succeeds(200);
        listed["data"][0]["id"].as_str().expect("a row").to_owned()
    })
}

#[test]
fn a_list_that_includes_everything_takes_the_computed_number_of_statements() {
    let app = filled();
    for meta in MODELS {
        // More rows than fit on the page, so that they are counted, and a page behind the last one.
        let path = format!("/api/{}?limit={}&{}", meta.path, ROWS / 2, everything(meta.name));
        let replies = [1, 1_000].map(|page| app.super_user().get(&format!("{path}&page={page}")).succeeds(200));
        let fuller = replies.iter().max_by_key(|reply| statements_of(&app, reply).len()).expect("two pages");
        takes_the_most(&app, meta.name, "findMany", fuller);
    }
}

#[test]
fn a_row_that_includes_everything_takes_the_computed_number_of_statements() {
    let app = filled();
    let root = app.super_user();
    for meta in MODELS {
        let of = |id: &str| root.get(&format!("/api/{}/{id}?{}", meta.path, everything(meta.name))).succeeds(200);
        let replies = ends(root, meta).map(|id| of(&id));
        let fuller = replies.iter().max_by_key(|reply| statements_of(&app, reply).len()).expect("two rows");
        takes_the_most(&app, meta.name, "findOne", fuller);
    }
}

#[test]
fn writes_of_one_row_take_no_more_statements_than_computed() {
    let app = filled();
    let (root, posts) = (app.super_user(), ids(&app, "posts"));
    let links = |into: &str, out: &str| {
        let links = json!([{ "id": into }, { "id": out, "apiAction": "disconnect" }]);
        json!({ "name": word(), "posts": links })
    };
    let fields = everything("Tag");
    // The first article with its related rows.
    let body = json!({ "name": word(), "posts": [{ "id": posts[0] }] });
    let made = root.post(&format!("/api/tags?{fields}"), body).succeeds(201);
    // A thousand articles that are named by their slugs reach the maximum.
    takes_no_more(&app, "Tag", "createOne", &made);
    let path = format!("/api/tags/{}", made.id());
    let matching = |method: &str, path: &str| root.request(method, path).header("If-Match", "*");
    let changed = matching("PATCH", &format!("{path}?{fields}")).json(&links(&posts[2], &posts[0])).send();
    takes_no_more(&app, "Tag", "updateOne", &changed.succeeds(200));
    takes_the_most(&app, "Tag", "deleteOne", &matching("DELETE", &path).send().succeeds(204));
}

/// A request whose body names this many rows of other models.
#[track_caller]
fn takes_no_more_with(app: &App, model: &str, operation: &str, reply: &Reply, named: usize) {
    let (taken, endpoint) = (statements_of(app, reply), endpoint(model, operation));
    let most = number(endpoint.statements.most);
    let each = number(endpoint.nested.expect("bodies that name rows").statements.most);
    assert!(taken.len() > 3, "{operation} of {model}: {named} rows were not written by {taken:#?}");
    assert!(
        taken.len() <= most + named * each,
        "{operation} of {model}, {most} + {named} x {each} at most: {taken:#?}"
    );
}

#[test]
fn rows_that_a_body_names_take_no_more_statements_than_computed() {
    let app = logging_statements();
    let root = app.super_user();
    let role = |name: String| json!({ "role": { "name": name, "description": "Writes" } });
    let account = json!({
        "email": format!("{}@example.com", word()), "password": PASSWORD, "profile": { "nickname": word() },
        "roles": [role(word()), role(word())], "phones": [{ "number": "+4930111111" }, { "number": "+4930222222" }],
    });
    let made = root.post("/api/users?fields=id,roles.id,roles.role.id,phones.id", account).succeeds(201);
    takes_no_more_with(&app, "User", "createOne", &made, 7);
    let (path, user) = (format!("/api/users/{}", made.id()), &made["data"]);
    let change = json!({
        "email": format!("{}@example.com", word()), "profile": { "apiAction": "update", "nickname": word() },
        "roles": [{ "id": user["roles"][1]["id"], "apiAction": "delete" }],
        "phones": [{ "id": user["phones"][0]["id"], "label": "Home" }, { "id": user["phones"][1]["id"], "apiAction": "delete" }],
    });
    takes_no_more_with(&app, "User", "updateOne", &root.patch(&path, change).succeeds(200), 4);
    let posts: Value = (0..3)
        .map(|_| json!({
            "title": "Title", "content": "…", "slug": word(), "author": { "email": format!("{}@example.com", word()), "password": PASSWORD },
            "comments": [{ "content": "One" }, { "content": "Two", "author": { "email": format!("{}@example.com", word()), "password": PASSWORD } }],
            "tags": [{ "name": word(), "apiAction": "create" }],
        }))
        .collect();
    takes_no_more_with(&app, "Post", "createMany", &root.post("/api/posts/many", posts).succeeds(201), 15);
}

#[test]
fn the_restoration_of_a_row_takes_the_computed_number_of_statements() {
    let app = filled();
    let root = app.super_user();
    let [_, id] = ends(root, MODELS.iter().find(|meta| meta.name == "Reading").expect("a model"));
    root.delete(&format!("/api/readings/{id}")).succeeds(204);
    let path = format!("/api/readings/{id}/restore?{}", everything("Reading"));
    takes_the_most(&app, "Reading", "restore", &root.post(&path, json!({})).succeeds(200));
}

#[test]
fn bulk_writes_take_the_computed_number_of_statements() {
    let app = logging_statements();
    let root = app.super_user();
    let phones: Vec<Value> =
        (0..ROWS).map(|n| json!({ "number": format!("+{}", 1_000_000 + n), "userId": root.id })).collect();
    // Rows that the database refuses reach the maximum.
    takes_no_more(&app, "Phone", "createMany", &root.post("/api/phones/many", json!(phones)).succeeds(201));
    let path = format!("/api/phones/many?userId={}", root.id);
    takes_the_most(&app, "Phone", "updateMany", &root.patch(&path, json!({ "label": "Home" })).succeeds(200));
    takes_the_most(&app, "Phone", "deleteMany", &root.delete(&path).succeeds(200));
}

#[test]
fn callers_with_row_rules_take_no_more_statements_than_computed() {
    let app = logging_statements();
    let (ada, editor) = (app.sign_up("ada"), app.editor("grace"));
    let post = article(&app, &ada, "Engines");
    let body = json!({ "content": "…", "post": { "id": post } });
    // An interceptor also reads the article.
    let made = ada.post("/api/comments?fields=+post.tags", body).succeeds(201);
    takes_no_more(&app, "Comment", "createOne", &made);
    let lookups = statements_of(&app, &made).iter().filter(|line| line.contains("SELECT \\\"id\\\" FROM")).count();
    assert_eq!(lookups, 1, "whether she sees the article");
    let moved = ada.request("PATCH", &format!("/api/posts/{}", draft(&ada, "Looms"))).header("If-Match", "*");
    let moved = moved.json(&json!({ "authorId": ada.id, "title": "On looms" })).send().succeeds(200);
    takes_no_more(&app, "Post", "updateOne", &moved);
    takes_no_more(&app, "Comment", "findMany", &editor.get("/api/comments?fields=+post.tags").succeeds(200));
    takes_no_more(&app, "Post", "deleteMany", &editor.delete(&format!("/api/posts/many?id={post}")).succeeds(200));
}

#[test]
fn accounts_and_roles_take_no_more_statements_than_computed() {
    let app = logging_statements();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let permission = app.permission("tag", "Create");
    let role = root.post("/api/auth-roles", json!({ "name": word(), "permissions": [{ "id": permission }] }));
    let role = role.succeeds(201);
    takes_no_more(&app, "AuthRole", "createOne", &role);
    let path = format!("/api/auth-roles/{}", role.id());
    let emptied = json!({ "name": word(), "permissions": [{ "id": permission, "apiAction": "disconnect" }] });
    takes_no_more(&app, "AuthRole", "updateOne", &root.patch(&path, emptied).succeeds(200));
    let given = root.post("/api/user-roles", json!({ "userId": ada.id, "roleId": role.id() })).succeeds(201);
    takes_no_more(&app, "UserRole", "createOne", &given);
    let taken = root.delete(&format!("/api/user-roles/{}", given.id())).succeeds(204);
    takes_no_more(&app, "UserRole", "deleteOne", &taken);
    takes_no_more(&app, "AuthRole", "deleteOne", &root.delete(&path).succeeds(204));
    let (account, suspended) = (format!("/api/users/{}", ada.id), json!({ "isActive": false }));
    let moved = json!({ "email": format!("{}@example.com", word()), "isActive": false });
    takes_no_more(&app, "User", "updateOne", &root.patch(&account, moved).succeeds(200));
    let all = root.patch(&format!("/api/users/many?id={}", ada.id), suspended).succeeds(200);
    takes_no_more(&app, "User", "updateMany", &all);
    let others = ["bob", "eve", "joe"].map(|name| app.sign_up(name));
    let ids = others.each_ref().map(|account| account.id.as_str()).join(",");
    let several = root.patch(&format!("/api/users/many?id[in]={ids}"), json!({ "isActive": false })).succeeds(200);
    assert_eq!(statements_of(&app, &several).len(), statements_of(&app, &all).len());
    others.iter().for_each(|account| drop(account.get("/api/users/me").expect(401, "UserNoLongerExists")));
    takes_no_more(&app, "User", "deleteOne", &root.delete(&account).succeeds(204));
}
