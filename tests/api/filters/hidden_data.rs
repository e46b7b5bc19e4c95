//! Fields, rows and models that a caller may not read: queries treat them as if they did not exist.
//!
//! The fields are read from the schema, so that a new private field is tested without a change here.

use std::path::Path;

use gable_schema::schema::{FieldType, Model, Schema};
use serde_json::{Value, json};

use super::{encoded, titles};
use crate::harness::{Account, App, Client, app, unique};

/// No model has such a field.
const NO_FIELD: &str = "xyzzy";

fn schema() -> Schema {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    gable_schema::load(&directory).unwrap_or_else(|problems| panic!("{problems}")).schema
}

/// Fields that no query may use, whoever the caller is.
fn hidden(model: &Model) -> Vec<String> {
    let hidden = model.fields.iter().filter(|field| field.private || field.ty == FieldType::Password);
    hidden.map(|field| field.name.clone()).collect()
}

/// The lists through which a model can be queried: its own, and those of models with a relation to it.
fn ways(schema: &Schema, model: &Model) -> Vec<(String, String)> {
    let mut ways = vec![(model.path.clone(), String::new())];
    for from in &schema.models {
        for relation in from.relations.iter().filter(|relation| relation.target == model.name) {
            ways.push((from.path.clone(), format!("{}__", relation.name)));
            ways.push((from.path.clone(), format!("{}__some__", relation.name)));
        }
    }
    ways
}

/// Every form of query parameter for a field, with a value.
fn probes(field: &str, value: &str) -> Vec<String> {
    let operators = [
        "eq",
        "ne",
        "gt",
        "gte",
        "lt",
        "lte",
        "in",
        "notIn",
        "contains",
        "startsWith",
        "endsWith",
        "icontains",
        "istartsWith",
        "iendsWith",
        "isNull",
        "like",
    ];
    let value = encoded(value);
    let json = |filters: Value| format!("filters={}", encoded(&filters.to_string()));
    let mut probes: Vec<String> = operators.iter().map(|operator| format!("{field}__{operator}={value}")).collect();
    probes.extend([
        format!("{field}={value}"),
        format!("{field}__isNull=true"),
        format!("filterMode=OR&{field}={value}"),
        json(json!({ field: value })),
        json(json!({ field: null })),
        json(json!({ field: [value] })),
        json(json!({ field: {} })),
        json(json!({ field: { "startsWith": value } })),
        json(json!({ format!("{field}__gte"): value })),
        json(json!({ "OR": [{ field: value }, {}] })),
        json(json!({ "NOT": { field: { "isNull": true } } })),
        format!("sort={field}"),
        format!("sort=-{field}&search={value}"),
        format!("fields={field}"),
        format!("fields=-{field}"),
    ]);
    probes
}

/// The answer without the parts that always differ, and with a fixed name for the field.
fn comparable(client: &Client, path: &str, field: &str) -> (u16, String) {
    let reply = client.get(path);
    (reply.status, String::from_utf8_lossy(&reply.bytes).replace(field, NO_FIELD))
}

#[test]
fn a_hidden_field_cannot_be_distinguished_from_a_missing_field() {
    let (app, schema) = (app(), schema());
    let root = app.super_user();
    let mut queries = 0;
    for model in &schema.models {
        for field in hidden(model) {
            for (path, before) in ways(&schema, model) {
                let (hidden, missing) = (format!("{before}{field}"), format!("{before}{NO_FIELD}"));
                let [two, nine, none] =
                    [(&hidden, "$2b$"), (&hidden, "$9b$"), (&missing, "$2b$")].map(|(name, value)| {
                        let probes = probes(name, value).into_iter();
                        probes
                            .map(|probe| comparable(root, &format!("/api/{path}?{probe}"), &field))
                            .collect::<Vec<_>>()
                    });
                let named = format!("{path} {hidden}");
                assert!(two.iter().all(|(status, _)| *status == 400), "{named}: {two:?}");
                assert_eq!((&two, &two), (&nine, &none), "{named}");
                queries += two.len();
            }
        }
    }
    assert!(queries > 500, "the Gazette has private fields: {queries}");
}

#[test]
fn no_search_finds_a_password_hash() {
    let app = app();
    let ada = app.sign_up("ada");
    let found = |text: &str| {
        let list = format!("/api/users?id={}&search={}", ada.id, encoded(text));
        app.super_user().get(&list).succeeds(200)["total"].clone()
    };
    assert_eq!((found(&ada.username), found("$2b$"), found("$")), (json!(1), json!(0), json!(0)));
}

/// A draft of Ada with a comment and a tag, and a published article of Grace with the same tag.
struct Secret {
    ada: Account,
    grace: Account,
    eve: Account,
    tag: String,
}

impl Secret {
    fn of(app: &App) -> Self {
        let (ada, grace, eve) = (app.sign_up("ada"), app.editor("grace"), app.sign_up("eve"));
        let tag = unique("tag");
        let id = grace.post("/api/tags", json!({ "name": tag })).succeeds(201).id();
        for (author, title, status) in [(&ada, "Hidden", "draft"), (&grace, "Shown", "published")] {
            let body = json!({
                "title": title, "content": "…", "slug": unique(title).to_lowercase(), "status": status, "tags": [{ "id": id }]
            });
            let post = author.post("/api/posts", body).succeeds(201).id();
            author.post("/api/comments", json!({ "content": title, "post": { "id": post } })).succeeds(201);
        }
        Self { ada, grace, eve, tag }
    }

    /// The comments on both articles that a query finds, in their order.
    #[track_caller]
    fn comments(&self, client: &Client, query: &str) -> Vec<Value> {
        let list = format!("/api/comments?authorId[in]={},{}&sort=content&{query}", self.ada.id, self.grace.id);
        let reply = client.get(&list).succeeds(200);
        assert_eq!(reply["total"], reply.column("id").len());
        reply.column("content")
    }

    #[track_caller]
    fn tagged(&self, client: &Client, query: &str) -> u64 {
        let reply = client.get(&format!("/api/tags?name={}&{query}", self.tag)).succeeds(200);
        assert_eq!(reply["total"], reply["results"]);
        reply["total"].as_u64().expect("a number")
    }
}

#[test]
fn a_hidden_related_row_matches_no_filter() {
    let app = app();
    let secret = Secret::of(&app);
    let eve: &Client = &secret.eve;
    for (query, seen, whole) in [
        ("post[title]=Hidden", vec![], vec!["Hidden"]),
        ("post[title][startsWith]=H", vec![], vec!["Hidden"]),
        ("post[title][ne]=Shown", vec![], vec!["Hidden"]),
        ("post[id][isNull]=false", vec!["Shown"], vec!["Hidden", "Shown"]),
        ("post[status]=draft", vec![], vec!["Hidden"]),
        ("post[comments][some][content]=Hidden", vec![], vec!["Hidden"]),
        ("post[tags][posts][title]=Hidden", vec![], vec!["Hidden", "Shown"]),
        ("post[tags][posts][none][title]=Hidden", vec!["Shown"], vec![]),
        ("post[tags][posts][every][title]=Shown", vec!["Shown"], vec![]),
    ] {
        let clients: [&Client; 2] = [eve, &app];
        for client in clients {
            assert_eq!(secret.comments(client, query), seen, "{query}");
        }
        assert_eq!(secret.comments(&secret.grace, query), whole, "{query}");
    }
    let json = |filters: Value| secret.comments(eve, &format!("filters={}", encoded(&filters.to_string())));
    assert_eq!(json(json!({ "post": { "title": "Hidden" } })), json!([]).as_array().cloned().expect("a list"));
    assert_eq!(
        json(json!({ "NOT": { "post": { "title": "Hidden" } } })).len(),
        2,
        "as for a title that does not exist"
    );
    assert_eq!(json(json!({ "NOT": { "post": { "title": "Nobody" } } })).len(), 2);
}

#[test]
fn a_hidden_row_neither_satisfies_some_nor_violates_every() {
    let app = app();
    let secret = Secret::of(&app);
    for (query, seen, whole) in [
        ("posts[title]=Hidden", 0, 1),
        ("posts[some][title][contains]=idde", 0, 1),
        ("posts[every][title]=Shown", 1, 0),
        ("posts[none][title]=Hidden", 1, 0),
        ("posts[none][title][startsWith]=H", 1, 0),
        ("posts[some][status][ne]=published", 0, 1),
        ("posts[comments][content]=Hidden", 0, 1),
    ] {
        let blind: [&Client; 2] = [&app, &secret.eve];
        for client in blind {
            assert_eq!(secret.tagged(client, query), seen, "{query}");
        }
        let seeing: [&Client; 2] = [&secret.grace, app.super_user()];
        for client in seeing {
            assert_eq!(secret.tagged(client, query), whole, "{query}");
        }
    }
}

#[test]
fn a_relation_to_a_model_that_the_caller_may_not_view_is_unknown() {
    let app = app();
    let secret = Secret::of(&app);
    let clients: [&Client; 3] = [&app, &secret.eve, &secret.grace];
    for client in clients {
        for (list, relation) in
            [("posts", "author"), ("comments", "author"), ("readings", "author"), ("user-profiles", "user")]
        {
            for path in ["email", "username__startsWith", "id", "password", NO_FIELD] {
                let [hidden, missing] = [relation, NO_FIELD]
                    .map(|name| comparable(client, &format!("/api/{list}?{name}__{path}=a"), relation));
                assert_eq!((hidden.0, &hidden), (400, &missing), "{list} {relation} {path}");
                let [hidden, missing] = [relation, NO_FIELD].map(|name| {
                    let filters = encoded(&json!({ name: { path: "a" } }).to_string());
                    comparable(client, &format!("/api/{list}?filters={filters}"), relation)
                });
                assert_eq!((hidden.0, &hidden), (400, &missing), "{list} {relation} {path}");
            }
        }
    }
}

#[test]
fn another_accounts_phone_number_matches_no_filter() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let number = format!("+49{}", &uuid::Uuid::now_v7().as_u128().to_string()[20..32]);
    ada.post("/api/phones", json!({ "number": number })).succeeds(201);
    for query in [format!("number={}", encoded(&number)), "number[startsWith]=%2B49".to_owned(), "search=49".to_owned()]
    {
        assert_eq!(eve.get(&format!("/api/phones?{query}")).succeeds(200)["total"], 0, "{query}");
        assert_eq!(ada.get(&format!("/api/phones?{query}")).succeeds(200)["total"], 1, "{query}");
    }
}

#[test]
fn the_order_of_visible_rows_reveals_nothing_about_hidden_ones() {
    let app = app();
    let secret = Secret::of(&app);
    let list = format!("/api/posts?tags[name]={}&sort=title", secret.tag);
    let seen = secret.eve.get(&list).succeeds(200);
    assert_eq!(
        (titles(&seen), &seen["total"], &seen["hasNextPage"]),
        (vec!["Shown".to_owned()], &json!(1), &json!(false))
    );
    let first = secret.eve.get(&format!("{list}&limit=1")).succeeds(200);
    assert!(first["nextCursor"].is_null(), "{first:?}");
    let cursor = secret.grace.get(&format!("{list}&limit=1")).succeeds(200)["nextCursor"].clone();
    let lent =
        secret.eve.get(&format!("{list}&limit=1&cursor={}", cursor.as_str().expect("there is more"))).succeeds(200);
    assert_eq!(titles(&lent), ["Shown"], "a cursor gives access to no further rows");
}
