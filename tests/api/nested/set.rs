//! `set`: afterwards a relation contains the named rows and no others.

use serde_json::{Value, json};

use super::{MISSING_ID, article, included, path, word};
use crate::harness::{Client, app};

fn tag(editor: &Client) -> (String, String) {
    let name = word();
    let id = editor.post("/api/tags", json!({ "name": name })).succeeds(201).id();
    (id, name)
}

fn sorted(names: &[&String]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().copied().cloned().collect();
    names.sort();
    names
}

#[test]
fn tags_are_set_in_either_form() {
    let app = app();
    let grace = app.editor("grace");
    let (a, b, c) = (tag(&grace), tag(&grace), tag(&grace));
    let post = article(&grace, json!({ "tags": [{ "id": a.0 }, { "id": b.0 }] }));
    let names = || included(&app, &path(&post), "tags", "name");
    let set = |tags: Value| grace.patch(&path(&post), json!({ "tags": tags })).succeeds(200);
    set(json!([{ "id": b.0, "apiAction": "set" }, { "name": c.1, "apiAction": "set" }]));
    assert_eq!(names(), sorted(&[&b.1, &c.1]));
    set(json!({ "set": [{ "id": a.0 }, { "id": c.0 }] }));
    assert_eq!(names(), sorted(&[&a.1, &c.1]));
    set(json!({ "set": { "name": b.1 } }));
    assert_eq!(names(), sorted(&[&b.1]));
    set(json!({ "set": [] }));
    assert_eq!(names(), Vec::<String>::new());
}

#[test]
fn rows_linked_by_other_elements_remain_linked_besides_set() {
    let app = app();
    let grace = app.editor("grace");
    let (a, b, c, made) = (tag(&grace), tag(&grace), tag(&grace), word());
    let post = article(&grace, json!({ "tags": [{ "id": a.0 }, { "id": b.0 }] }));
    let tags = json!({ "set": [{ "id": c.0 }], "connect": [{ "id": b.0 }], "create": { "name": made } });
    grace.patch(&path(&post), json!({ "tags": tags })).succeeds(200);
    assert_eq!(included(&app, &path(&post), "tags", "name"), sorted(&[&b.1, &c.1, &made]));
}

#[test]
fn a_row_that_is_set_and_unlinked_at_once_is_refused_however_it_is_named() {
    let app = app();
    let grace = app.editor("grace");
    let a = tag(&grace);
    let post = article(&grace, json!({ "tags": [{ "id": a.0 }] }));
    for tags in [
        json!({ "set": [{ "name": a.1 }], "disconnect": [{ "name": a.1 }] }),
        json!({ "set": [{ "id": a.0 }], "disconnect": [{ "name": a.1 }] }),
        json!({ "set": [{ "name": a.1 }], "disconnect": [{ "id": a.0 }] }),
        json!({ "set": [{ "name": a.1 }], "delete": [{ "name": a.1 }] }),
        json!([{ "name": a.1, "apiAction": "connect" }, { "name": a.1, "apiAction": "disconnect" }]),
    ] {
        grace.patch(&path(&post), json!({ "tags": tags })).expect(400, "InvalidRequestBody");
        assert_eq!(included(&app, &path(&post), "tags", "name"), std::slice::from_ref(&a.1), "{tags}");
    }
}

#[test]
fn set_links_the_rows_of_a_new_row() {
    let app = app();
    let grace = app.editor("grace");
    let a = tag(&grace);
    let post = article(&grace, json!({ "tags": { "set": [{ "id": a.0 }] } }));
    assert_eq!(included(&app, &path(&post), "tags", "name"), [a.1]);
}

#[test]
fn a_set_that_names_a_missing_row_changes_nothing() {
    let app = app();
    let grace = app.editor("grace");
    let a = tag(&grace);
    let post = article(&grace, json!({ "tags": [{ "id": a.0 }] }));
    let body = json!({ "title": "Other", "tags": { "set": [{ "id": MISSING_ID }] } });
    let refused = grace.patch(&path(&post), body).expect(400, "InlineRecordNotFound");
    assert_eq!(refused.problem_fields(), ["tags.set.0"]);
    let said = json!({ "title": "Other", "tags": [{ "id": a.0, "apiAction": "set" }, { "id": a.0, "apiAction": "disconnect" }] });
    grace.patch(&path(&post), said).expect(400, "InvalidRequestBody");
    assert_eq!(app.row(&path(&post))["title"], "Title");
    assert_eq!(included(&app, &path(&post), "tags", "name"), [a.1]);
}

#[test]
fn rows_whose_key_never_changes_are_not_set() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&ada, json!({ "comments": [{ "content": "Stays" }] }));
    for comments in [
        json!({ "set": [] }),
        json!({ "set": [{ "id": MISSING_ID }] }),
        json!([{ "id": MISSING_ID, "apiAction": "set" }]),
    ] {
        ada.patch(&path(&post), json!({ "title": "Other", "comments": comments })).expect(400, "InvalidRequestBody");
    }
    assert_eq!(app.row(&path(&post))["title"], "Title");
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["Stays"]);
}

#[test]
fn rows_that_the_caller_cannot_see_remain_linked() {
    let app = app();
    let (ada, eve, root) = (app.sign_up("ada"), app.sign_up("eve"), app.super_user());
    let (hidden, seen) = (article(&eve, json!({})), article(&eve, json!({})));
    root.patch(&path(&seen), json!({ "status": "published" })).succeeds(200);
    let tag =
        root.post("/api/tags", json!({ "name": word(), "posts": [{ "id": hidden["id"] }, { "id": seen["id"] }] }));
    let tag = format!("/api/tags/{}", tag.succeeds(201).id());
    // An account that may change tags and cannot see drafts of others.
    let permission = app.permission("tag", "Update");
    root.post("/api/user-permissions", json!({ "userId": ada.id, "permissionId": permission })).succeeds(201);
    ada.patch(&tag, json!({ "posts": { "set": [] } })).succeeds(200);
    assert_eq!(included(&app, &tag, "posts", "id"), [hidden["id"].as_str().expect("an id")]);
    ada.patch(&tag, json!({ "posts": { "set": [{ "id": hidden["id"] }] } })).expect(400, "InlineRecordNotFound");
}

#[test]
fn a_role_cannot_be_set_to_permissions_that_the_caller_does_not_hold() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    for action in ["View", "Update"] {
        for resource in ["auth-role", "auth-permission"] {
            let permission = app.permission(resource, action);
            root.post("/api/user-permissions", json!({ "userId": ada.id, "permissionId": permission })).succeeds(201);
        }
    }
    let (held, more) = (app.permission("auth-role", "View"), app.permission("user", "Delete"));
    let role = root.post("/api/auth-roles", json!({ "name": word() })).succeeds(201).id();
    let role = format!("/api/auth-roles/{role}");
    ada.patch(&role, json!({ "permissions": { "set": [{ "id": held }, { "id": more }] } })).expect(403, "CannotGrant");
    assert_eq!(included(&app, &role, "permissions", "id"), Vec::<String>::new());
    ada.patch(&role, json!({ "permissions": { "set": [{ "id": held }] } })).succeeds(200);
    assert_eq!(included(&app, &role, "permissions", "id"), [held]);
    let eve = app.sign_up("eve");
    let id = role.rsplit('/').next().expect("an id");
    root.post("/api/user-roles", json!({ "userId": eve.id, "roleId": id })).succeeds(201);
    eve.get("/api/auth-roles").succeeds(200);
    // The rights are revoked at once.
    root.patch(&role, json!({ "permissions": { "set": [] } })).succeeds(200);
    eve.get("/api/auth-roles").expect(403, "NotEnoughPermissions");
}

#[test]
fn no_more_rows_are_unlinked_than_a_body_may_name() {
    let app = app();
    let root = app.super_user();
    let tag = root.post("/api/tags", json!({ "name": word() })).succeeds(201).id();
    let tag = format!("/api/tags/{tag}");
    let posts = |count: usize| -> Value {
        (0..count).map(|_| json!({ "title": "Title", "content": "…", "slug": word() })).collect()
    };
    root.patch(&tag, json!({ "posts": posts(600) })).succeeds(200);
    root.patch(&tag, json!({ "posts": posts(600) })).succeeds(200);
    let slug =
        root.get(&format!("{tag}?fields=+posts&posts[limit]=1")).succeeds(200)["data"]["posts"][0]["slug"].clone();
    let refused = root.patch(&tag, json!({ "posts": { "set": [{ "slug": slug }] } })).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["posts"]);
    let name = root.get(&tag).succeeds(200)["data"]["name"].as_str().expect("a name").to_owned();
    assert_eq!(app.count(&format!("/api/posts?tags[some][name]={name}")), 1200);
}
