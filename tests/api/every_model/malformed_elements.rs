//! Malformed elements of relations: each is refused or accepted, and none causes a 500.

use gable_schema::schema::Model;
use serde_json::{Map, Value, json};

use super::application::{Application, both, own_key, placed, plus};
use super::samples::{body, row};

fn values() -> Vec<Value> {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    let long = "9".repeat(400);
    vec![Value::Null, json!(-1), json!(u64::MAX), json!(""), json!("\u{0}"), json!(long), json!([[]]), json!({}), deep]
}

/// Values in place of an element; `id` is that of an existing row.
fn elements(model: &Model, id: &Value) -> Vec<Value> {
    let mut elements = values();
    for value in values() {
        elements.extend([
            json!({ "id": value }),
            json!({ "apiAction": value }),
            json!({ "id": id, "apiAction": value }),
        ]);
        elements.push(json!({ "id": value, "apiAction": "update" }));
        for index in &model.uniques {
            let named: Map<String, Value> = index.fields.iter().map(|name| (name.clone(), value.clone())).collect();
            let half: Map<String, Value> =
                index.fields.iter().skip(1).map(|name| (name.clone(), value.clone())).collect();
            elements.extend([Value::Object(named), Value::Object(half)]);
        }
    }
    for action in ["connect", "create", "update", "disconnect", "delete"] {
        elements.push(json!({ "apiAction": action }));
        elements.push(json!({ "apiAction": action, "id": id, "apiaction": action, "x": [] }));
    }
    elements
}

/// Returns the number of elements that were sent.
fn tried(app: &Application, model: &Model) -> usize {
    let mut tried = 0;
    for (from, relation) in app.ways(model) {
        let (parent, id) = (app.row_path(from, &row(app, from)), row(app, model));
        let mut new = body(app, from);
        if let Some(key) = own_key(relation) {
            new.as_object_mut().expect("an object").remove(key);
        }
        for element in elements(model, &id) {
            let body = placed(relation, element);
            let reply = app.root.patch(&parent, body.clone());
            assert!(reply.status < 500, "PATCH {parent} {body}: {reply:?}");
            tried += 1;
        }
        for element in values() {
            let placed = placed(relation, json!([{ "id": id }, element, element]));
            for odd in [placed, json!({ &relation.name: element })] {
                let body = plus(new.clone(), &odd);
                let reply = app.root.post(&app.list(from), body.clone());
                assert!(reply.status < 500, "POST {body}: {reply:?}");
            }
        }
    }
    tried
}

#[test]
fn no_element_of_a_relation_makes_the_server_fail() {
    for app in both() {
        let tried: usize = app.schema.models.iter().map(|model| tried(&app, model)).sum();
        assert!(tried > 500, "{tried}");
    }
}
