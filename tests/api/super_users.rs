//! Super users: only they can make super users, and the last one cannot be removed.

use serde_json::{Value, json};

use crate::harness::{Account, App, Client, PASSWORD, app, at_once, spawn_app, statuses};

fn path(account: &Account) -> String {
    format!("/api/users/{}", account.id)
}

fn many(account: &Account) -> String {
    format!("/api/users/many?id={}", account.id)
}

/// Makes an account with every permission on accounts that is not a super user.
fn administrator(app: &App) -> Account {
    let administrator = app.sign_up("administrator");
    for action in ["View", "Create", "Update", "Delete"] {
        let permission = json!({ "id": app.permission("user", action) });
        let body = json!({ "user": administrator.reference(), "permission": permission });
        app.super_user().post("/api/user-permissions", body).succeeds(201);
    }
    administrator
}

/// Makes another super user.
fn another(app: &App) -> Account {
    let account = app.sign_up("second");
    app.super_user().patch(&path(&account), json!({ "isSuperUser": true })).succeeds(200);
    account
}

fn is_super_user(client: &Client) -> bool {
    client.get("/api/auth-roles").status == 200
}

#[test]
fn an_administrator_makes_no_super_user() {
    let app = app();
    let (administrator, ada) = (administrator(&app), app.sign_up("ada"));
    administrator.patch(&path(&ada), json!({ "bio": "Changed" })).succeeds(200);
    for target in [&ada, &administrator] {
        let before = app.row(&path(target));
        for value in [json!(true), json!(false), json!(null), json!("true"), json!(1)] {
            let body = json!({ "isSuperUser": value });
            let reply = administrator.patch(&path(target), body.clone()).expect(400, "InvalidRequestBody");
            assert_eq!(reply.problem_fields(), ["isSuperUser"]);
            administrator.patch(&many(target), body).expect(400, "InvalidRequestBody");
        }
        assert_eq!(app.row(&path(target)), before);
    }
}

#[test]
fn an_administrator_cannot_change_a_super_user() {
    let app = app();
    let (administrator, root) = (administrator(&app), app.super_user());
    let before = app.row(&path(root));
    for change in [json!({ "isActive": false }), json!({ "email": "mine@example.com" }), json!({ "bio": "x" })] {
        administrator.patch(&path(root), change.clone()).expect(403, "NotEnoughPermissions");
        administrator.patch(&many(root), change).expect(403, "NotEnoughPermissions");
    }
    administrator.delete(&path(root)).expect(403, "NotEnoughPermissions");
    administrator.delete(&many(root)).expect(403, "NotEnoughPermissions");
    assert_eq!(app.row(&path(root)), before);
    assert!(is_super_user(root));
}

#[test]
fn a_bulk_change_that_reaches_a_super_user_changes_nobody() {
    let app = spawn_app();
    let (administrator, ada, root) = (administrator(&app), app.sign_up("ada"), app.super_user());
    let before = (app.row(&path(&ada)), app.row(&path(root)));
    administrator
        .patch("/api/users/many?isActive=true", json!({ "isActive": false }))
        .expect(403, "NotEnoughPermissions");
    administrator.delete("/api/users/many?isActive=true").expect(403, "NotEnoughPermissions");
    assert_eq!((app.row(&path(&ada)), app.row(&path(root))), before);
    ada.get("/api/users/me").succeeds(200);
}

#[test]
fn a_super_user_makes_and_unmakes_others() {
    let app = spawn_app();
    let second = another(&app);
    assert!(is_super_user(&second));
    second.patch(&path(app.super_user()), json!({ "isSuperUser": false })).succeeds(200);
    assert!(is_super_user(&second) && !is_super_user(app.super_user()));
}

/// Every request that would remove the only super user.
fn endings(root: &Account) -> [(&'static str, String, Value); 8] {
    [
        ("PATCH", path(root), json!({ "isSuperUser": false })),
        ("PATCH", path(root), json!({ "isActive": false })),
        ("PATCH", path(root), json!({ "isActive": false, "isSuperUser": false, "bio": "x" })),
        ("PATCH", many(root), json!({ "isSuperUser": false })),
        ("PATCH", "/api/users/many?isSuperUser=true".to_owned(), json!({ "isActive": false })),
        ("DELETE", path(root), Value::Null),
        ("DELETE", many(root), Value::Null),
        ("DELETE", "/api/users/me".to_owned(), Value::Null),
    ]
}

#[track_caller]
fn the_last_one_stays(app: &App, root: &Account) {
    let before = root.get(&path(root)).succeeds(200).json;
    for (method, path, body) in endings(root) {
        let request = root.request(method, &path);
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().expect(409, "LastSuperUser");
    }
    assert_eq!(root.get(&path(root)).succeeds(200).json, before);
    assert!(is_super_user(root));
    assert!(is_super_user(&app.log_in(&root.email, PASSWORD)));
}

#[test]
fn the_last_super_user_cannot_be_removed() {
    let app = spawn_app();
    app.sign_up("ada");
    the_last_one_stays(&app, app.super_user());
}

#[test]
fn a_suspended_super_user_does_not_count() {
    for ending in 0..3 {
        let app = spawn_app();
        let (root, second) = (app.super_user(), another(&app));
        match ending {
            0 => root.patch(&path(&second), json!({ "isActive": false })).succeeds(200),
            1 => second.delete("/api/users/me").succeeds(204),
            _ => root.delete(&path(&second)).succeeds(204),
        };
        the_last_one_stays(&app, root);
    }
}

#[test]
fn the_last_two_super_users_cannot_be_removed_together() {
    let app = spawn_app();
    let (root, second) = (app.super_user(), another(&app));
    let both = "/api/users/many?isSuperUser=true";
    root.patch(both, json!({ "isSuperUser": false })).expect(409, "LastSuperUser");
    root.patch(both, json!({ "isActive": false })).expect(409, "LastSuperUser");
    root.delete(both).expect(409, "LastSuperUser");
    assert!(is_super_user(root) && is_super_user(&second));
}

/// Makes two super users, who each send a request at the same time; one of the requests must fail.
fn one_of_two_stays(app: &App, act: impl Fn(&Account, &Account) -> crate::harness::Reply + Sync) {
    let pair = [app.super_user(), &another(app)];
    let replies = at_once(2, |number| act(pair[number], pair[1 - number]));
    let done = replies.iter().filter(|reply| matches!(reply.status, 200 | 204)).count();
    assert_eq!(done, 1, "{:?} {replies:#?}", statuses(&replies));
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 204 | 401 | 403 | 409)), "{replies:#?}");
    let left = pair.iter().filter(|account| is_super_user(account)).count();
    assert_eq!(left, 1, "{replies:#?}");
}

#[test]
fn of_two_who_demote_each_other_at_once_one_stays() {
    for _ in 0..3 {
        one_of_two_stays(&spawn_app(), |one, other| one.patch(&path(other), json!({ "isSuperUser": false })));
    }
}

#[test]
fn of_two_who_switch_each_other_off_at_once_one_stays() {
    one_of_two_stays(&spawn_app(), |one, other| one.patch(&path(other), json!({ "isActive": false })));
}

#[test]
fn of_two_who_delete_each_other_at_once_one_stays() {
    one_of_two_stays(&spawn_app(), |one, other| one.delete(&path(other)));
}

#[test]
fn of_two_who_delete_themselves_at_once_one_stays() {
    for _ in 0..3 {
        one_of_two_stays(&spawn_app(), |one, _| one.delete("/api/users/me"));
    }
}
