//! Readings are marked as deleted instead of being deleted, and no caller sees them any longer.

use serde_json::json;

use crate::harness::{App, app};

/// Makes a reading and returns its id.
fn reading(app: &App, title: &str) -> String {
    let body = json!({
        "title": title, "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22", "startsAt": "19:30"
    });
    app.super_user().post("/api/readings", body).succeeds(201).id()
}

fn title() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[test]
fn a_deleted_reading_is_hidden_from_every_operation() {
    let app = app();
    let (root, title) = (app.super_user(), title());
    let id = reading(&app, &title);
    let path = format!("/api/readings/{id}");
    root.delete(&path).succeeds(204);
    root.get(&path).expect(404, "ReadingNotFound");
    root.patch(&path, json!({ "title": "Back" })).expect(404, "ReadingNotFound");
    root.patch(&path, json!({})).expect(404, "ReadingNotFound");
    root.delete(&path).expect(404, "ReadingNotFound");
    assert_eq!(root.get(&format!("/api/readings?title={title}")).succeeds(200)["total"], 0);
    let many = format!("/api/readings/many?title={title}");
    assert_eq!(root.patch(&many, json!({ "seats": 2 })).succeeds(200)["results"], 0);
    assert_eq!(root.delete(&many).succeeds(200)["results"], 0);
}

#[test]
fn readings_are_deleted_in_bulk() {
    let app = app();
    let (one, other) = (title(), title());
    for title in [&one, &one, &other] {
        reading(&app, title);
    }
    let deleted = app.super_user().delete(&format!("/api/readings/many?title={one}")).succeeds(200);
    assert_eq!(deleted["results"], 2);
    assert!(deleted.column("deletedAt").iter().all(|moment| moment.is_string()), "{deleted:?}");
    assert_eq!(
        (app.count(&format!("/api/readings?title={one}")), app.count(&format!("/api/readings?title={other}"))),
        (0, 1)
    );
}

#[test]
fn a_row_that_a_deleted_reading_refers_to_is_still_referenced() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/readings/{}", reading(&app, &title()));
    app.super_user().patch(&path, json!({ "author": ada.reference() })).succeeds(200);
    app.super_user().delete(&path).succeeds(204);
    app.super_user().delete(&format!("/api/users/{}", ada.id)).expect(409, "RecordStillReferenced");
}

#[test]
fn only_an_editor_deletes_readings() {
    let app = app();
    let path = format!("/api/readings/{}", reading(&app, &title()));
    app.sign_up("ada").delete(&path).expect(403, "NotEnoughPermissions");
    app.delete(&path).expect(401, "LoginRequired");
    app.get(&path).succeeds(200);
    app.editor("grace").delete(&path).succeeds(204);
}
