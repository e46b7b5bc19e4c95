//! Relations in a body grant no rights that the caller could not grant directly, and take no rows of others.

use serde_json::{Value, json};

use super::word;
use crate::escalation::{assign, links, manager, may, name, role_of};
use crate::harness::{Account, App, PASSWORD, app, spawn_app};

/// The account that manages roles, and may also change accounts and articles.
fn clerk(app: &App) -> Account {
    let clerk = manager(app);
    let more = ["user", "post", "phone", "user-profile"].map(|resource| {
        let actions =
            if resource == "user" { &["View", "Update"][..] } else { &["View", "Create", "Update", "Delete"] };
        actions.iter().map(|action| (resource, *action)).collect::<Vec<_>>()
    });
    assign(app, &clerk, &role_of(app, "Clerk", &more.concat()));
    clerk
}

#[test]
fn no_body_grants_its_sender_permissions_that_they_do_not_hold() {
    let app = app();
    let clerk = clerk(&app);
    let (sweep, editor) = (app.permission("tag", "Delete"), app.role("Editor"));
    let own = role_of(&app, "Tagger", &[("tag", "Create")]);
    assign(&app, &clerk, &own);
    let me = format!("/api/users/{}", clerk.id);
    let (role, permission) = (format!("/api/auth-roles/{own}"), format!("/api/auth-permissions/{sweep}"));
    let sweeping = json!({ "resource": "tag", "action": "Delete" });
    let prefix = word();
    let named = || format!("{prefix}-{}", word());
    let new = || json!({ "name": named(), "permissions": [sweeping] });
    let with_me = |mut role: Value| {
        role["accounts"] = json!([{ "userId": clerk.id }]);
        role
    };
    let attempts: Vec<(&str, &str, Value)> = vec![
        ("PATCH", &me, json!({ "roles": [{ "roleId": editor }] })),
        ("PATCH", &me, json!({ "roles": [{ "role": { "name": "Editor" } }] })),
        ("PATCH", &me, json!({ "roles": [{ "role": { "id": own, "permissions": [{ "id": sweep }] } }] })),
        ("PATCH", &me, json!({ "roles": [{ "role": new() }] })),
        ("PATCH", &me, json!({ "permissions": [{ "permissionId": sweep }] })),
        ("PATCH", &me, json!({ "permissions": [{ "permission": sweeping, "effect": "allow" }] })),
        ("PATCH", &role, json!({ "permissions": [sweeping] })),
        ("PATCH", &permission, json!({ "roles": [{ "id": own }] })),
        ("PATCH", &permission, json!({ "roles": [{ "name": named(), "apiAction": "create" }] })),
        ("PATCH", &permission, json!({ "accounts": [{ "userId": clerk.id }] })),
        ("PATCH", &permission, json!({ "accounts": [{ "user": { "username": clerk.username } }] })),
        ("POST", "/api/auth-roles", new()),
        ("POST", "/api/auth-roles", with_me(new())),
        ("POST", "/api/auth-roles/many", json!([{ "name": named() }, with_me(new())])),
        ("POST", "/api/user-roles", json!({ "userId": clerk.id, "role": new() })),
        ("POST", "/api/user-roles", json!({ "userId": clerk.id, "role": { "name": "Editor" } })),
        ("POST", "/api/user-roles/many", json!([{ "userId": clerk.id, "role": new() }])),
        ("POST", "/api/user-permissions", json!({ "userId": clerk.id, "permission": sweeping })),
    ];
    let state = || {
        let roles = app.count(&format!("/api/user-roles?userId={}", clerk.id));
        (app.row(&me), roles, app.count(&format!("/api/auth-roles?name[startsWith]={prefix}")))
    };
    let before = state();
    for (method, path, body) in attempts {
        let reply = clerk.request(method, path).json(&body).send();
        assert_eq!((reply.status, reply["code"].as_str()), (403, Some("CannotGrant")), "{body}: {reply:?}");
        assert!(!may(&app, &clerk, "tag", "Delete"), "{body}");
    }
    assert_eq!(state(), before);
}

#[test]
fn permissions_that_the_caller_holds_can_be_granted_through_relations() {
    let app = app();
    let (clerk, ada) = (clerk(&app), app.sign_up("ada"));
    let user = format!("/api/users/{}", ada.id);
    let role = json!({ "name": name("Tagger"), "permissions": links(&app, &[("tag", "Create")]) });
    ada.post("/api/tags", json!({ "name": name("tag") })).expect(403, "NotEnoughPermissions");
    let given = json!({ "roles": [{ "role": role }] });
    clerk.patch(&user, given).succeeds(200);
    // Nested changes of roles apply to the next request.
    ada.post("/api/tags", json!({ "name": name("tag") })).succeeds(201);
    let held = app.super_user().get(&format!("/api/user-roles?userId={}&sort=-createdAt", ada.id)).succeeds(200);
    let taken = json!({ "roles": [{ "id": held["data"][0]["id"], "apiAction": "delete" }] });
    clerk.patch(&user, taken).succeeds(200);
    ada.post("/api/tags", json!({ "name": name("tag") })).expect(403, "NotEnoughPermissions");
}

#[test]
fn an_account_with_more_permissions_cannot_be_taken_over_through_relations() {
    let app = app();
    let clerk = clerk(&app);
    let grace = app.editor("grace");
    let post = grace.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": word() }));
    let path = format!("/api/posts/{}", post.succeeds(201).id());
    let (user, root) = (format!("/api/users/{}", grace.id), app.super_user());
    let before = (app.row(&path), app.row(&user));
    let mine = "mine@example.com";
    for (author, status, code) in [
        (json!({ "id": grace.id, "email": mine }), 403, "CannotGrant"),
        (json!({ "id": grace.id, "username": "mine" }), 403, "CannotGrant"),
        (json!({ "id": grace.id, "isActive": false, "email": mine }), 403, "CannotGrant"),
        (json!({ "id": grace.id, "isSuperUser": true }), 400, "InvalidRequestBody"),
        (json!({ "id": grace.id, "password": PASSWORD }), 400, "InvalidRequestBody"),
        (json!({ "id": root.id, "email": mine }), 400, "InlineRecordNotFound"),
        (json!({ "id": clerk.id, "isSuperUser": true }), 400, "InvalidRequestBody"),
    ] {
        let body = json!({ "title": "Changed", "author": author });
        clerk.patch(&path, body).expect(status, code);
    }
    // Likewise when a row is created.
    for id in [&grace.id, &root.id] {
        let body = json!({ "title": "Title", "content": "…", "author": { "id": id, "email": mine } });
        let refused = clerk.post("/api/posts", body.clone());
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(clerk.post("/api/posts/many", json!([body])).status, 403);
    }
    assert_eq!((app.row(&path), app.row(&user)), before);
    assert_eq!(app.count(&format!("/api/users?email={mine}")), 0);
}

#[test]
fn the_last_super_user_cannot_be_removed_through_relations() {
    let app = spawn_app();
    let root = app.super_user();
    let post = json!({ "title": "Title", "content": "…", "authorId": root.id });
    let path = format!("/api/posts/{}", root.post("/api/posts", post).succeeds(201).id());
    let reading = json!({
        "title": "An evening", "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22",
        "startsAt": "19:30", "authorId": root.id,
    });
    let reading = format!("/api/readings/{}", root.post("/api/readings", reading).succeeds(201).id());
    let me = format!("/api/users/{}", root.id);
    let before = (app.row(&me), app.row(&path), app.row(&reading));
    for change in [json!({ "isSuperUser": false }), json!({ "isActive": false })] {
        let mut author = change;
        author["apiAction"] = json!("update");
        for path in [&path, &reading] {
            root.patch(path, json!({ "title": "Changed", "author": author })).expect(409, "LastSuperUser");
        }
    }
    root.patch(&reading, json!({ "author": { "apiAction": "delete" } })).expect(409, "LastSuperUser");
    assert_eq!((app.row(&me), app.row(&path), app.row(&reading)), before);
}

#[test]
fn an_account_suspended_through_a_relation_is_logged_out() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let post = ada.post("/api/posts", json!({ "title": "Title", "content": "…", "slug": word() }));
    let path = format!("/api/posts/{}", post.succeeds(201).id());
    let active = |is: bool| json!({ "author": { "id": ada.id, "isActive": is } });
    root.patch(&path, active(false)).succeeds(200);
    assert_eq!(ada.get("/api/users/me").status, 401);
    root.patch(&path, active(true)).succeeds(200);
    assert_eq!(ada.get("/api/users/me").status, 401, "the old log-in stays over");
    app.log_in(&ada.email, PASSWORD).get("/api/users/me").succeeds(200);
}

#[test]
fn passwords_of_accounts_in_bodies_are_checked_hashed_and_never_shown() {
    let app = app();
    let root = app.super_user();
    let email = format!("{}@example.com", word());
    let with = |password: &str| {
        let author = json!({ "email": email, "password": password });
        json!({ "title": "Title", "content": "…", "author": author })
    };
    let long = format!("Aa1{}", "ä".repeat(35));
    for password in ["short", "lowercase-7", &long, "Nul\u{0}-Horse-7"] {
        for reply in [root.post("/api/posts", with(password)), root.post("/api/posts/many", json!([with(password)]))] {
            let reply = reply.expect(400, "InvalidRequestBody");
            assert!(reply.problem_fields().iter().all(|field| field.ends_with("author.password")), "{reply:?}");
            assert!(!String::from_utf8_lossy(&reply.bytes).contains(password), "{reply:?}");
        }
    }
    assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
    let secret = format!("Very-Secret-{}", word());
    let made = root.post("/api/posts?fields=+author", with(&secret)).succeeds(201);
    assert!(!String::from_utf8_lossy(&made.bytes).contains("assword\":"), "{made:?}");
    app.log_in(&email, &secret);
    assert!(!app.output().contains(&secret));
}
