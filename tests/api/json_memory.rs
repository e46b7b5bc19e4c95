//! Parsed JSON of many small values takes a hundred times the memory of its text. So it is limited in bodies, and
//! remains text in rows.

use serde_json::{Value, json};

use crate::harness::{App, Setup, spawn_app, unique};

/// The number of objects in one column.
const OBJECTS: usize = 40_000;
/// Less than the more than 500 MiB that the objects of 20 rows would take if they were parsed.
const ALLOWED_GROWTH_MIB: u64 = 128;

fn reading(title: &str, extras: Value) -> Value {
    json!({
        "title": title, "contact": "box@example.com", "seats": 40, "price": "12.50",
        "day": "2026-03-22", "startsAt": "19:30", "extras": extras
    })
}

fn growth_mib(app: &App, work: impl FnOnce()) -> u64 {
    let before = app.resident_mib();
    work();
    app.resident_mib().saturating_sub(before)
}

/// Inserts readings whose JSON has many objects by SQL.
fn crowded_readings(app: &App, count: usize) {
    for _ in 0..count {
        app.super_user().post("/api/readings", reading("Crowded", json!({}))).succeeds(201);
    }
    let list = match app.sql_url().starts_with("sqlite") {
        true => format!("'[' || replace(printf('%.*c', {OBJECTS}, 'x'), 'x', '{{\"\":0}},') || '1]'"),
        false => format!("('[' || repeat('{{\"\":0}},', {OBJECTS}) || '1]')::jsonb"),
    };
    app.database().run(&format!("UPDATE readings SET extras = {list}"));
}

#[cfg(target_os = "linux")]
#[test]
fn rows_of_many_small_json_values_take_little_more_than_their_text() {
    let app = spawn_app();
    crowded_readings(&app, 20);
    let admin = app.super_user();
    let grown = growth_mib(&app, || {
        let list = admin.get("/api/readings?limit=20").succeeds(200);
        let rows = list["data"].as_array().expect("rows");
        let lengths: Vec<usize> = rows.iter().filter_map(|row| Some(row["extras"].as_array()?.len())).collect();
        assert_eq!(lengths, [OBJECTS + 1; 20]);
        // Also if the column is not selected.
        admin.get("/api/readings?limit=20&fields=id").succeeds(200);
        admin.delete("/api/readings/many?title=Crowded&fields=id").succeeds(200);
    });
    assert!(grown < ALLOWED_GROWTH_MIB, "{grown} MiB");
}

#[cfg(target_os = "linux")]
#[test]
fn a_body_of_many_small_json_values_is_refused_before_it_takes_its_memory() {
    let app = spawn_app();
    let admin = app.super_user();
    let title = unique("crowded");
    let objects: Value = (0..100_000).map(|_| json!({ "": 0 })).collect();
    let grown = growth_mib(&app, || {
        for path in ["/api/readings", "/api/auth/signup", "/auth/login"] {
            assert_eq!(admin.post(path, reading(&title, objects.clone())).status, 413, "{path}");
        }
    });
    assert!(grown < ALLOWED_GROWTH_MIB, "{grown} MiB");
    assert_eq!(app.count(&format!("/api/readings?title={title}")), 0);
    admin.post("/api/readings", reading(&title, json!("x".repeat(4000)))).succeeds(201);
}

#[test]
fn a_body_whose_values_are_more_than_all_bodies_may_hold_is_refused_for_good() {
    let app = Setup::new().with("GABLE_MAX_BODY_BYTES_IN_FLIGHT", "2097152").spawn();
    let admin = app.super_user();
    let title = unique("crowded");
    let objects: Value = (0..20_000).map(|_| json!({ "": 0 })).collect();
    admin.post("/api/readings", reading(&title, objects)).expect(413, "PayloadTooLarge");
    assert_eq!(app.count(&format!("/api/readings?title={title}")), 0);
    admin.post("/api/readings", reading(&title, json!([{ "": 0 }]))).succeeds(201);
}

#[test]
fn invalid_json_in_a_column_is_an_error_and_not_sent() {
    let app = spawn_app();
    if !app.sql_url().starts_with("sqlite") {
        return; // PostgreSQL checks JSON itself.
    }
    let id = app.super_user().post("/api/readings", reading("Broken", json!({ "a": 1 }))).succeeds(201).id();
    app.database().run("UPDATE readings SET extras = '{\"a\":1},\"admin\":true'");
    app.super_user().get(&format!("/api/readings/{id}")).expect(500, "InternalError");
}
