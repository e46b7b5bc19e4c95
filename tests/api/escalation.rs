//! Callers can grant only permissions that they hold. The manager in these tests may change every role, permission,
//! assignment and override, and may create tags but not delete them, so the manager cannot grant `tag:Delete`.

use serde_json::{Value, json};

use crate::harness::{Account, App, app, spawn_app};

const MANAGED: [&str; 4] = ["auth-role", "auth-permission", "user-role", "user-permission"];

pub(crate) fn name(prefix: &str) -> String {
    format!("{prefix} {}", uuid::Uuid::now_v7().simple())
}

pub(crate) fn links(app: &App, permissions: &[(&str, &str)]) -> Value {
    permissions.iter().map(|(resource, action)| json!({ "id": app.permission(resource, action) })).collect()
}

/// Makes a role and returns its id.
pub(crate) fn role_of(app: &App, prefix: &str, permissions: &[(&str, &str)]) -> String {
    let body = json!({ "name": name(prefix), "permissions": links(app, permissions) });
    app.super_user().post("/api/auth-roles", body).succeeds(201).id()
}

pub(crate) fn assign(app: &App, account: &Account, role: &str) {
    let body = json!({ "user": account.reference(), "role": { "id": role } });
    app.super_user().post("/api/user-roles", body).succeeds(201);
}

pub(crate) fn manager(app: &App) -> Account {
    let manager = app.sign_up("manager");
    let mut held: Vec<(&str, &str)> = vec![("tag", "View"), ("tag", "Create")];
    for resource in MANAGED {
        held.extend(["View", "Create", "Update", "Delete"].map(|action| (resource, action)));
    }
    assign(app, &manager, &role_of(app, "Manager", &held));
    manager
}

/// Makes an override as the super user and returns its path.
fn override_of(app: &App, account: &Account, (resource, action): (&str, &str), effect: &str) -> String {
    let permission = json!({ "id": app.permission(resource, action) });
    let body = json!({ "user": account.reference(), "permission": permission, "effect": effect });
    format!("/api/user-permissions/{}", app.super_user().post("/api/user-permissions", body).succeeds(201).id())
}

/// The permissions of an account, as explained to the super user.
pub(crate) fn may(app: &App, account: &Account, resource: &str, action: &str) -> bool {
    let path = format!("/api/auth-permissions/explain?account={}&resource={resource}&action={action}", account.id);
    app.super_user().get(&path).succeeds(200)["data"]["allowed"].as_bool().expect("an answer")
}

#[test]
fn a_role_cannot_be_made_with_more_than_its_maker_holds() {
    let app = app();
    let manager = manager(&app);
    let (fine, too_much) = (name("Fine"), name("Sweeper"));
    let body = json!({ "name": too_much, "permissions": links(&app, &[("tag", "Create"), ("tag", "Delete")]) });
    manager.post("/api/auth-roles", body.clone()).expect(403, "CannotGrant");
    manager.post("/api/auth-roles/many", json!([{ "name": fine }, body])).expect(403, "CannotGrant");
    for name in [fine, too_much] {
        assert_eq!(app.count(&format!("/api/auth-roles?name={}", name.replace(' ', "%20"))), 0, "{name}");
    }
}

#[test]
fn a_role_cannot_be_given_more_than_the_giver_holds() {
    let app = app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    let role = role_of(&app, "Tagger", &[("tag", "Create")]);
    assign(&app, &ada, &role);
    let body = json!({ "permissions": links(&app, &[("tag", "Delete")]) });
    let path = format!("/api/auth-roles/{role}");
    let before = app.row(&path);
    manager.patch(&path, body.clone()).expect(403, "CannotGrant");
    manager.patch(&path, json!({ "permissions": body["permissions"], "description": "x" })).expect(403, "CannotGrant");
    assert_eq!(app.row(&path), before);
    assert!(!may(&app, &ada, "tag", "Delete"));
}

#[test]
fn a_permission_cannot_be_put_into_a_role_from_its_own_side() {
    let app = app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    let role = role_of(&app, "Tagger", &[("tag", "Create")]);
    assign(&app, &ada, &role);
    let path = format!("/api/auth-permissions/{}", app.permission("tag", "Delete"));
    manager.patch(&path, json!({ "roles": [{ "id": role }] })).expect(403, "CannotGrant");
    assert!(!may(&app, &ada, "tag", "Delete"));
}

#[test]
fn a_role_that_holds_more_cannot_be_assigned() {
    let app = app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    let sweeper = role_of(&app, "Sweeper", &[("tag", "Delete")]);
    let fine = role_of(&app, "Tagger", &[("tag", "Create")]);
    for role in [sweeper, app.role("Editor")] {
        for account in [&ada, &manager] {
            let body = json!({ "user": account.reference(), "role": { "id": role } });
            manager.post("/api/user-roles", body.clone()).expect(403, "CannotGrant");
            let both = json!([{ "user": account.reference(), "role": { "id": fine } }, body]);
            manager.post("/api/user-roles/many", both).expect(403, "CannotGrant");
        }
    }
    assert!(!may(&app, &ada, "tag", "Delete") && !may(&app, &manager, "tag", "Delete"));
    for account in [&ada, &manager] {
        assert_eq!(app.count(&format!("/api/user-roles?userId={}&roleId={fine}", account.id)), 0, "all or nothing");
    }
}

#[test]
fn a_permission_that_is_not_held_cannot_be_allowed_to_an_account() {
    let app = app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    let permission = json!({ "id": app.permission("tag", "Delete") });
    for account in [&ada, &manager] {
        let body = json!({ "user": account.reference(), "permission": permission, "effect": "allow" });
        manager.post("/api/user-permissions", body.clone()).expect(403, "CannotGrant");
        manager.post("/api/user-permissions/many", json!([body])).expect(403, "CannotGrant");
        let by_default = json!({ "user": account.reference(), "permission": permission });
        manager.post("/api/user-permissions", by_default).expect(403, "CannotGrant");
        assert_eq!(app.count(&format!("/api/user-permissions?userId={}", account.id)), 0);
        assert!(!may(&app, account, "tag", "Delete"));
    }
}

#[test]
fn a_denial_cannot_be_turned_into_an_allowance_or_removed() {
    let app = app();
    let (manager, ada) = (manager(&app), app.editor("ada"));
    let path = override_of(&app, &ada, ("tag", "Delete"), "deny");
    let many = format!("/api/user-permissions/many?userId={}", ada.id);
    let before = app.row(&path);
    manager.patch(&path, json!({ "effect": "allow" })).expect(403, "CannotGrant");
    manager.patch(&many, json!({ "effect": "allow" })).expect(403, "CannotGrant");
    manager.delete(&path).expect(403, "CannotGrant");
    manager.delete(&many).expect(403, "CannotGrant");
    assert_eq!(app.row(&path), before);
    assert!(!may(&app, &ada, "tag", "Delete"));
}

#[test]
fn an_account_cannot_remove_its_own_denial() {
    let app = app();
    let manager = manager(&app);
    let path = override_of(&app, &manager, ("tag", "Create"), "deny");
    manager.post("/api/tags", json!({ "name": name("a") })).expect(403, "NotEnoughPermissions");
    manager.delete(&path).expect(403, "CannotGrant");
    manager.patch(&path, json!({ "effect": "allow" })).expect(403, "CannotGrant");
    let row = app.row(&path);
    assert_eq!(row["effect"], "deny");
    assert!(!may(&app, &manager, "tag", "Create"));
}

#[test]
fn a_denial_does_not_go_with_its_permission() {
    let app = spawn_app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    // `access:` permits everybody to see comments and to keep a phone number; only a denial overrides that.
    for (resource, action) in [("comment", "View"), ("phone", "Create")] {
        for account in [&ada, &manager] {
            override_of(&app, account, (resource, action), "deny");
            assert!(!may(&app, account, resource, action));
        }
        let path = format!("/api/auth-permissions/{}", app.permission(resource, action));
        manager.delete(&path).expect(403, "CannotGrant");
        let many = format!("/api/auth-permissions/many?resource={resource}&action={action}");
        manager.delete(&many).expect(403, "CannotGrant");
        assert!(!may(&app, &ada, resource, action) && !may(&app, &manager, resource, action));
    }
}

#[test]
fn a_denial_does_not_move_to_another_permission() {
    let app = spawn_app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    override_of(&app, &ada, ("comment", "View"), "deny");
    let path = format!("/api/auth-permissions/{}", app.permission("comment", "View"));
    // Everybody may see tags, so the manager may grant that, and no override for it exists any longer.
    app.super_user().delete(&format!("/api/auth-permissions/{}", app.permission("tag", "View"))).succeeds(204);
    let before = app.row(&path);
    manager.patch(&path, json!({ "resource": "tag", "action": "View" })).expect(403, "CannotGrant");
    assert_eq!(app.row(&path), before);
    assert!(!may(&app, &ada, "comment", "View"));
}

#[test]
fn a_permission_cannot_be_rewritten_into_one_that_is_not_held() {
    let app = spawn_app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    app.super_user().delete(&format!("/api/auth-permissions/{}", app.permission("tag", "Delete"))).succeeds(204);
    let role = role_of(&app, "Tagger", &[("tag", "Create")]);
    assign(&app, &ada, &role);
    let path = format!("/api/auth-permissions/{}", app.permission("tag", "Create"));
    let before = app.row(&path);
    manager.patch(&path, json!({ "action": "Delete" })).expect(403, "CannotGrant");
    manager
        .patch("/api/auth-permissions/many?resource=tag&action=Create", json!({ "action": "Delete" }))
        .expect(403, "CannotGrant");
    assert_eq!(app.row(&path), before);
    let new = json!({ "resource": "tag", "action": "Delete", "roles": [{ "id": role }] });
    manager.post("/api/auth-permissions", new.clone()).expect(403, "CannotGrant");
    manager.post("/api/auth-permissions/many", json!([new])).expect(403, "CannotGrant");
    assert_eq!(app.count("/api/auth-permissions?resource=tag&action=Delete"), 0);
    assert!(!may(&app, &ada, "tag", "Delete"));
}

#[test]
fn not_even_a_super_user_can_rename_a_role_that_the_schema_names() {
    let app = app();
    let path = format!("/api/auth-roles/{}", app.role("Author"));
    app.super_user().patch(&path, json!({ "name": name("Free") })).expect(409, "RoleNamedInSchema");
    app.super_user().patch(&path, json!({ "name": "Author", "description": "Who writes" })).succeeds(200);
    assert_eq!(app.row(&path)["name"], "Author");
}

#[test]
fn a_role_that_the_schema_names_cannot_be_renamed() {
    let app = app();
    let manager = manager(&app);
    for role in ["Author", "Editor"] {
        let id = app.role(role);
        let (path, many) = (format!("/api/auth-roles/{id}"), format!("/api/auth-roles/many?id={id}"));
        manager.patch(&path, json!({ "name": name("Free") })).expect(403, "CannotGrant");
        manager.patch(&many, json!({ "name": name("Free") })).expect(403, "CannotGrant");
        assert_eq!(app.row(&path)["name"], role);
    }
}

#[test]
fn who_may_do_something_with_their_own_rows_cannot_let_others_do_it_with_all() {
    let app = app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    assert!(may(&app, &manager, "post", "Update"), "as an author, with articles of their own");
    let before = app.count(&format!("/api/user-permissions?userId={}", ada.id));
    for (resource, action) in [("post", "Update"), ("post", "Create"), ("phone", "View"), ("user-profile", "Delete")] {
        let permission = json!({ "id": app.permission(resource, action) });
        let allow = json!({ "user": ada.reference(), "permission": permission });
        manager.post("/api/user-permissions", allow).expect(403, "CannotGrant");
        let role = json!({ "name": name("Anything"), "permissions": [permission] });
        manager.post("/api/auth-roles", role).expect(403, "CannotGrant");
    }
    assert_eq!(app.count(&format!("/api/user-permissions?userId={}", ada.id)), before);
}

#[test]
fn permissions_held_for_all_rows_can_be_granted_in_every_way() {
    let app = spawn_app();
    let (manager, ada, bob, grace) = (manager(&app), app.sign_up("ada"), app.sign_up("bob"), app.sign_up("grace"));
    let tag = |account: &Account| account.post("/api/tags", json!({ "name": name("t") })).status;
    let permission = json!({ "id": app.permission("tag", "Create") });
    let allow = json!({ "user": ada.reference(), "permission": permission });
    manager.post("/api/user-permissions", allow).succeeds(201);
    assert_eq!(tag(&ada), 201);

    let role = json!({ "name": name("Tagger"), "permissions": [permission] });
    let role = manager.post("/api/auth-roles", role).succeeds(201).id();
    let assigned = json!({ "user": bob.reference(), "role": { "id": role } });
    let assigned = manager.post("/api/user-roles", assigned).succeeds(201).id();
    assert_eq!(tag(&bob), 201);
    let out = json!({ "permissions": [{ "id": permission["id"], "apiAction": "disconnect" }] });
    manager.patch(&format!("/api/auth-roles/{role}"), out).succeeds(200);
    assert_eq!(tag(&bob), 403);
    manager.patch(&format!("/api/auth-roles/{role}"), json!({ "permissions": [permission] })).succeeds(200);
    manager.patch(&format!("/api/auth-roles/{role}"), json!({ "name": name("Renamed") })).succeeds(200);
    assert_eq!(tag(&bob), 201);
    manager.delete(&format!("/api/user-roles/{assigned}")).succeeds(204);
    assert_eq!(tag(&bob), 403);

    let path = format!("/api/auth-permissions/{}", app.permission("tag", "Create"));
    let other = manager.post("/api/auth-roles", json!({ "name": name("Other") })).succeeds(201).id();
    manager.patch(&path, json!({ "roles": [{ "id": other }] })).succeeds(200);
    manager.post("/api/user-roles", json!({ "user": grace.reference(), "role": { "id": other } })).succeeds(201);
    assert_eq!(tag(&grace), 201);
}

#[test]
fn permissions_that_the_caller_does_not_hold_can_be_revoked() {
    let app = spawn_app();
    let (manager, grace) = (manager(&app), app.editor("grace"));
    let permission = json!({ "id": app.permission("tag", "Delete") });
    let deny = json!({ "user": grace.reference(), "permission": permission, "effect": "deny" });
    manager.post("/api/user-permissions", deny).succeeds(201);
    assert!(!may(&app, &grace, "tag", "Delete"));
    let bob = app.editor("bob");
    let allowed = override_of(&app, &bob, ("tag", "Delete"), "allow");
    manager.delete(&allowed).succeeds(204);
    manager.delete(&format!("/api/user-roles/many?userId={}&roleId={}", bob.id, app.role("Editor"))).succeeds(200);
    assert!(!may(&app, &bob, "tag", "Delete"));
}

#[test]
fn a_manager_cannot_grant_a_permission_that_they_lost() {
    let app = spawn_app();
    let (manager, ada, bob) = (manager(&app), app.sign_up("ada"), app.sign_up("bob"));
    let permission = json!({ "id": app.permission("tag", "Create") });
    let allow = |account: &Account| {
        manager.post("/api/user-permissions", json!({ "user": account.reference(), "permission": permission }))
    };
    allow(&ada).succeeds(201);
    override_of(&app, &manager, ("tag", "Create"), "deny");
    allow(&bob).expect(403, "CannotGrant");
    assert!(may(&app, &ada, "tag", "Create") && !may(&app, &bob, "tag", "Create"));
}

#[test]
fn a_role_of_ones_own_cannot_be_granted_if_a_denial_removes_one_of_its_permissions() {
    let app = spawn_app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    let tagger = role_of(&app, "Tagger", &[("tag", "Create"), ("tag", "Delete")]);
    assign(&app, &manager, &tagger);
    let give = |account: &Account| {
        manager.post("/api/user-roles", json!({ "user": account.reference(), "role": { "id": tagger } }))
    };
    give(&ada).succeeds(201);
    override_of(&app, &manager, ("tag", "Delete"), "deny");
    let bob = app.sign_up("bob");
    give(&bob).expect(403, "CannotGrant");
    assert!(may(&app, &ada, "tag", "Delete") && !may(&app, &bob, "tag", "Delete"));
}

#[test]
fn a_role_that_the_giver_has_can_be_given_with_its_rules() {
    let app = app();
    let (manager, ada) = (manager(&app), app.sign_up("ada"));
    let author = app.role("Author");
    app.super_user().delete(&format!("/api/user-roles/many?userId={}", ada.id)).succeeds(200);
    assert!(!may(&app, &ada, "post", "Create"));
    manager.post("/api/user-roles", json!({ "user": ada.reference(), "role": { "id": author } })).succeeds(201);
    assert!(may(&app, &ada, "post", "Create"));
}
