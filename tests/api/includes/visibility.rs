//! An include shows a caller exactly the rows that the list of the included model shows them: tested for every model,
//! relation and kind of caller.

use std::collections::BTreeMap;

use gable::generated::{FieldKind, ModelMeta, RelationKind, RelationMeta, Resource};
use serde_json::{Value, json};

use super::fixtures::{article, column, comment, draft, reading, tag, word};
use crate::harness::{Account, App, Client, Reply, spawn_app};

/// Every model of the Gazette.
pub(crate) static MODELS: [&ModelMeta; 11] = [
    api::AuthPermission::META,
    api::AuthRole::META,
    api::Comment::META,
    api::Phone::META,
    api::Post::META,
    api::Reading::META,
    api::Tag::META,
    api::User::META,
    api::UserPermission::META,
    api::UserProfile::META,
    api::UserRole::META,
];

pub(super) fn model(name: &str) -> &'static ModelMeta {
    MODELS.iter().find(|meta| meta.name == name).unwrap_or_else(|| panic!("no model {name}"))
}

#[test]
fn every_model_is_tested() {
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let files = std::fs::read_dir(schema).expect("the schema").count();
    assert_eq!(MODELS.len(), files - 1, "a file for each, and the application's own");
}

/// An application with rows of every model, some of which are hidden from some callers, and its callers by name.
struct Scene {
    app: App,
    callers: Vec<(&'static str, Client)>,
}

impl Scene {
    fn new() -> Self {
        let app = spawn_app();
        let (ada, bob, grace) = (app.sign_up("ada"), app.sign_up("bob"), app.editor("grace"));
        for account in [&ada, &bob, &grace] {
            write_of_everything(&app, account);
        }
        let deleted = reading(&app, ada.reference());
        app.super_user().delete(&format!("/api/readings/{deleted}")).succeeds(204);
        let clerk = clerk(&app);
        let callers = vec![
            ("nobody", (*app).clone()),
            ("an author", (*ada).clone()),
            ("an editor", (*grace).clone()),
            ("a reader of accounts", (*clerk).clone()),
            ("a super user", (**app.super_user()).clone()),
        ];
        Self { app, callers }
    }
}

fn write_of_everything(app: &App, account: &Account) {
    let (hidden, shown) = (draft(account, "A draft"), article(app, account, "An article"));
    for post in [&hidden, &shown, &shown] {
        comment(account, post, "A comment");
    }
    tag(app, &[&hidden, &shown]);
    account.post("/api/user-profiles", json!({ "nickname": word() })).succeeds(201);
    let number = format!("+{}", uuid::Uuid::now_v7().as_u128() % 100_000_000_000_000);
    account.post("/api/phones", json!({ "number": number })).succeeds(201);
    reading(app, account.reference());
}

/// Makes an account that can see accounts and assignments of roles, but no permissions of roles or accounts.
fn clerk(app: &App) -> Account {
    let clerk = app.sign_up("clerk");
    for resource in ["user", "user-role"] {
        let permission = json!({ "id": app.permission(resource, "View") });
        let body = json!({ "user": clerk.reference(), "permission": permission });
        app.super_user().post("/api/user-permissions", body).succeeds(201);
    }
    clerk
}

/// The rows of a model that a caller can see, by id, or `None` if the list is refused.
fn list(caller: &Client, meta: &ModelMeta) -> Option<BTreeMap<String, Value>> {
    let reply = caller.get(&format!("/api/{}?limit=100", meta.path));
    if reply.status != 200 {
        assert!(matches!(reply.status, 401 | 403), "{reply:?}");
        return None;
    }
    assert!(reply["hasNextPage"] == false, "all rows fit on one page: {reply:?}");
    let rows = reply["data"].as_array().expect("a list").clone();
    Some(rows.into_iter().map(|row| (row["id"].as_str().expect("an id").to_owned(), row)).collect())
}

/// The included rows of one row, whether the relation leads to one or to many.
fn included(row: &Value, relation: &RelationMeta) -> Vec<Value> {
    match &row[relation.name] {
        Value::Null => Vec::new(),
        Value::Array(rows) => rows.clone(),
        one => vec![one.clone()],
    }
}

/// The rows of a list that are related to a row by a key in either of them, or `None` if neither has a key.
fn related(row: &Value, relation: &RelationMeta, rows: &BTreeMap<String, Value>) -> Option<Vec<Value>> {
    match relation.kind {
        RelationKind::BelongsTo { field } => {
            Some(row[field].as_str().and_then(|key| rows.get(key)).cloned().into_iter().collect())
        }
        RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            Some(rows.values().filter(|other| other[field] == row["id"]).cloned().collect())
        }
        RelationKind::ManyToMany { .. } => None,
    }
}

/// The names that `fields` accepts for one model.
fn names(meta: &'static ModelMeta) -> impl Iterator<Item = &'static RelationMeta> {
    meta.relations.iter()
}

fn to_many(relation: &RelationMeta) -> bool {
    matches!(relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
}

/// The answer to a list with this query, without the relation's name, so that two answers can be compared.
fn refusal(caller: &Client, meta: &ModelMeta, query: &str, name: &str) -> (u16, String) {
    let reply = caller.get(&format!("/api/{}?{}", meta.path, query.replace("{}", name)));
    (reply.status, String::from_utf8_lossy(&reply.bytes).replace(name, "{}"))
}

#[test]
fn an_include_shows_what_the_models_own_list_shows_and_all_of_it() {
    let scene = Scene::new();
    let (mut compared, mut refused) = (0, 0);
    for (name, caller) in &scene.callers {
        for meta in MODELS.iter().filter(|meta| list(caller, meta).is_some()) {
            for relation in names(meta) {
                let Some(rows) = list(caller, model(relation.target)) else {
                    refused += 1;
                    is_unknown(caller, meta, relation.name);
                    continue;
                };
                let shape = if to_many(relation) { format!("&{}[limit]=100", relation.name) } else { String::new() };
                let path = format!("/api/{}?limit=100&fields=+{}{shape}", meta.path, relation.name);
                for row in caller.get(&path).succeeds(200)["data"].as_array().expect("a list") {
                    let shown = included(row, relation);
                    let place = format!("{name}: {}.{} of {row}", meta.name, relation.name);
                    shown.iter().for_each(|one| {
                        assert_eq!(Some(one), one["id"].as_str().and_then(|id| rows.get(id)), "{place}")
                    });
                    if let Some(related) = related(row, relation, &rows) {
                        assert_eq!(shown, related, "{place}");
                    }
                    compared += shown.len();
                }
            }
        }
    }
    assert!(compared > 100 && refused > 10, "{compared} rows compared, {refused} relations refused");
}

/// A relation to a model that the caller may not view is refused like a relation that does not exist.
#[track_caller]
fn is_unknown(caller: &Client, meta: &ModelMeta, relation: &str) {
    for query in [
        "fields=+{}",
        "fields=-{}",
        "fields={}",
        "fields=title,{}.id",
        "fields={}.nothing",
        "fields={}.",
        "fields=+nothing,+{},id.x",
        "fields={}.a.b.c.d.e.f",
        "fields=+{}&{}[limit]=1",
        "fields=+{}&{}[limit]=x",
        "fields=+{}&{}[sort]=id",
        "{}[limit]=1",
    ] {
        let hidden = refusal(caller, meta, query, relation);
        assert_eq!(hidden.0, 400, "{}?{query} {relation}", meta.path);
        assert_eq!(hidden, refusal(caller, meta, query, "nonesuch"), "{}?{query} {relation}", meta.path);
    }
}

#[test]
fn tags_and_articles_show_each_other_as_far_as_each_is_seen() {
    let scene = Scene::new();
    let root = scene.app.super_user();
    let (mut shown, mut hidden) = (0, 0);
    for (name, caller) in &scene.callers {
        for (meta, relation) in MODELS.iter().flat_map(|meta| names(meta).map(move |relation| (meta, relation))) {
            let many = matches!(relation.kind, RelationKind::ManyToMany { .. });
            let (Some(rows), Some(targets)) = (list(caller, meta), list(caller, model(relation.target))) else {
                continue;
            };
            for id in rows.keys().filter(|_| many) {
                let path = format!("/api/{}/{id}?fields={r}.id&{r}[limit]=100", meta.path, r = relation.name);
                let all = column(&root.get(&path).succeeds(200)["data"][relation.name], "id");
                let (expected, missing): (Vec<String>, Vec<String>) =
                    all.into_iter().partition(|id| targets.contains_key(id));
                let seen = column(&caller.get(&path).succeeds(200)["data"][relation.name], "id");
                assert_eq!(seen, expected, "{name}: {path}");
                (shown, hidden) = (shown + seen.len(), hidden + missing.len());
            }
        }
    }
    assert!(shown > 20 && hidden > 3, "{shown} shown, {hidden} hidden");
}

#[test]
fn includes_two_relations_away_show_no_other_rows() {
    let scene = Scene::new();
    let mut compared = 0;
    for (name, caller) in &scene.callers {
        for meta in MODELS.iter().filter(|meta| list(caller, meta).is_some()) {
            for first in names(meta) {
                let middle = model(first.target);
                for second in names(middle) {
                    let path = format!("/api/{}?limit=20&fields=+{}.{}", meta.path, first.name, second.name);
                    let (seen, rows) = (list(caller, middle), list(caller, model(second.target)));
                    let (Some(_), Some(rows)) = (seen, rows) else {
                        caller.get(&path).expect(400, "InvalidRequestQuery");
                        continue;
                    };
                    compared += within(&caller.get(&path).succeeds(200), first, second, &rows, name);
                }
            }
        }
    }
    assert!(compared > 200, "{compared} rows compared");
}

/// Counts the rows that are two relations away, and asserts that each is one of these.
fn within(
    reply: &Reply,
    first: &RelationMeta,
    second: &RelationMeta,
    rows: &BTreeMap<String, Value>,
    name: &str,
) -> usize {
    let near = reply["data"].as_array().expect("a list").iter().flat_map(|row| included(row, first));
    let far: Vec<Value> = near.flat_map(|row| included(&row, second)).collect();
    for row in &far {
        let known = row["id"].as_str().and_then(|id| rows.get(id));
        assert_eq!(Some(row), known, "{name}: {}.{}", first.name, second.name);
    }
    far.len()
}

#[test]
fn a_field_that_nobody_reads_is_unknown_in_every_include() {
    let scene = Scene::new();
    let mut tried = 0;
    for (_, caller) in &scene.callers {
        for meta in MODELS.iter().filter(|meta| list(caller, meta).is_some()) {
            for relation in names(meta) {
                let target = model(relation.target);
                if list(caller, target).is_none() {
                    continue;
                }
                let secret = |field: &&gable::generated::FieldMeta| field.private || field.kind == FieldKind::Password;
                for field in target.fields.iter().filter(secret) {
                    tried += 1;
                    is_unknown_behind(caller, meta, relation, field.name);
                }
            }
        }
    }
    assert!(tried > 10, "{tried} fields tried");
}

#[track_caller]
fn is_unknown_behind(caller: &Client, meta: &ModelMeta, relation: &RelationMeta, field: &str) {
    let mut queries = vec!["fields=+R.{}", "fields=-R.{}", "fields=R.id,R.{}", "fields=R.{}.id"];
    if to_many(relation) {
        queries.extend(["fields=+R&R[sort]={}", "fields=+R&R[sort]=-{},id", "fields=R.id&R__sort={}"]);
    }
    for query in queries.iter().map(|query| query.replace('R', relation.name)) {
        let secret = refusal(caller, meta, &query, field);
        assert_eq!(secret.0, 400, "{}?{query} {field}", meta.path);
        assert_eq!(secret, refusal(caller, meta, &query, "nonesuch"), "{}?{query} {field}", meta.path);
    }
}

#[test]
fn the_answer_to_a_write_includes_what_its_writer_sees() {
    let scene = Scene::new();
    let app = &scene.app;
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let hidden = draft(&bob, "Bob's draft");
    let shared = tag(app, &[&hidden, &article(app, &bob, "Bob's article")]);
    let body = json!({ "title": "Ada's draft", "content": "…", "slug": word(), "tags": [{ "id": shared }] });
    let made = ada.post("/api/posts?fields=id,tags.posts.title", body).succeeds(201);
    let titles = column(&made["data"]["tags"][0]["posts"], "title");
    assert_eq!(titles, ["Bob's article", "Ada's draft"], "{made:?}");
    let path = format!("/api/posts/{}?fields=tags.posts.title", made.id());
    let changed = ada.patch(&path, json!({ "title": "Ada's own" })).succeeds(200);
    assert_eq!(column(&changed["data"]["tags"][0]["posts"], "title"), ["Bob's article", "Ada's own"]);
    ada.patch(&path.replace("tags.posts.title", "author.email"), json!({})).expect(400, "InvalidRequestQuery");
}

#[test]
fn a_hidden_row_does_not_count_towards_the_limit_of_an_include() {
    let scene = Scene::new();
    let app = &scene.app;
    let bob = app.sign_up("bob");
    let posts: Vec<String> = (0..6)
        .map(|n| if n % 2 == 0 { draft(&bob, "Hidden") } else { article(app, &bob, &format!("Shown {n}")) })
        .collect();
    let tag = tag(app, &posts.iter().map(String::as_str).collect::<Vec<_>>());
    let path = format!("/api/tags/{tag}?fields=posts.title&posts[limit]=2");
    assert_eq!(column(&app.get(&path).succeeds(200)["data"]["posts"], "title"), ["Shown 1", "Shown 3"]);
}

#[test]
fn revoking_a_permission_removes_its_includes() {
    let scene = Scene::new();
    let app = &scene.app;
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}?fields=title,author.username", article(app, &ada, "Engines"));
    ada.get(&path).expect(400, "InvalidRequestQuery");
    let permission = json!({ "user": ada.reference(), "permission": { "id": app.permission("user", "View") } });
    let given = app.super_user().post("/api/user-permissions", permission).succeeds(201).id();
    assert_eq!(ada.get(&path).succeeds(200)["data"]["author"]["username"], ada.username);
    app.super_user().delete(&format!("/api/user-permissions/{given}")).succeeds(204);
    ada.get(&path).expect(400, "InvalidRequestQuery");
}

#[test]
fn a_denial_beats_the_public_rule_in_an_include_too() {
    let scene = Scene::new();
    let app = &scene.app;
    let ada = app.sign_up("ada");
    let path = format!("/api/posts/{}?fields=title,comments.content", article(app, &ada, "Engines"));
    ada.get(&path).succeeds(200);
    let permission = json!({ "id": app.permission("comment", "View") });
    let body = json!({ "user": ada.reference(), "permission": permission, "effect": "deny" });
    app.super_user().post("/api/user-permissions", body).succeeds(201);
    ada.get(&path).expect(400, "InvalidRequestQuery");
    is_unknown(&ada, model("Post"), "comments");
}
