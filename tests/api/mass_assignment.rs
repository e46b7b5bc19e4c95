//! Mass assignment: for every model, keys that a body may not contain are refused, and nothing is written. The caller
//! holds every permission, and is not a super user.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::harness::{Account, App, Reply, SharedApp, app};

/// A field, and a unique value for it.
type Change = (&'static str, fn(number: &str) -> Value);

/// One model of the Gazette.
struct Model {
    resource: &'static str,
    path: &'static str,
    /// A body for a new row; `number` makes it unique.
    body: fn(&Rows, number: &str) -> Value,
    /// An accepted change.
    change: Option<Change>,
    /// Fields that the server alone sets.
    read_only: &'static [&'static str],
    /// Fields that only a new row may set, each with an existing row.
    immutable: &'static [&'static str],
}

/// Rows to refer to.
struct Rows {
    account: String,
    other_account: String,
    post: String,
    role: String,
    permission: String,
}

const MODELS: [Model; 11] = [
    Model {
        resource: "post",
        path: "/api/posts",
        body: |_, number| json!({ "title": "Title", "content": "…", "slug": number }),
        change: Some(("title", |number| json!(format!("Title {number}")))),
        read_only: &["views", "publishedAt"],
        immutable: &[],
    },
    Model {
        resource: "comment",
        path: "/api/comments",
        body: |rows, _| json!({ "content": "Well said.", "post": { "id": rows.post } }),
        change: Some(("content", |number| json!(number))),
        read_only: &[],
        immutable: &["post", "postId", "author", "authorId"],
    },
    Model {
        resource: "tag",
        path: "/api/tags",
        body: |_, number| json!({ "name": number.replace('-', "") }),
        change: Some(("name", |number| json!(number.replace('-', "").replace('0', "x")))),
        read_only: &[],
        immutable: &[],
    },
    Model {
        resource: "reading",
        path: "/api/readings",
        body: |_, number| {
            json!({
                "title": number, "contact": "door@example.com", "seats": 7, "price": "12.50",
                "day": "2030-01-31", "startsAt": "19:30:00",
            })
        },
        change: Some(("seats", |_| json!(8))),
        read_only: &[],
        immutable: &["doorCode"],
    },
    Model {
        resource: "phone",
        path: "/api/phones",
        body: |_, number| json!({ "number": format!("+{:012}", digits(number)) }),
        change: Some(("label", |_| json!("mobile"))),
        read_only: &[],
        immutable: &["user", "userId"],
    },
    Model {
        resource: "user-profile",
        path: "/api/user-profiles",
        body: |rows, number| json!({ "nickname": number, "user": { "id": rows.other_account } }),
        change: Some(("nickname", |number| json!(&number[1..]))),
        read_only: &["birthday"],
        immutable: &["user", "userId"],
    },
    Model {
        resource: "user",
        path: "/api/users",
        body: |_, number| json!({ "email": format!("{number}@example.com"), "password": "Correct-Horse-7" }),
        change: Some(("bio", |number| json!(number))),
        read_only: &["isSuperUser", "lastLoginAt", "passwordChangedAt", "deletedSelfAccountAt"],
        immutable: &["password"],
    },
    Model {
        resource: "auth-role",
        path: "/api/auth-roles",
        body: |_, number| json!({ "name": number }),
        change: Some(("description", |number| json!(number))),
        read_only: &[],
        immutable: &[],
    },
    Model {
        resource: "auth-permission",
        path: "/api/auth-permissions",
        // All pairs have rows already.
        body: |_, _| json!({ "resource": "tag", "action": "View" }),
        change: None,
        read_only: &[],
        immutable: &[],
    },
    Model {
        resource: "user-role",
        path: "/api/user-roles",
        body: |rows, _| json!({ "user": { "id": rows.other_account }, "role": { "id": rows.role } }),
        change: None,
        read_only: &[],
        immutable: &["user", "userId", "role", "roleId"],
    },
    Model {
        resource: "user-permission",
        path: "/api/user-permissions",
        body: |rows, _| json!({ "user": { "id": rows.other_account }, "permission": { "id": rows.permission }, "effect": "deny" }),
        change: Some(("effect", |_| json!("allow"))),
        read_only: &[],
        immutable: &["user", "userId", "permission", "permissionId"],
    },
];

fn digits(number: &str) -> u128 {
    number.bytes().fold(0_u128, |sum, byte| (sum * 31 + u128::from(byte)) % 1_000_000_000_000)
}

/// Keys that no body of any model may contain, in the spellings that an attacker might try.
fn never() -> Vec<(&'static str, Value)> {
    let (id, time) = (json!("018f3f2e-0000-7000-8000-000000000000"), json!("2020-01-01T00:00:00Z"));
    vec![
        ("id", id.clone()),
        ("_id", id.clone()),
        ("ID", id),
        ("createdAt", time.clone()),
        ("created_at", time.clone()),
        ("updatedAt", time.clone()),
        ("updated_at", time.clone()),
        ("deletedAt", time.clone()),
        ("deleted_at", Value::Null),
        ("colour", json!("red")),
        ("", json!("")),
        ("__proto__", json!({ "isSuperUser": true })),
        ("$set", json!({ "isSuperUser": true })),
        ("isSuperUser", json!(true)),
        ("is_super_user", json!(true)),
        ("isAdmin", json!(true)),
        ("passwordHash", json!("$2b$04$abcdefghijklmnopqrstuv")),
        ("failedLoginAttempts", json!(0)),
        ("failed_login_attempts", json!(0)),
        ("lockedUntil", time.clone()),
        ("locked_until", Value::Null),
        ("passwordChangedAt", time.clone()),
        ("lastLoginAt", time.clone()),
        ("deletedSelfAccountAt", time),
        ("grants", json!([])),
    ]
}

/// All keys that a body of this model must not contain.
fn refused(model: &Model) -> Vec<(&'static str, Value)> {
    let mut fields = never();
    fields.extend(model.read_only.iter().map(|field| (*field, json!("2020-01-01T00:00:00Z"))));
    fields
}

fn number() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn plus(body: &Value, field: &str, value: &Value) -> Value {
    let mut more: Map<String, Value> = body.as_object().cloned().expect("a body");
    more.insert(field.to_owned(), value.clone());
    Value::Object(more)
}

/// The application and the accounts of a test.
struct Fixture {
    app: SharedApp,
    administrator: Account,
    rows: Rows,
}

/// Makes an account that holds every permission through a role made at run time.
fn fixture() -> Fixture {
    let app = app();
    let (administrator, other, author) = (app.sign_up("administrator"), app.sign_up("other"), app.sign_up("author"));
    let permissions = app.super_user().get("/api/auth-permissions?limit=100").succeeds(200);
    let links: Vec<Value> = permissions.column("id").into_iter().map(|id| json!({ "id": id })).collect();
    let role = app.super_user().post("/api/auth-roles", json!({ "name": number(), "permissions": links }));
    let role = json!({ "user": administrator.reference(), "role": { "id": role.succeeds(201).id() } });
    app.super_user().post("/api/user-roles", role).succeeds(201);
    let post =
        author.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": number() })).succeeds(201).id();
    let rows = Rows {
        account: author.id.clone(),
        other_account: other.id.clone(),
        post,
        role: app.role("Editor"),
        permission: app.permission("tag", "Create"),
    };
    Fixture { app, administrator, rows }
}

impl Fixture {
    fn body(&self, model: &Model) -> Value {
        (model.body)(&self.rows, &number())
    }

    /// Makes a row of this model and returns its path.
    fn row(&self, model: &Model) -> String {
        let made = self.administrator.post(model.path, self.body(model));
        match made.status {
            // The account has its one row already.
            409 => format!("{}/{}", model.path, self.app.permission("tag", "View")),
            _ => format!("{}/{}", model.path, made.succeeds(201).id()),
        }
    }
}

#[track_caller]
fn names(reply: &Reply, field: &str, what: &str) {
    assert_eq!((reply.status, &reply["code"]), (400, &json!("InvalidRequestBody")), "{what}: {reply:?}");
    let named = reply.problem_fields().iter().any(|found| *found == field || found.ends_with(&format!(".{field}")));
    assert!(named, "{what}: {reply:?}");
}

#[test]
fn every_model_is_tested() {
    let Fixture { app: _app, administrator, .. } = fixture();
    let listed = administrator.get("/api/auth-actions").succeeds(200);
    let listed: BTreeSet<String> =
        listed.column("resource").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let known: BTreeSet<String> = MODELS.iter().map(|model| model.resource.to_owned()).collect();
    assert_eq!(listed, known, "a new model belongs into the table of this file");
}

#[test]
fn a_new_row_cannot_set_protected_fields() {
    let fixture = fixture();
    for model in &MODELS {
        let body = fixture.body(model);
        for (field, value) in refused(model) {
            let what = format!("{} with {field}", model.resource);
            let body = plus(&body, field, &value);
            names(&fixture.administrator.post(model.path, body.clone()), field, &what);
            let many = fixture.administrator.post(&format!("{}/many", model.path), json!([body]));
            if model.resource == "reading" {
                assert_eq!(many.status, 405, "disabled in its schema");
            } else {
                names(&many, field, &what);
            }
        }
        // The body without the field is accepted, so the refusal was about the field.
        let made = fixture.administrator.post(model.path, body);
        assert!(made.status == 201 || model.resource == "auth-permission" && made.status == 409, "{made:?}");
    }
}

#[test]
fn a_changed_row_cannot_set_protected_fields() {
    let fixture = fixture();
    for model in &MODELS {
        let path = fixture.row(model);
        let id = path.rsplit('/').next().expect("an id");
        let before = fixture.app.row(&path);
        let mut fields = refused(model);
        fields.extend(model.immutable.iter().map(|field| (*field, json!(fixture.rows.account))));
        for (field, value) in fields {
            let what = format!("{} with {field}", model.resource);
            let change = match model.change {
                Some((name, value)) => json!({ name: value(&number()) }),
                None => json!({}),
            };
            let body = plus(&change, field, &value);
            names(&fixture.administrator.patch(&path, body.clone()), field, &what);
            names(&fixture.administrator.patch(&format!("{}/many?id={id}", model.path), body), field, &what);
            names(&fixture.administrator.patch(&path, json!({ field: value })), field, &what);
        }
        assert_eq!(fixture.app.row(&path), before, "{}", model.resource);
        if let Some((name, value)) = model.change {
            let changed = fixture.administrator.patch(&path, json!({ name: value(&number()) }));
            assert_ne!(changed.succeeds(200)["data"][name], before[name], "{}", model.resource);
        }
    }
}

#[test]
fn a_deletion_and_a_restoration_are_not_written_as_fields() {
    let fixture = fixture();
    let reading = MODELS.iter().find(|model| model.resource == "reading").expect("it is in the table");
    let path = fixture.row(reading);
    fixture.administrator.delete(&path).succeeds(204);
    let back = json!({ "deletedAt": null });
    assert!(matches!(fixture.administrator.patch(&path, back.clone()).status, 400 | 404));
    let many = format!("/api/readings/many?id={}", path.rsplit('/').next().expect("an id"));
    assert_eq!(fixture.administrator.patch(&many, back).status, 400);
    fixture.administrator.get(&path).expect(404, "ReadingNotFound");
}

/// Fields of an account that the server sets, in several spellings.
fn account_only() -> Vec<(&'static str, Value)> {
    let mut fields = never();
    for (name, value) in [
        ("isActive", json!(true)),
        ("isStaff", json!(true)),
        ("isEmailVerified", json!(true)),
        ("is_active", json!(true)),
        ("is_staff", json!(true)),
        ("role", json!("Editor")),
        ("roleId", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("roles", json!([{ "role": { "id": "018f3f2e-0000-7000-8000-000000000000" } }])),
        ("permissions", json!([{ "id": "018f3f2e-0000-7000-8000-000000000000" }])),
    ] {
        fields.push((name, value));
    }
    fields
}

#[test]
fn a_sign_up_cannot_set_protected_fields() {
    let app = app();
    for (field, value) in account_only() {
        let email = format!("{}@example.com", number());
        let body = json!({ "email": email, "password": "Correct-Horse-7", field: value });
        names(&app.post("/api/auth/signup", body), field, field);
        assert_eq!(app.count(&format!("/api/users?email={email}")), 0, "{field}");
    }
}

#[test]
fn an_account_cannot_change_its_own_protected_fields() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    let before = app.row(&path);
    for (field, value) in account_only() {
        names(&ada.patch("/api/users/me", json!({ "bio": "Changed", field: value })), field, field);
        names(&ada.patch("/api/users/me", json!({ field: null })), field, field);
    }
    assert_eq!(app.row(&path), before);
    assert_eq!(app.count(&format!("/api/user-roles?userId={}", ada.id)), 1);
    assert_eq!(app.count(&format!("/api/user-permissions?userId={}", ada.id)), 0);
}

#[test]
fn a_super_user_cannot_write_fields_that_the_server_sets() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    let before = app.row(&path);
    for (field, value) in never().into_iter().filter(|(field, _)| *field != "isSuperUser") {
        names(&app.super_user().patch(&path, json!({ "bio": "Changed", field: value })), field, field);
    }
    assert_eq!(app.row(&path), before);
}

#[test]
fn a_log_in_refuses_everything_but_its_credentials() {
    let app: &App = &app();
    let ada = app.sign_up("ada");
    for (field, value) in account_only().into_iter().filter(|(field, _)| !field.is_empty()) {
        let body = json!({ "email": ada.email, "password": "Correct-Horse-7", field: value });
        app.post("/api/auth/login", body).expect(400, "InvalidRequestBody");
    }
    let row = app.row(&format!("/api/users/{}", ada.id));
    assert_eq!((&row["isSuperUser"], &row["isStaff"]), (&json!(false), &json!(false)));
}
