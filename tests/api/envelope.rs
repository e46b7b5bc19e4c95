//! The envelope of every answer of the API, and the codes that clients of Arkos expect.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Reply, app, unique};

fn meta(reply: &Reply) -> &Value {
    &reply.json["meta"]
}

#[test]
fn an_error_without_details_has_an_empty_meta() {
    let app = app();
    let ada = app.sign_up("ada");
    let missing = "018f3f2e-0000-7000-8000-000000000000";
    assert_eq!(meta(&ada.get(&format!("/api/posts/{missing}")).expect(404, "PostNotFound")), &json!({}));
    assert_eq!(meta(&app.get("/api/nothing").expect(404, "RouteNotFound")), &json!({}));
    assert_eq!(meta(&app.get("/api/users/me").expect(401, "LoginRequired")), &json!({}));
    assert_eq!(meta(&ada.post("/api/tags", json!({ "name": "x" })).expect(403, "NotEnoughPermissions")), &json!({}));
    let wrong = json!({ "username": ada.username, "password": "Wrong-Passw0rd" });
    assert_eq!(meta(&app.post("/api/auth/login", wrong).expect(401, "IncorrectCredentials")), &json!({}));
}

#[test]
fn bulk_answers_say_how_many_rows_there_are() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = |title: &str| json!({ "title": title, "content": "…" });
    let both = |reply: Reply| assert_eq!((&reply["total"], &reply["results"]), (&json!(2), &json!(2)), "{reply:?}");
    both(ada.post("/api/posts/many", json!([post("One"), post("Two")])).succeeds(201));
    let many = format!("/api/posts/many?authorId={}", ada.id);
    both(ada.patch(&many, json!({ "summary": "Changed" })).succeeds(200));
    both(ada.delete(&many).succeeds(200));
}

#[test]
fn the_actions_of_one_resource_are_listed() {
    let app = app();
    let ada = app.sign_up("ada");
    let all = ada.get("/api/auth-actions").succeeds(200);
    assert_eq!(
        (&all["total"], &all["total"]),
        (&all["results"], &json!(all["data"].as_array().expect("a list").len()))
    );
    let posts = ada.get("/api/auth-actions/post").succeeds(200);
    assert_eq!(posts.column("action"), ["View", "Create", "Update", "Delete", "Publish"]);
    assert_eq!((&posts["total"], &posts["results"]), (&json!(5), &json!(5)));
    assert_eq!(ada.get("/api/auth-actions/user-profile").succeeds(200)["data"][0]["resource"], "user-profile");
    ada.get("/api/auth-actions/posts").expect(404, "AuthActionNotFound");
    ada.get("/api/auth-actions/post?page=1").expect(400, "InvalidRequestQuery");
    app.get("/api/auth-actions/post").expect(401, "LoginRequired");
    ada.delete("/api/auth-actions/post").expect(405, "MethodNotAllowed");
}

#[test]
fn constraints_have_the_names_of_arkos() {
    let app = app();
    let problems = |body: Value| {
        let refused = app.post("/api/auth/signup", body).expect(400, "InvalidRequestBody");
        refused.problems().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let body = |more: Value| {
        let mut body = json!({ "email": "ada@example.com", "password": PASSWORD });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    assert_eq!(problems(body(json!({ "email": "ada" }))), ["EmailIsEmailConstraint"]);
    assert_eq!(problems(body(json!({ "name": 7 }))), ["NameIsStringConstraint"]);
    assert_eq!(problems(body(json!({ "username": "a b c" }))), ["UsernameMatchesConstraint"]);
    assert_eq!(problems(body(json!({ "username": "a" }))), ["UsernameMinLengthConstraint"]);
    assert_eq!(problems(body(json!({ "posts": {} }))), ["PostsIsArrayConstraint"]);
    assert_eq!(problems(body(json!({ "profile": 1 }))), ["ProfileIsObjectConstraint"]);
    let refused = app.sign_up("ada").get("/api/posts/x").expect(400, "InvalidRequestParams");
    assert_eq!(refused.problems(), ["IdIsUuidConstraint"]);
}

#[test]
fn the_effect_of_a_permission_takes_any_case() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let body = |permission: &str, effect: &str| json!({ "userId": ada.id, "permissionId": app.permission("tag", permission), "effect": effect });
    let denied = root.post("/api/user-permissions", body("View", "Deny")).succeeds(201);
    assert_eq!(denied["data"]["effect"], "deny");
    ada.get("/api/tags").expect(403, "NotEnoughPermissions");
    let path = format!("/api/user-permissions/{}", denied.id());
    assert_eq!(root.patch(&path, json!({ "effect": "ALLOW" })).succeeds(200)["data"]["effect"], "allow");
    ada.get("/api/tags").succeeds(200);
    let refused = root.post("/api/user-permissions", body("Create", "Maybe")).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problems(), ["EffectIsEnumConstraint"]);
    assert_eq!(app.count(&format!("/api/user-permissions?userId={}", ada.id)), 1);
}

#[test]
fn a_bulk_write_without_a_list_has_its_own_code() {
    let app = app();
    let root = app.super_user();
    root.post("/api/tags/many", json!([])).expect(400, "MissingArrayRequestBody");
    let empty = root.request("POST", "/api/tags/many").header("Content-Type", "application/json").send();
    empty.expect(400, "MissingArrayRequestBody");
    for body in [json!({ "name": "x" }), json!("x"), json!(null)] {
        root.post("/api/tags/many", body).expect(400, "MissingArrayRequestBody");
    }
}

#[test]
fn a_new_password_that_is_too_weak_has_a_code_of_its_own() {
    let app = app();
    let ada = app.sign_up("ada");
    let change = |new: &str| json!({ "currentPassword": PASSWORD, "newPassword": new });
    let path = "/api/auth/update-password";
    let refused = ada.post(path, change("short")).expect(400, "PasswordDoesNotMeetRequirements");
    assert!(refused.problems().contains(&"NewPasswordMinLengthConstraint"), "{refused:?}");
    let mut more = change("short");
    more["other"] = json!(1);
    ada.post(path, more).expect(400, "InvalidRequestBody");
    // The password did not change.
    app.log_in(&ada.email, PASSWORD);
    let email = format!("{}@example.com", unique("weak"));
    app.post("/api/auth/signup", json!({ "email": email, "password": "short" })).expect(400, "InvalidRequestBody");
}
