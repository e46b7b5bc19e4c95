//! Hostile values in every field of every model, by every route: none of them causes a 500.

use serde_json::{Map, Value, json};

use crate::harness::{App, Reply, app};

/// Every path, with the fields that its body may contain.
const MODELS: [(&str, &[&str]); 11] = [
    (
        "posts",
        &[
            "title",
            "slug",
            "content",
            "summary",
            "status",
            "views",
            "publishedAt",
            "author",
            "authorId",
            "tags",
            "comments",
        ],
    ),
    ("comments", &["content", "post", "postId", "author", "authorId"]),
    ("tags", &["name", "posts"]),
    ("phones", &["number", "label", "user", "userId"]),
    ("user-profiles", &["nickname", "website", "birthday", "user", "userId"]),
    (
        "readings",
        &[
            "title",
            "notes",
            "contact",
            "tickets",
            "seats",
            "visitors",
            "rating",
            "price",
            "isOnline",
            "day",
            "startsAt",
            "announcedAt",
            "doorCode",
            "extras",
            "stage",
            "author",
            "authorId",
        ],
    ),
    (
        "users",
        &["username", "email", "password", "name", "bio", "isActive", "lockedUntil", "profile", "phones", "roles"],
    ),
    ("auth-roles", &["name", "description", "permissions", "accounts"]),
    ("auth-permissions", &["resource", "action", "roles"]),
    ("user-roles", &["user", "userId", "role", "roleId"]),
    ("user-permissions", &["effect", "user", "userId", "permission", "permissionId"]),
];

fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.797e308),
        json!(-0.0),
        json!(""),
        json!("\u{0}"),
        json!("\u{feff}\u{202e}'\";--%_\\"),
        json!("9".repeat(400)),
        json!("x".repeat(70_000)),
        json!([]),
        json!([null, [], {}]),
        json!({}),
        json!({ "id": null }),
        json!({ "id": "018f3f2e-0000-7000-8000-000000000000" }),
        json!([{ "id": "018f3f2e-0000-7000-8000-000000000000" }]),
        json!([{ "id": "018f3f2e-0000-7000-8000-000000000000", "apiAction": "disconnect" }]),
    ]
}

#[track_caller]
fn is_no_failure(reply: &Reply, sent: &Value) {
    let sent = sent.to_string();
    let sent: String = sent.chars().take(200).collect();
    assert!(reply.status < 500, "{sent}: {reply:?}");
}

#[test]
fn odd_values_in_bodies_are_refused_or_stored() {
    let app = app();
    let root = app.super_user();
    for (path, fields) in MODELS {
        for field in fields {
            for value in odd_values() {
                let body = json!({ *field: value });
                is_no_failure(&root.post(&format!("/api/{path}"), body.clone()), &body);
                let row = format!("/api/{path}/018f3f2e-0000-7000-8000-000000000000");
                is_no_failure(&root.patch(&row, body.clone()), &body);
            }
        }
    }
}

#[test]
fn odd_values_in_an_otherwise_good_body_are_refused_or_stored() {
    let app = app();
    let root = app.super_user();
    let good = |app: &App| -> Vec<(&str, Value)> {
        let number = uuid::Uuid::now_v7().simple().to_string();
        let ada = app.sign_up("ada");
        vec![
            ("posts", json!({ "title": "Title", "content": "…", "slug": number })),
            ("tags", json!({ "name": number })),
            (
                "readings",
                json!({
                    "title": "An evening", "contact": "box@example.com", "seats": 40, "price": "12.50",
                    "day": "2026-03-22", "startsAt": "19:30"
                }),
            ),
            ("users", json!({ "email": format!("{number}@example.com"), "password": "Correct-Horse-7" })),
            ("auth-roles", json!({ "name": number })),
            ("user-profiles", json!({ "nickname": number, "userId": ada.id })),
        ]
    };
    for value in odd_values() {
        for (path, body) in good(&app) {
            let fields = MODELS.iter().find(|(known, _)| *known == path).map_or(&[][..], |(_, fields)| fields);
            for field in fields {
                let mut body: Map<String, Value> = body.as_object().expect("an object").clone();
                body.insert((*field).to_owned(), value.clone());
                let body = Value::Object(body);
                is_no_failure(&root.post(&format!("/api/{path}"), body.clone()), &body);
            }
        }
    }
}

#[test]
fn odd_values_in_queries_are_refused_or_compared() {
    let app = app();
    let root = app.super_user();
    let odd = [
        "",
        "%00",
        "%FF",
        "-1",
        "9999999999999999999999",
        "1e308",
        "NaN",
        "infinity",
        "0000-00-00",
        "24:00:60",
        "%F0%9F%8E%89",
        "'",
        "%25",
        "null",
        "true",
        "[]",
        "%7B%7D",
        "018f3f2e-0000-7000-8000-000000000000",
        "a,b",
        "-",
        "%2Bauthor",
        "*",
    ];
    for (path, fields) in MODELS {
        let known = [
            "sort",
            "fields",
            "page",
            "limit",
            "id",
            "createdAt",
            "cursor",
            "search",
            "filters",
            "filterMode",
            "count",
        ];
        for parameter in fields.iter().chain(&known) {
            for value in odd {
                let query = format!("/api/{path}?{parameter}={value}");
                assert!(root.get(&query).status < 500, "{query}");
            }
        }
    }
}
