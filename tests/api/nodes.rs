//! Two processes on one database: rights that one of them revokes are refused by the other.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Account, App, Client, PASSWORD, Reply, Sql, spawn_app};

const CHANGED: &str = "Another-Horse-8";

/// A second node that has cached the account's identity.
fn other_node(app: &App, account: &Account) -> (crate::harness::Node, Client) {
    let node = app.another_node();
    let there = node.with_token(account.token().expect("a token"));
    there.get("/api/users/me").succeeds(200);
    (node, there)
}

/// Makes a second super user, who can be demoted.
fn second_super_user(app: &App) -> Account {
    let eve = app.sign_up("eve");
    app.super_user().patch(&format!("/api/users/{}", eve.id), json!({ "isSuperUser": true })).succeeds(200);
    app.log_in(&eve.email, PASSWORD)
}

#[test]
fn a_demoted_super_user_cannot_restore_themselves_at_another_node() {
    let app = spawn_app();
    let eve = second_super_user(&app);
    let path = format!("/api/users/{}", eve.id);
    let (_node, there) = other_node(&app, &eve);
    there.get("/api/users").succeeds(200);
    app.super_user().patch(&path, json!({ "isSuperUser": false })).succeeds(200);
    let reply = there.patch(&path, json!({ "isSuperUser": true }));
    assert!(matches!(reply.status, 401 | 403 | 409), "{reply:?}");
    assert_eq!(app.row(&path)["isSuperUser"], false);
}

/// Runs a statement in a transaction and commits it once `write` waits for its lock.
fn while_uncommitted(app: &App, statement: &str, write: impl FnOnce() -> Reply + Send) -> Reply {
    let mut sql = app.sql();
    sql.run("BEGIN");
    sql.run(statement);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(write);
        std::thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "it waits for the other transaction");
        sql.run("COMMIT");
        waiting.join().expect("a reply")
    })
}

#[test]
fn a_super_user_who_is_being_demoted_cannot_restore_themselves() {
    let app = spawn_app();
    let eve = second_super_user(&app);
    let path = format!("/api/users/{}", eve.id);
    let demote = format!("UPDATE users SET is_super_user = FALSE WHERE email = '{}'", eve.email);
    let reply = while_uncommitted(&app, &demote, || eve.patch(&path, json!({ "isSuperUser": true })));
    assert!(matches!(reply.status, 401 | 403 | 409), "{reply:?}");
    assert_eq!(app.row(&path)["isSuperUser"], false);
}

#[test]
fn a_super_user_who_is_being_demoted_cannot_make_another_through_a_relation() {
    let app = spawn_app();
    let (eve, bob) = (second_super_user(&app), app.sign_up("bob"));
    let demote = format!("UPDATE users SET is_super_user = FALSE WHERE email = '{}'", eve.email);
    let body = json!({ "title": "Title", "content": "…", "slug": "demoted", "authorId": bob.id });
    let post = app.super_user().post("/api/posts", body).succeeds(201).id();
    let body = json!({ "author": { "id": bob.id, "isSuperUser": true } });
    let reply = while_uncommitted(&app, &demote, || eve.patch(&format!("/api/posts/{post}"), body));
    assert!(matches!(reply.status, 401 | 403 | 409), "{reply:?}");
    assert_eq!(app.row(&format!("/api/users/{}", bob.id))["isSuperUser"], false);
}

#[test]
fn a_stolen_token_cannot_change_the_address_while_the_password_is_being_changed() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let change =
        format!("UPDATE users SET password_changed_at = now() + interval '1 hour' WHERE email = '{}'", ada.email);
    let change = if matches!(app.sql(), Sql::Postgres(_)) {
        change
    } else {
        change.replace("now() + interval '1 hour'", "'2999-01-01T00:00:00.000Z'")
    };
    let reply = while_uncommitted(&app, &change, || ada.patch("/api/users/me", json!({ "email": "eve@example.com" })));
    assert!(matches!(reply.status, 401 | 409), "{reply:?}");
    assert_eq!(app.row(&format!("/api/users/{}", ada.id))["email"], ada.email.as_str());
}

/// One statement revokes the right of two accounts, and waits for the row of the second.
#[test]
fn a_caller_whose_role_is_being_revoked_cannot_assign_it_again() {
    let app = spawn_app();
    let (ada, bob, root) = (app.sign_up("ada"), app.sign_up("bob"), app.super_user());
    let permissions = ["View", "Create"].map(|action| json!({ "id": app.permission("user-role", action) }));
    let role = root.post("/api/auth-roles", json!({ "name": "Warden", "permissions": permissions })).succeeds(201).id();
    let assignment = json!({ "userId": ada.id, "roleId": role });
    root.post("/api/user-roles", assignment.clone()).succeeds(201);
    root.post("/api/user-roles", json!({ "userId": bob.id, "roleId": role })).succeeds(201);
    ada.get("/api/user-roles").succeeds(200);
    let mut sql = app.sql();
    sql.run("BEGIN");
    let user = format!("SELECT id FROM users WHERE email = '{}'", bob.email);
    sql.run(&format!("UPDATE user_roles SET created_at = created_at WHERE user_id = ({user})"));
    let reply = std::thread::scope(|scope| {
        let taking = scope.spawn(|| root.delete(&format!("/api/user-roles/many?roleId={role}")).succeeds(200));
        std::thread::sleep(Duration::from_millis(300));
        let giving = scope.spawn(|| ada.post("/api/user-roles", assignment));
        std::thread::sleep(Duration::from_millis(300));
        sql.run("COMMIT");
        taking.join().expect("the role is taken");
        giving.join().expect("a reply")
    });
    assert!(matches!(reply.status, 403 | 409), "{reply:?}");
    assert_eq!(app.count(&format!("/api/user-roles?roleId={role}")), 0);
}

#[test]
fn a_suspended_super_user_cannot_restore_themselves_at_another_node() {
    let app = spawn_app();
    let eve = second_super_user(&app);
    let path = format!("/api/users/{}", eve.id);
    let (_node, there) = other_node(&app, &eve);
    app.super_user().patch(&path, json!({ "isActive": false })).succeeds(200);
    assert_eq!(there.patch(&path, json!({ "isActive": true })).status, 401);
    assert_eq!(app.row(&path)["isActive"], false);
}

#[test]
fn a_stolen_token_cannot_change_the_address_at_another_node_after_a_new_password() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let (node, stolen) = other_node(&app, &ada);
    let passwords = json!({ "currentPassword": PASSWORD, "newPassword": CHANGED });
    let renewed = ada.post("/api/auth/update-password", passwords).succeeds(200);
    let reply = stolen.patch("/api/users/me", json!({ "email": "eve@example.com" }));
    assert!(matches!(reply.status, 401 | 409), "{reply:?}");
    assert_eq!(app.row(&format!("/api/users/{}", ada.id))["email"], ada.email.as_str());
    let token = renewed["token"].as_str().map(str::to_owned);
    let token = token.unwrap_or_else(|| app.log_in(&ada.email, CHANGED).token().expect("a token").to_owned());
    node.with_token(&token).get("/api/users/me").succeeds(200);
}

#[test]
fn a_logged_out_caller_cannot_write_at_another_node() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let (_node, there) = other_node(&app, &ada);
    assert!(ada.delete("/api/auth/logout").status < 300);
    assert_eq!(there.patch("/api/users/me", json!({ "bio": "Still here" })).status, 401);
    assert_ne!(app.row(&format!("/api/users/{}", ada.id))["bio"], "Still here");
}

#[test]
fn a_revoked_role_permits_no_write_at_another_node() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let given = app.give_role(&ada, "Editor");
    let (_node, there) = other_node(&app, &ada);
    let tag = || json!({ "name": uuid::Uuid::now_v7().simple().to_string() });
    there.post("/api/tags", tag()).succeeds(201);
    app.super_user().delete(&format!("/api/user-roles/{given}")).succeeds(204);
    for _ in 0..20 {
        let reply = there.post("/api/tags", tag());
        assert!(matches!(reply.status, 403 | 409), "{reply:?}");
    }
    assert_eq!(app.count("/api/tags"), 1);
}

#[test]
fn a_permission_removed_from_a_role_permits_no_write_at_another_node() {
    let app = spawn_app();
    let ada = app.editor("ada");
    let (_node, there) = other_node(&app, &ada);
    let tag = || json!({ "name": uuid::Uuid::now_v7().simple().to_string() });
    there.post("/api/tags", tag()).succeeds(201);
    let link = json!({ "id": app.permission("tag", "Create"), "apiAction": "disconnect" });
    let editor = format!("/api/auth-roles/{}", app.role("Editor"));
    app.super_user().patch(&editor, json!({ "permissions": [link] })).succeeds(200);
    let reply = there.post("/api/tags", tag());
    assert!(matches!(reply.status, 403 | 409), "{reply:?}");
    assert_eq!(app.count("/api/tags"), 1);
}

#[test]
fn a_renewed_pair_is_valid_at_another_node_at_once_and_the_replaced_one_is_not() {
    let app = spawn_app();
    let ada = app.sign_up("ada");
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let pair = app.post("/authentication/local", body).succeeds(200);
    let text = |pair: &crate::harness::Reply, name: &str| pair[name].as_str().expect(name).to_owned();
    let node = app.another_node();
    let old = node.with_token(&text(&pair, "accessToken"));
    old.get("/api/users/me").succeeds(200);
    let renewed = app.with_token(&text(&pair, "refreshToken")).post("/authentication/renew", json!({})).succeeds(200);
    node.with_token(&text(&renewed, "accessToken")).get("/api/users/me").succeeds(200);
    old.get("/api/users/me").succeeds(401);
}

/// Measures the time from the answer to the revoking request until the other node refuses a read.
fn until_refused(there: &Client) -> Duration {
    let start = Instant::now();
    while there.get("/api/users/me").status != 401 {
        assert!(start.elapsed() < Duration::from_secs(10), "never refused");
    }
    start.elapsed()
}

#[test]
fn reads_at_another_node_are_refused_almost_at_once() {
    let app = spawn_app();
    let node = app.another_node();
    let mut times = Vec::new();
    // SQLite has no notifications, so a cached identity is used until it expires.
    for _ in 0..if app.database_is_postgres() { 10 } else { 2 } {
        let ada = app.sign_up("ada");
        let there = node.with_token(ada.token().expect("a token"));
        there.get("/api/users/me").succeeds(200);
        assert!(ada.delete("/api/auth/logout").status < 300);
        times.push(until_refused(&there));
    }
    times.sort();
    eprintln!(
        "measured: a revocation is in force at another node: median {:?}, worst {:?}",
        times[times.len() / 2],
        times.last()
    );
    if app.database_is_postgres() {
        // By the notification, and not by the expiry of the cached identity after five seconds.
        assert!(times[times.len() / 2] < Duration::from_millis(500), "{times:?}");
    }
}

#[test]
fn a_node_without_its_listener_does_not_use_cached_identities() {
    let app = spawn_app();
    if !app.database_is_postgres() {
        return;
    }
    let ada = app.sign_up("ada");
    let (_node, there) = other_node(&app, &ada);
    wait_for_listeners(&app);
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'gable listener'";
    assert!(app.number(end) >= 2, "each node has a listener");
    assert!(ada.delete("/api/auth/logout").status < 300);
    assert!(until_refused(&there) < Duration::from_millis(500), "not after what is remembered has aged");
    wait_for_listeners(&app);
}

fn wait_for_listeners(app: &App) {
    let start = Instant::now();
    let listeners = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'gable listener'";
    while app.number(listeners) < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "no listener comes back");
        std::thread::sleep(Duration::from_millis(50));
    }
}
