//! Writes that arrive at the same time, which SQLite commits together. Each of them still succeeds or fails by itself.

use std::io::Write;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Account, App, Reply, at_once, spawn_app, statuses};

/// Makes every row with a text that begins with `poison` end its whole transaction.
fn poison(app: &App, table: &str, column: &str) {
    app.sql().run(&format!(
        "CREATE TRIGGER poison BEFORE INSERT ON {table} WHEN NEW.{column} LIKE 'poison%' \
         BEGIN SELECT RAISE(ROLLBACK, 'poison'); END"
    ));
}

fn post(slug: &str) -> Value {
    json!({ "title": "Title", "content": "…", "slug": slug })
}

fn ids(replies: &[Reply]) -> Vec<String> {
    replies.iter().filter(|reply| reply.status == 201).map(Reply::id).collect()
}

fn stored(app: &App, ada: &Account) -> Vec<String> {
    let listed = app.super_user().get(&format!("/api/posts?authorId={}&limit=100", ada.id)).succeeds(200);
    listed["data"].as_array().expect("a list").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[test]
fn writes_that_are_refused_take_no_other_along() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let first = ada.post("/api/posts", post("taken")).succeeds(201).id();
    let replies = at_once(48, |number| match number % 3 {
        0 => ada.post("/api/posts", post("taken")),
        1 => ada.post("/api/posts", json!({ "title": "Title", "content": "…", "categories": [Uuid::now_v7()] })),
        _ => ada.post("/api/posts", post(&Uuid::now_v7().to_string())),
    });
    assert_eq!(statuses(&replies), [(201, 16), (400, 16), (409, 16)]);
    let acknowledged = [vec![first], ids(&replies)].concat();
    assert_eq!(sorted(stored(&app, &ada)), sorted(acknowledged));
}

#[test]
fn a_write_that_ends_the_transaction_of_others_makes_them_be_tried_again() {
    let app = spawn_app();
    if app.database_is_postgres() {
        return;
    }
    poison(&app, "phones", "label");
    let users: Vec<Account> = (0..24).map(|number| app.sign_up(&format!("user{number}"))).collect();
    let admin = app.super_user();
    let replies = at_once(24, |number| {
        let label = if number % 12 == 5 { "poison" } else { "home" };
        admin.post(
            "/api/phones",
            json!({ "number": format!("+{}", 1_000_000 + number), "label": label, "userId": users[number].id }),
        )
    });
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 22, "{:?}", statuses(&replies));
    assert_eq!(app.count("/api/phones"), 22);
}

#[test]
fn what_was_lost_with_the_transaction_of_others_was_not_acknowledged() {
    let app = spawn_app();
    if app.database_is_postgres() {
        return;
    }
    poison(&app, "posts", "slug");
    let ada = app.sign_up("ada");
    let replies = at_once(40, |number| match number % 8 {
        3 => ada.post("/api/posts", post(&format!("poison-{number}"))),
        _ => ada.post("/api/posts", post(&format!("letter-{number}"))),
    });
    // Interceptors have run for these articles, so the server does not repeat them.
    let poisoned = replies.iter().skip(3).step_by(8);
    assert!(poisoned.map(|reply| reply.status).all(|status| status == 400), "{:?}", statuses(&replies));
    assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 400 | 503)), "{:?}", statuses(&replies));
    assert_eq!(sorted(stored(&app, &ada)), sorted(ids(&replies)));
    ada.post("/api/posts", post("afterwards")).succeeds(201);
}

#[test]
fn clients_that_hang_up_take_no_other_write_along() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let token = ada.token().expect("a token").to_owned();
    let replies = at_once(32, |number| {
        let slug = Uuid::now_v7().to_string();
        if number % 2 == 0 {
            return Some(ada.post("/api/posts", post(&slug)));
        }
        let body = post(&slug).to_string();
        let request = format!(
            "POST /api/posts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        app.connect().write_all(request.as_bytes()).expect("the request is sent");
        None
    });
    let replies: Vec<Reply> = replies.into_iter().flatten().collect();
    assert_eq!(statuses(&replies), [(201, 16)]);
    let stored = stored(&app, &ada);
    assert!(ids(&replies).iter().all(|id| stored.contains(id)));
    ada.post("/api/posts", post("afterwards")).succeeds(201);
}
