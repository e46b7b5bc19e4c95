//! Changes of the keys of role data: both the permission that a row denied before and the one that it denies afterwards
//! are checked.

use serde_json::json;

use super::{ASSIGNMENTS, Guild, OVERRIDES};

const MEMBERS: (&str, &str) = ("member", "View");
/// A permission that the manager holds for every row.
const ROLES: (&str, &str) = ("auth-role", "View");

#[test]
fn a_denial_cannot_be_moved_to_another_account_or_permission() {
    let guild = Guild::new();
    let (manager, bob, eve) = (guild.manager(), guild.sign_up(), guild.sign_up());
    let role = guild.role(&[MEMBERS]);
    guild.made(ASSIGNMENTS, json!({ "memberId": bob.id, "roleId": role }));
    let denied = guild.override_of(&bob, MEMBERS, "deny");
    let (before, id) = (guild.row(&denied), denied.rsplit('/').next().expect("an id"));
    let many = format!("{OVERRIDES}/many?id={id}");
    for change in [
        json!({ "memberId": eve.id }),
        json!({ "permissionId": guild.permission(ROLES) }),
        json!({ "member": { "id": eve.id } }),
        json!({ "permission": { "id": guild.permission(ROLES) }, "reason": "moved" }),
        json!({ "effect": "allow", "permissionId": guild.permission(ROLES) }),
        json!({ "effect": "allow" }),
    ] {
        manager.client.patch(&denied, change.clone()).expect(403, "CannotGrant");
        if change.get("member").is_none() && change.get("permission").is_none() {
            manager.client.patch(&many, change).expect(403, "CannotGrant");
        }
    }
    manager.client.delete(&denied).expect(403, "CannotGrant");
    assert_eq!(guild.row(&denied), before);
    assert!(!guild.may(&bob, MEMBERS));
}

#[test]
fn a_denial_cannot_be_moved_by_the_body_of_another_model() {
    let guild = Guild::new();
    let (manager, bob, eve) = (guild.manager(), guild.sign_up(), guild.sign_up());
    for action in ["View", "Update"] {
        guild.override_of(&manager, ("member", action), "allow");
    }
    guild.override_of(&manager, ("chapter", "Delete"), "deny");
    let denied = guild.override_of(&bob, ("chapter", "Delete"), "deny");
    let before = guild.row(&denied);
    let id = denied.rsplit('/').next().expect("an id");
    let path = format!("/guild/members/{}", eve.id.as_str().expect("an id"));
    manager.client.patch(&path, json!({ "overrides": [{ "id": id }] })).expect(403, "CannotGrant");
    let path = format!("/guild/auth-permissions/{}", guild.permission(ROLES).as_str().expect("an id"));
    manager.client.patch(&path, json!({ "members": [{ "id": id }] })).expect(403, "CannotGrant");
    assert_eq!(guild.row(&denied), before);
}

#[test]
fn a_denial_may_be_changed_if_it_denies_the_same_permission() {
    let guild = Guild::new();
    let (manager, bob) = (guild.manager(), guild.sign_up());
    let denied = guild.override_of(&bob, MEMBERS, "deny");
    manager.client.patch(&denied, json!({ "reason": "On leave", "memberId": bob.id })).succeeds(200);
    assert!(!guild.may(&bob, MEMBERS));
    let held = guild.override_of(&bob, ROLES, "deny");
    let eve = guild.sign_up();
    manager.client.patch(&held, json!({ "memberId": eve.id })).succeeds(200);
}

#[test]
fn an_allowance_and_an_assignment_can_be_moved_if_they_grant_only_what_the_caller_holds() {
    let guild = Guild::new();
    let (manager, bob, eve) = (guild.manager(), guild.sign_up(), guild.sign_up());
    let (small, large) = (guild.role(&[ROLES]), guild.role(&[ROLES, MEMBERS]));
    let assigned = guild.made(ASSIGNMENTS, json!({ "memberId": bob.id, "roleId": small }));
    manager.client.patch(&assigned, json!({ "memberId": eve.id })).succeeds(200);
    assert!(guild.may(&eve, ROLES) && !guild.may(&bob, ROLES));
    let before = guild.row(&assigned);
    manager.client.patch(&assigned, json!({ "roleId": large })).expect(403, "CannotGrant");
    assert_eq!(guild.row(&assigned), before);
    let given = guild.made(ASSIGNMENTS, json!({ "memberId": bob.id, "roleId": large }));
    manager.client.patch(&given, json!({ "memberId": manager.id })).expect(403, "CannotGrant");
    let allowed = guild.override_of(&bob, MEMBERS, "allow");
    manager.client.patch(&allowed, json!({ "memberId": manager.id })).expect(403, "CannotGrant");
    manager.client.patch(&allowed, json!({ "permissionId": guild.permission(ROLES) })).succeeds(200);
    assert!(!guild.may(&manager, MEMBERS) && guild.may(&bob, MEMBERS), "bob has the large role");
}
