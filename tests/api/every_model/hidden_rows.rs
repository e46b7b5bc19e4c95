//! A row that the caller cannot see is answered like a row that does not exist, on every path to its model, and does not
//! change.

use gable_schema::schema::{Model, Relation, RelationKind};
use serde_json::{Value, json};

use super::application::{Application, both, comparable, own_key, placed, plus};
use super::samples::{body, row};
use crate::harness::{Client, Reply};

/// An id of the model's type that does not exist.
fn absent(id: &Value) -> Value {
    if id.is_string() { json!("018f3f2e-0000-7000-8000-000000000000") } else { json!(4_000_000_000_i64) }
}

/// A relation to the model, with a row of the model that has the relation, and a body for another one.
struct Way<'a> {
    relation: &'a Relation,
    list: String,
    parent: String,
    new: Value,
}

impl<'a> Way<'a> {
    fn all(app: &'a Application, to: &Model) -> Vec<Self> {
        let way = |(from, relation): (&Model, &'a Relation)| {
            let mut new = body(app, from);
            if let Some(key) = own_key(relation) {
                new.as_object_mut().expect("an object").remove(key);
            }
            Self { relation, list: app.list(from), parent: app.row_path(from, &row(app, from)), new }
        };
        app.ways(to).into_iter().map(way).collect()
    }

    fn requests(&self, id: &Value) -> Vec<Request> {
        let mut all = Vec::new();
        for action in ["connect", "update", "disconnect", "delete"] {
            let element = placed(self.relation, json!({ "id": id, "apiAction": action }));
            if matches!(action, "connect" | "update") {
                let new = plus(self.new.clone(), &element);
                all.push(("POST", self.list.clone(), new.clone()));
                all.push(("POST", format!("{}/many", self.list), json!([new])));
            }
            all.push(("PATCH", self.parent.clone(), element));
        }
        all.extend(own_key(self.relation).map(|key| ("PATCH", self.parent.clone(), json!({ key: id }))));
        all
    }
}

type Request = (&'static str, String, Value);

/// Every request that refers to a row by its id alone.
fn requests(app: &Application, model: &Model, ways: &[Way<'_>], id: &Value) -> Vec<Request> {
    let path = app.row_path(model, id);
    let (list, text) = path.rsplit_once('/').expect("a path");
    let many = format!("{list}/many?id={text}");
    let mut all = vec![
        ("GET", path.clone(), Value::Null),
        ("GET", format!("{list}?id={text}"), Value::Null),
        ("PATCH", path.clone(), json!({})),
        ("PATCH", many.clone(), json!({})),
        ("DELETE", path.clone(), Value::Null),
        ("DELETE", many, Value::Null),
    ];
    all.extend(ways.iter().flat_map(|way| way.requests(id)));
    all
}

fn send(client: &Client, (method, path, body): &Request) -> Reply {
    let request = client.request(method, path);
    if body.is_null() { request.send() } else { request.json(body).send() }
}

/// Returns the number of requests that were compared.
fn alike(app: &Application, client: &Client, model: &Model, hidden: &Value) -> usize {
    let ways = Way::all(app, model);
    let [hidden, absent] = [hidden, &absent(hidden)].map(|id| requests(app, model, &ways, id));
    for (hidden, absent) in hidden.iter().zip(&absent) {
        let (one, other) = (send(client, hidden), send(client, absent));
        assert!(one.status < 500, "{hidden:?}: {one:?}");
        assert_eq!(comparable(&one), comparable(&other), "{hidden:?}");
    }
    hidden.len()
}

#[test]
fn a_row_that_is_marked_deleted_is_answered_like_a_missing_row_even_for_a_super_user() {
    let mut compared = 0;
    for app in both() {
        for model in app.schema.models.iter().filter(|model| model.soft_delete) {
            let id = row(&app, model);
            let path = app.row_path(model, &id);
            let before = app.row(model, &id);
            app.root.delete(&path).succeeds(204);
            compared += alike(&app, &app.root, model, &id);
            app.root.post(&format!("{path}/restore"), json!({})).succeeds(200);
            let after = app.row(model, &id);
            assert_eq!(plus(after, &json!({ "updatedAt": null })), plus(before, &json!({ "updatedAt": null })));
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn a_hidden_row_of_another_account_is_answered_like_a_missing_row() {
    let mut compared = 0;
    for app in both() {
        let other = app.sign_up();
        for model in &app.schema.models {
            let id = row(&app, model);
            if other.client.get(&app.row_path(model, &id)).status == 200 {
                continue;
            }
            let before = app.row(model, &id);
            compared += alike(&app, &other.client, model, &id);
            let restore = |id: &Value| other.client.post(&format!("{}/restore", app.row_path(model, id)), json!({}));
            assert_eq!(comparable(&restore(&id)), comparable(&restore(&absent(&id))));
            assert_eq!(app.row(model, &id), before, "{}", model.name);
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn an_id_of_another_model_is_answered_like_a_missing_row() {
    for app in both() {
        for model in &app.schema.models {
            let others = app.schema.models.iter().filter(|other| other.name != model.name && other.id == model.id);
            for other in others.take(1) {
                let foreign = row(&app, other);
                // Integer ids are counted for each model, so an id of another model may exist in this one.
                if foreign.is_string() {
                    alike(&app, &app.root, model, &foreign);
                }
            }
        }
    }
}

fn names(row: &Value, id: &Value) -> bool {
    row.as_object().expect("a row").values().any(|value| value == id)
}

#[test]
fn a_row_that_is_not_linked_is_changed_through_no_relation() {
    for app in both() {
        for model in &app.schema.models {
            for (from, relation) in app.ways(model) {
                let (parent, id) = (row(&app, from), row(&app, model));
                let (path, before) = (app.row_path(from, &parent), app.row(model, &id));
                // Permissions cannot be created, so one may be used twice.
                if names(&before, &parent) || names(&app.row(from, &parent), &id) {
                    continue;
                }
                for action in ["update", "delete"] {
                    let element = placed(relation, json!({ "id": id, "apiAction": action }));
                    let reply = app.root.patch(&path, element.clone());
                    assert_eq!(reply.status, 400, "{element}: {reply:?}");
                    // The refusal for the row that does not exist has the same text.
                    let absent = placed(relation, json!({ "id": absent(&id), "apiAction": action }));
                    assert_eq!(comparable(&reply), comparable(&app.root.patch(&path, absent)), "{element}");
                }
                let to_many = matches!(relation.kind, RelationKind::ManyToMany { .. });
                let taken = app.root.patch(&path, placed(relation, json!({ "id": id, "apiAction": "disconnect" })));
                assert_eq!(taken.status, if to_many { 200 } else { 400 }, "{}.{}: {taken:?}", from.name, relation.name);
                assert_eq!(app.row(model, &id), before, "{}.{}", from.name, relation.name);
            }
        }
    }
}
