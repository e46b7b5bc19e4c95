//! The list of permissions, and the explanation of why an account has one or not.

use serde_json::{Value, json};

use crate::harness::{Account, App, Client, Reply, app};

fn path(account: &Account, resource: &str, action: &str) -> String {
    format!("/api/auth-permissions/explain?account={}&resource={resource}&action={action}", account.id)
}

/// The explanation for the super user.
fn explained(app: &App, account: &Account, resource: &str, action: &str) -> Value {
    app.super_user().get(&path(account, resource, action)).succeeds(200)["data"].clone()
}

fn override_of(app: &App, account: &Account, (resource, action): (&str, &str), effect: &str) {
    let permission = json!({ "id": app.permission(resource, action) });
    let body = json!({ "user": account.reference(), "permission": permission, "effect": effect });
    app.super_user().post("/api/user-permissions", body).succeeds(201);
}

fn actions(client: &Client) -> Reply {
    client.get("/api/auth-actions")
}

fn entry(reply: &Reply, resource: &str, action: &str) -> Value {
    let list = reply["data"].as_array().expect("a list");
    let found = list.iter().find(|entry| entry["resource"] == resource && entry["action"] == action);
    found.unwrap_or_else(|| panic!("{resource}:{action} in {reply:?}")).clone()
}

#[test]
fn the_actions_are_for_those_who_are_logged_in() {
    let app = app();
    actions(&app).expect(401, "LoginRequired");
    app.with_token("a.b.c").get("/api/auth-actions").expect(401, "InvalidToken");
    actions(&app.sign_up("ada")).succeeds(200);
}

#[test]
fn every_permission_is_among_the_actions_and_nothing_else() {
    let app = app();
    let reply = actions(&app.sign_up("ada")).succeeds(200);
    let mut listed: Vec<(Value, Value)> = reply.column("resource").into_iter().zip(reply.column("action")).collect();
    let stored = app.super_user().get("/api/auth-permissions?limit=100").succeeds(200);
    assert_eq!(stored["total"], stored["results"], "one page has them all");
    let mut stored: Vec<(Value, Value)> = stored.column("resource").into_iter().zip(stored.column("action")).collect();
    let text = |pair: &(Value, Value)| format!("{}:{}", pair.0, pair.1);
    listed.sort_by_key(text);
    stored.sort_by_key(text);
    assert_eq!(reply["results"].as_u64(), Some(listed.len() as u64));
    assert_eq!(listed, stored);
}

#[test]
fn an_action_says_who_has_it_and_what_it_is() {
    let app = app();
    let reply = actions(&app.sign_up("ada")).succeeds(200);
    let publish = json!({
        "resource": "post", "action": "Publish", "name": "Publish Post",
        "description": "Put an article on the front page", "roles": ["Editor"],
    });
    assert_eq!(entry(&reply, "post", "Publish"), publish);
    assert_eq!(entry(&reply, "post", "View")["roles"], json!(["public", "Author", "Editor"]));
    assert_eq!(entry(&reply, "post", "Update")["roles"], json!(["Author", "Editor"]));
    assert_eq!(entry(&reply, "phone", "Create")["roles"], json!(["authenticated"]));
    assert_eq!(entry(&reply, "user", "Delete")["roles"], json!([]));
    assert_eq!(entry(&reply, "reading", "Restore")["roles"], json!(["Editor"]));
}

#[test]
fn an_explanation_is_for_super_users_and_those_who_hold_the_permission() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.editor("bob"));
    let path = path(&bob, "post", "Publish");
    app.get(&path).expect(401, "LoginRequired");
    ada.get(&path).expect(403, "NotEnoughPermissions");
    bob.get(&path).expect(403, "NotEnoughPermissions");
    override_of(&app, &ada, ("auth-permission", "Explain"), "allow");
    assert_eq!(ada.get(&path).succeeds(200)["data"]["allowed"], true);
    ada.get("/api/auth-permissions").expect(403, "NotEnoughPermissions");
}

#[test]
fn the_reason_for_a_super_user_is_being_one() {
    let app = app();
    let explanation = explained(&app, app.super_user(), "user", "Delete");
    assert_eq!((&explanation["allowed"], &explanation["because"]), (&json!(true), &json!(["super user"])));
    assert_eq!(explanation["rows"], Value::Null);
    assert_eq!(explanation["account"], app.super_user().id);
}

#[test]
fn roles_are_named_with_the_rows_that_they_open() {
    let app = app();
    let (ada, grace) = (app.sign_up("ada"), app.editor("grace"));
    let explanation = explained(&app, &ada, "post", "Update");
    assert_eq!((&explanation["allowed"], &explanation["because"]), (&json!(true), &json!(["role Author"])));
    assert_eq!(explanation["rows"], json!([["authorId = $me"]]));
    let explanation = explained(&app, &grace, "post", "Update");
    let mut because: Vec<_> = explanation["because"].as_array().expect("reasons").clone();
    because.sort_by_key(Value::to_string);
    assert_eq!(because, ["role Author", "role Editor"]);
    assert_eq!(explanation["rows"], Value::Null, "an editor's rule has no conditions");
    let explanation = explained(&app, &ada, "post", "View");
    assert_eq!(explanation["because"], json!(["role Author", "public"]));
    assert_eq!(explanation["rows"], json!([["status = published"], ["authorId = $me"]]));
}

#[test]
fn a_public_rule_is_a_reason() {
    let app = app();
    let ada = app.sign_up("ada");
    let explanation = explained(&app, &ada, "tag", "View");
    assert_eq!((&explanation["because"], &explanation["rows"]), (&json!(["public"]), &Value::Null));
    let explanation = explained(&app, &ada, "phone", "Update");
    assert_eq!(
        (&explanation["because"], &explanation["rows"]),
        (&json!(["authenticated"]), &json!([["userId = $me"]]))
    );
}

#[test]
fn a_permission_that_was_not_granted_has_no_reason() {
    let app = app();
    let explanation = explained(&app, &app.sign_up("ada"), "tag", "Delete");
    assert_eq!(
        (&explanation["allowed"], &explanation["because"], &explanation["rows"]),
        (&json!(false), &json!([]), &Value::Null)
    );
}

#[test]
fn a_denial_is_the_whole_reason() {
    let app = app();
    let grace = app.editor("grace");
    for (resource, action) in [("tag", "Delete"), ("tag", "View"), ("phone", "Create")] {
        override_of(&app, &grace, (resource, action), "deny");
        let explanation = explained(&app, &grace, resource, action);
        assert_eq!(
            (&explanation["allowed"], &explanation["because"]),
            (&json!(false), &json!(["denied to the account"]))
        );
    }
}

#[test]
fn an_override_that_allows_is_a_reason_besides_others() {
    let app = app();
    let ada = app.sign_up("ada");
    override_of(&app, &ada, ("post", "Update"), "allow");
    let explanation = explained(&app, &ada, "post", "Update");
    assert_eq!(explanation["because"], json!(["allowed to the account", "role Author"]));
    assert_eq!(explanation["rows"], Value::Null, "the allowance is bound by no rule");
}

#[test]
fn a_role_made_at_run_time_is_a_reason_like_any_other() {
    let app = app();
    let ada = app.sign_up("ada");
    let name = format!("Sweeper {}", uuid::Uuid::now_v7().simple());
    let links = json!([{ "id": app.permission("tag", "Delete") }]);
    let role =
        app.super_user().post("/api/auth-roles", json!({ "name": name, "permissions": links })).succeeds(201).id();
    let body = json!({ "user": ada.reference(), "role": { "id": role } });
    app.super_user().post("/api/user-roles", body).succeeds(201);
    let explanation = explained(&app, &ada, "tag", "Delete");
    assert_eq!((&explanation["because"], &explanation["rows"]), (&json!([format!("role {name}")]), &Value::Null));
}

#[test]
fn an_incomplete_or_invalid_question_is_refused() {
    let app = app();
    let ada = app.sign_up("ada");
    let ask = |query: &str| app.super_user().get(&format!("/api/auth-permissions/explain{query}"));
    for query in [
        String::new(),
        format!("?account={}", ada.id),
        format!("?account={}&resource=post", ada.id),
        format!("?account={}&resource=post&action=Fly", ada.id),
        format!("?account={}&resource=nothing&action=View", ada.id),
        "?account=nonsense&resource=post&action=View".to_owned(),
        "?account=%00&resource=post&action=View".to_owned(),
        "?resource=post&action=View".to_owned(),
        format!("?account={}&resource=post&action=View&more=1", ada.id),
        format!("?account={}&resource=post&resource=tag&action=View", ada.id),
    ] {
        ask(&query).expect(400, "InvalidRequestQuery");
    }
    ask("?account=018f3f2e-0000-7000-8000-000000000000&resource=post&action=View").expect(404, "UserNotFound");
}
