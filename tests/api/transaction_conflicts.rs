//! Deadlocks and serialization failures of PostgreSQL, after which a write is retried.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{App, spawn_app};

/// Makes writes to a table fail a number of times with the error of a deadlock or serialization failure.
fn refuse(app: &App, table: &str, event: &str, times: u32) {
    app.sql().run(&format!(
        "CREATE SEQUENCE attempts; \
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF nextval('attempts') <= {times} THEN RAISE EXCEPTION 'another one won' USING ERRCODE = '40001'; END IF; \
           RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();"
    ));
}

fn attempts(app: &App) -> i64 {
    app.number("SELECT last_value FROM attempts")
}

#[test]
fn a_write_that_failed_by_a_conflict_is_retried() {
    let app = spawn_app();
    if !app.database_is_postgres() {
        return;
    }
    let ada = app.sign_up("ada");
    let phone = |number: u32| json!({ "number": format!("+{}", 1_000_000 + number), "userId": ada.id });
    let path = format!("/api/phones/{}", app.super_user().post("/api/phones", phone(1)).succeeds(201).id());
    refuse(&app, "phones", "INSERT OR UPDATE", 3);
    let changed = app.super_user().patch(&path, json!({ "label": "home" })).succeeds(200);
    assert_eq!((&changed["data"]["label"], attempts(&app)), (&json!("home"), 4));
    app.sql().run("ALTER SEQUENCE attempts RESTART");
    let key = Uuid::now_v7().to_string();
    let create =
        || app.super_user().request("POST", "/api/phones").header("Idempotency-Key", &key).json(&phone(2)).send();
    let made = create().succeeds(201).id();
    assert_eq!(create().succeeds(201).id(), made, "the key was claimed once");
    assert_eq!((app.count("/api/phones"), attempts(&app)), (2, 4));
}

#[test]
fn a_write_is_given_up_after_a_few_attempts() {
    let app = spawn_app();
    if !app.database_is_postgres() {
        return;
    }
    let ada = app.sign_up("ada");
    let phone = json!({ "number": "+1000000", "userId": ada.id });
    let path = format!("/api/phones/{}", app.super_user().post("/api/phones", phone).succeeds(201).id());
    refuse(&app, "phones", "UPDATE", 1_000);
    let refused = app.super_user().patch(&path, json!({ "label": "home" })).expect(503, "ServiceUnavailable");
    assert!(refused.header("Retry-After").is_some());
    assert_eq!((app.row(&path)["label"].clone(), attempts(&app)), (Value::Null, 4));
}

#[test]
fn a_write_in_which_an_interceptor_has_run_is_not_retried() {
    let app = spawn_app();
    if !app.database_is_postgres() {
        return;
    }
    let ada = app.sign_up("ada");
    let post = json!({ "title": "Title", "content": "…", "slug": Uuid::now_v7() });
    let path = format!("/api/posts/{}", ada.post("/api/posts", post).succeeds(201).id());
    refuse(&app, "posts", "UPDATE", 1);
    ada.patch(&path, json!({ "title": "Other" })).expect(503, "ServiceUnavailable");
    assert_eq!((app.row(&path)["title"].clone(), attempts(&app)), (json!("Title"), 1));
    ada.patch(&path, json!({ "title": "Other" })).succeeds(200);
}
