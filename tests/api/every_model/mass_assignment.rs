//! Mass assignment: keys that a body may not contain are refused and named in every body that reaches a model, its own
//! and those of related models, and nothing is written.

use gable_schema::schema::{FieldType, Model, Operation, Origin, RelationKind};
use serde_json::{Map, Value, json};

use super::application::{Application, both, own_key, placed, plus};
use super::samples::{body, row, value};
use crate::harness::Reply;

/// Keys that no body of the model may contain. If `changing`, also those that only a new row may have.
fn forbidden(model: &Model, changing: bool) -> Map<String, Value> {
    let mut forbidden: Map<String, Value> =
        ["colour", "__proto__", "is_super_user", "passwordHash", "apiaction", "deleted_at"]
            .map(|name| (name.to_owned(), json!(true)))
            .into_iter()
            .collect();
    for field in &model.fields {
        let hidden = field.private && field.ty != FieldType::Password;
        let server = matches!(field.origin, Origin::Id | Origin::CreatedAt | Origin::UpdatedAt | Origin::DeletedAt);
        let fixed = changing && (field.immutable || field.ty == FieldType::Password);
        if hidden || server || field.read_only || fixed {
            forbidden.insert(field.name.clone(), value(field));
        }
    }
    forbidden
}

#[track_caller]
fn names_all(reply: &Reply, forbidden: &Map<String, Value>, what: &str) {
    assert_eq!((reply.status, &reply["code"]), (400, &json!("InvalidRequestBody")), "{what}: {reply:?}");
    let named: Vec<&str> =
        reply.problem_fields().into_iter().map(|field| field.rsplit('.').next().unwrap_or(field)).collect();
    for field in forbidden.keys() {
        assert!(named.contains(&field.as_str()), "{what} with {field}: {reply:?}");
    }
}

fn is_disabled(model: &Model, operation: Operation) -> bool {
    model.routes.iter().any(|route| route.operation == operation && route.route.disabled)
}

/// Tests the model's own routes.
fn directly(app: &Application, model: &Model, id: &Value) {
    let (list, what) = (app.list(model), &model.name);
    let new = forbidden(model, false);
    let one = plus(body(app, model), &Value::Object(new.clone()));
    names_all(&app.root.post(&list, one.clone()), &new, what);
    if !is_disabled(model, Operation::CreateMany) {
        names_all(&app.root.post(&format!("{list}/many"), json!([body(app, model), one])), &new, what);
    }
    let mut changes = forbidden(model, true);
    names_all(&app.root.patch(&app.row_path(model, id), Value::Object(changes.clone())), &changes, what);
    let many = format!("{list}/many?id={}", app.row_path(model, id).rsplit('/').next().expect("an id"));
    names_all(&app.root.patch(&many, Value::Object(changes.clone())), &changes, what);
    // In a body of another model, an id refers to the row; everything else is refused as before.
    changes.remove("id");
    for (from, relation) in app.ways(model) {
        let what = format!("{}.{}", from.name, relation.name);
        let mut element = body(app, model);
        if let RelationKind::HasOne { via } | RelationKind::HasMany { via } = &relation.kind {
            let key = model.relations.iter().find(|other| other.name == *via).and_then(own_key).expect("its key");
            element.as_object_mut().expect("an object").remove(key);
        }
        let created = plus(element, &plus(Value::Object(new.clone()), &json!({ "apiAction": "create" })));
        let updated = plus(Value::Object(changes.clone()), &json!({ "id": id }));
        for (element, forbidden) in [(created, &new), (updated, &changes)] {
            let nested = placed(relation, element);
            let mut parent = body(app, from);
            if let Some(key) = own_key(relation) {
                parent.as_object_mut().expect("an object").remove(key);
            }
            let parent = plus(parent, &nested);
            names_all(&app.root.post(&app.list(from), parent.clone()), forbidden, &what);
            if !is_disabled(from, Operation::CreateMany) {
                names_all(&app.root.post(&format!("{}/many", app.list(from)), json!([parent])), forbidden, &what);
            }
            // A key that only a new row may have is refused before the other keys.
            let fixed = own_key(relation).and_then(|key| from.field(key)).is_some_and(|key| key.immutable);
            if !fixed {
                names_all(&app.root.patch(&app.row_path(from, &row(app, from)), nested), forbidden, &what);
            }
        }
    }
}

#[test]
fn no_body_can_set_protected_fields_however_it_reaches_the_model() {
    for app in both() {
        for model in &app.schema.models {
            let id = row(&app, model);
            let before = app.row(model, &id);
            directly(&app, model, &id);
            assert_eq!(app.row(model, &id), before, "{}", model.name);
        }
    }
}

#[test]
fn a_refused_body_leaves_no_row_of_any_model() {
    for app in both() {
        for model in &app.schema.models {
            for (from, relation) in app.ways(model) {
                let (parent, element) = (row(&app, from), body(&app, model));
                let mut whole = body(&app, from);
                if let Some(key) = own_key(relation) {
                    whole.as_object_mut().expect("an object").remove(key);
                }
                let bad = placed(relation, plus(element, &json!({ "apiAction": "create", "colour": "red" })));
                let before = app.counts();
                app.root.patch(&app.row_path(from, &parent), bad.clone()).expect(400, "InvalidRequestBody");
                app.root.post(&app.list(from), plus(whole, &bad)).expect(400, "InvalidRequestBody");
                assert_eq!(app.counts(), before, "{}.{}", from.name, relation.name);
            }
        }
    }
}
