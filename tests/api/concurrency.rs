//! Parallel requests: a single effect occurs once, and independent requests are not refused.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, app, at_once, statuses};

#[test]
fn parallel_sign_ups_with_one_address_make_one_account() {
    let app = app();
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    let replies = at_once(12, |_| app.post("/api/auth/signup", json!({ "email": email, "password": PASSWORD })));
    assert_eq!(statuses(&replies), [(201, 1), (409, 11)]);
    assert!(
        replies.iter().filter(|reply| reply.status == 409).all(|reply| reply["code"] == "UserEmailUniqueConstraint")
    );
    assert_eq!(app.count(&format!("/api/users?email={email}")), 1);
    let account = replies.iter().find(|reply| reply.status == 201).expect("one succeeded").id();
    assert_eq!(app.count(&format!("/api/user-roles?userId={account}")), 1);
}

#[test]
fn parallel_articles_with_one_slug_make_one_article() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "Title", "content": "…", "slug": uuid::Uuid::now_v7() });
    let replies = at_once(12, |_| ada.post("/api/posts", body.clone()));
    assert_eq!(statuses(&replies), [(201, 1), (409, 11)]);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 1);
}

#[test]
fn parallel_bulk_creations_that_collide_are_all_or_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let contested = uuid::Uuid::now_v7().to_string();
    let replies = at_once(8, |_| {
        let one = |slug: String| json!({ "title": "Title", "content": "…", "slug": slug });
        ada.post("/api/posts/many", json!([one(uuid::Uuid::now_v7().to_string()), one(contested.clone())]))
    });
    assert_eq!(statuses(&replies), [(201, 1), (409, 7)]);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 2);
}

#[test]
fn fifty_writers_at_once_all_succeed() {
    let app = app();
    let ada = app.sign_up("ada");
    let replies = at_once(50, |number| {
        let body = json!({ "title": format!("No. {number}"), "content": "…", "slug": uuid::Uuid::now_v7() });
        ada.post("/api/posts", body)
    });
    assert_eq!(statuses(&replies), [(201, 50)]);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 50);
}

#[test]
fn readers_are_answered_while_others_write() {
    let app = app();
    let ada = app.sign_up("ada");
    let replies = at_once(24, |number| match number % 2 {
        0 => ada.get("/api/posts"),
        _ => ada.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": uuid::Uuid::now_v7() })),
    });
    assert_eq!(statuses(&replies), [(200, 12), (201, 12)]);
}

#[test]
fn parallel_changes_of_one_row_do_not_mix() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "Title", "content": "…", "slug": uuid::Uuid::now_v7() });
    let path = format!("/api/posts/{}", ada.post("/api/posts", body).succeeds(201).id());
    let change = |number: usize| json!({ "title": format!("Title {number}"), "summary": format!("Summary {number}") });
    let replies = at_once(16, |number| ada.patch(&path, change(number)));
    assert_eq!(statuses(&replies), [(200, 16)]);
    let row = app.row(&path);
    let number = |field: &str| row[field].as_str().and_then(|text| text.split(' ').nth(1)).map(str::to_owned);
    assert_eq!(number("title"), number("summary"), "{row}");
}

#[test]
fn parallel_deletions_of_one_row_delete_it_once() {
    let app = app();
    let ada = app.sign_up("ada");
    let body = json!({ "title": "Title", "content": "…", "slug": uuid::Uuid::now_v7() });
    let path = format!("/api/posts/{}", ada.post("/api/posts", body).succeeds(201).id());
    assert_eq!(statuses(&at_once(8, |_| ada.delete(&path))), [(204, 1), (404, 7)]);
}

#[test]
fn a_role_taken_away_under_load_is_gone_for_every_later_request() {
    let app = app();
    let ada = app.sign_up("ada");
    let assignment = app.give_role(&ada, "Editor");
    let path = format!("/api/user-roles/{assignment}");
    let create = || ada.post("/api/tags", json!({ "name": uuid::Uuid::now_v7().simple().to_string() }));
    at_once(12, |number| if number == 6 { app.super_user().delete(&path) } else { create() });
    let replies = at_once(12, |_| create());
    assert_eq!(statuses(&replies), [(403, 12)]);
}

#[test]
fn counts_of_a_list_agree_with_its_rows_while_others_write() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/posts?authorId={}&limit=100", ada.id);
    let replies = at_once(20, |number| match number % 2 {
        0 => ada.get(&path),
        _ => ada.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": uuid::Uuid::now_v7() })),
    });
    for reply in replies.iter().filter(|reply| reply.status == 200) {
        let rows = reply["data"].as_array().map(Vec::len).map(Value::from);
        assert_eq!(rows.as_ref(), Some(&reply["results"]), "{reply:?}");
    }
}

#[test]
fn rows_that_are_linked_from_both_sides_at_once_are_linked() {
    let app = app();
    let grace = app.editor("grace");
    let made = |path: &str, row: &dyn Fn(usize) -> Value| -> Vec<String> {
        let rows: Vec<Value> = (0..4).map(row).collect();
        let made = grace.post(path, json!(rows)).succeeds(201);
        made["data"].as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    let word = || uuid::Uuid::now_v7().to_string();
    let posts = made("/api/posts/many", &|_| json!({ "title": "Title", "content": "…", "slug": word() }));
    let tags = made("/api/tags/many", &|_| json!({ "name": word() }));
    // Each request names them in another order.
    let named = |ids: &[String], from: usize, action: &str| -> Value {
        (0..ids.len()).map(|nth| json!({ "id": ids[(from + nth * 3) % ids.len()], "apiAction": action })).collect()
    };
    for _ in 0..10 {
        let replies = at_once(8, |number| match (number % 2, number / 2) {
            (0, nth) => {
                grace.patch(&format!("/api/posts/{}", posts[nth]), json!({ "tags": named(&tags, nth, "connect") }))
            }
            (_, nth) => {
                grace.patch(&format!("/api/tags/{}", tags[nth]), json!({ "posts": named(&posts, nth, "connect") }))
            }
        });
        assert_eq!(statuses(&replies), [(200, 8)]);
        for post in &posts {
            let path = format!("/api/posts/{post}?fields=tags.id");
            assert_eq!(grace.get(&path).succeeds(200)["data"]["tags"].as_array().map(Vec::len), Some(4));
            grace.patch(&path, json!({ "tags": named(&tags, 0, "disconnect") })).succeeds(200);
        }
    }
}
