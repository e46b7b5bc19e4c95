//! Rows that the caller cannot see: a body that names one is answered, byte for byte, like a body that names a row that
//! does not exist, and nothing changes.

use serde_json::{Value, json};

use super::{MISSING_ID, article, included, path, word};
use crate::escalation::{assign, role_of};
use crate::harness::{Account, App, PASSWORD, Reply, app};

const ACTIONS: [&str; 4] = ["connect", "update", "disconnect", "delete"];

/// Sends a body with each of two references to a row, and asserts that the answers are equal.
#[track_caller]
fn alike(send: impl Fn(&Value) -> Reply, hidden: &Value, absent: &Value) {
    let (one, other) = (send(hidden), send(absent));
    assert_eq!((one.status, &one.bytes), (other.status, &other.bytes), "{one:?}\n{other:?}");
    // The order of the exposed headers is not fixed.
    let left_out = ["x-request-id", "date", "access-control-expose-headers"];
    assert_eq!(one.headers_but(&left_out), other.headers_but(&left_out));
}

/// Makes an account with every permission on tags, and the permissions of an Author on articles.
fn tagger(app: &App) -> Account {
    let tagger = app.sign_up("tagger");
    let role = role_of(app, "Tagger", &["View", "Create", "Update", "Delete"].map(|action| ("tag", action)));
    assign(app, &tagger, &role);
    tagger
}

fn with(name: &Value, action: &str) -> Value {
    let mut element = name.clone();
    element["apiAction"] = json!(action);
    if action == "update" {
        element["title"] = json!("Mine now");
    }
    element
}

#[test]
fn a_hidden_article_is_reached_through_no_tag() {
    let app = app();
    let (ada, tagger) = (app.sign_up("ada"), tagger(&app));
    let tag = tagger.post("/api/tags", json!({ "name": word() })).succeeds(201);
    let tag_path = format!("/api/tags/{}", tag.id());
    let hidden = article(&ada, json!({}));
    let linked = article(&ada, json!({ "tags": [{ "id": tag.id() }] }));
    let before = (app.row(&path(&hidden)), app.row(&path(&linked)), app.row(&tag_path));
    let another = word();
    for row in [&hidden, &linked] {
        let names = [
            (json!({ "id": row["id"] }), json!({ "id": MISSING_ID })),
            (json!({ "slug": row["slug"] }), json!({ "slug": another })),
            // An id of another model.
            (json!({ "id": row["id"] }), json!({ "id": ada.id })),
        ];
        for (hidden, absent) in &names {
            for action in ACTIONS {
                let patch = |name: &Value| tagger.patch(&tag_path, json!({ "posts": [with(name, action)] }));
                alike(patch, hidden, absent);
            }
            for action in ["connect", "update"] {
                let new = |name: &Value| json!({ "name": another, "posts": [with(name, action)] });
                alike(|name| tagger.post("/api/tags", new(name)), hidden, absent);
                alike(|name| tagger.post("/api/tags/many", json!([new(name)])), hidden, absent);
            }
        }
    }
    assert_eq!((app.row(&path(&hidden)), app.row(&path(&linked)), app.row(&tag_path)), before);
    assert_eq!(included(&app, &tag_path, "posts", "id"), [linked["id"].as_str().expect("an id")]);
    assert_eq!(app.count(&format!("/api/tags?name={another}")), 0);
}

#[test]
fn a_hidden_article_is_reached_by_no_comment() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let hidden = article(&ada, json!({}));
    let names = [
        (json!({ "id": hidden["id"] }), json!({ "id": MISSING_ID })),
        (json!({ "slug": hidden["slug"] }), json!({ "slug": word() })),
    ];
    for (hidden, absent) in &names {
        for action in ["connect", "update"] {
            let body = |name: &Value| json!({ "content": "Found it", "post": with(name, action) });
            alike(|name| eve.post("/api/comments", body(name)), hidden, absent);
            alike(|name| eve.post("/api/comments/many", json!([body(name)])), hidden, absent);
        }
    }
    assert_eq!(app.row(&path(&hidden)), hidden);
    assert_eq!(app.count(&format!("/api/comments?postId={}", hidden["id"].as_str().expect("an id"))), 0);
}

#[test]
fn another_accounts_phone_number_is_not_reached_through_an_account() {
    let app = app();
    let (ada, clerk) = (app.sign_up("ada"), app.sign_up("clerk"));
    assign(&app, &clerk, &role_of(&app, "Clerk", &[("user", "View"), ("user", "Update")]));
    let number = format!("+49{}", &uuid::Uuid::now_v7().as_u128().to_string()[22..34]);
    let phone = ada.post("/api/phones", json!({ "number": number })).succeeds(201);
    let row = format!("/api/phones/{}", phone.id());
    let before = app.row(&row);
    let user = format!("/api/users/{}", ada.id);
    let names = [
        (json!({ "id": phone.id() }), json!({ "id": MISSING_ID })),
        (json!({ "number": number }), json!({ "number": "+490000000001" })),
    ];
    for (hidden, absent) in &names {
        for action in ACTIONS {
            let element = |name: &Value| {
                let mut element = with(name, action);
                if action == "update" {
                    element.as_object_mut().expect("an object").remove("title");
                    element["label"] = json!("mine");
                }
                json!({ "phones": [element] })
            };
            alike(|name| clerk.patch(&user, element(name)), hidden, absent);
        }
    }
    assert_eq!(app.row(&row), before);
}

#[test]
fn a_row_that_is_marked_deleted_cannot_be_changed_through_a_relation() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let reading = json!({
        "title": "An evening", "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22",
        "startsAt": "19:30", "authorId": ada.id,
    });
    let path = format!("/api/readings/{}", root.post("/api/readings", reading).succeeds(201).id());
    root.delete(&path).succeeds(204);
    for author in [
        json!({ "id": ada.id, "bio": "x" }),
        json!({ "apiAction": "delete" }),
        json!({ "email": "y@example.com", "password": PASSWORD }),
    ] {
        root.patch(&path, json!({ "author": author })).expect(404, "ReadingNotFound");
    }
    assert_eq!(app.row(&format!("/api/users/{}", ada.id))["bio"], Value::Null);
    assert_eq!(app.count("/api/users?email=y@example.com"), 0);
}
