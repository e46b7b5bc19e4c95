//! Permissions, row rules and field masks. After each refusal, the protected row is read as a super user.

use serde_json::{Value, json};

use crate::harness::{Account, App, PASSWORD, Reply, app, spawn_app};

fn slug() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn post(author: &Account, title: &str) -> Reply {
    author.post("/api/posts", json!({ "title": title, "content": "…", "slug": slug() })).succeeds(201)
}

/// Starts a separate application for tests of cached identities, because other tests empty the cache when they change
/// roles.
fn undisturbed() -> App {
    spawn_app()
}

/// Makes a draft of this author and returns its path.
fn draft(author: &Account) -> String {
    format!("/api/posts/{}", post(author, "A draft").id())
}

/// Makes an article that everybody may read, and returns its path.
fn published(app: &App, author: &Account) -> String {
    let path = draft(author);
    app.super_user().patch(&path, json!({ "status": "published" })).succeeds(200);
    path
}

fn tag_name() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Grants a permission to an account, or denies it, and returns the path of the override.
fn override_permission(app: &App, account: &Account, resource: &str, action: &str, effect: &str) -> String {
    let permission = json!({ "id": app.permission(resource, action) });
    let body = json!({ "user": account.reference(), "permission": permission, "effect": effect });
    format!("/api/user-permissions/{}", app.super_user().post("/api/user-permissions", body).succeeds(201).id())
}

#[test]
fn anonymous_callers_see_published_articles_only() {
    let app = app();
    let ada = app.sign_up("ada");
    let (draft, published) = (draft(&ada), published(&app, &ada));
    app.get(&published).succeeds(200);
    app.get(&draft).expect(404, "PostNotFound");
    let listed = app.get(&format!("/api/posts?authorId={}", ada.id)).succeeds(200);
    assert_eq!((&listed["total"], listed.column("status")), (&json!(1), vec![json!("published")]));
    let drafts = app.get(&format!("/api/posts?authorId={}&status=draft", ada.id)).succeeds(200);
    assert_eq!(drafts["total"], 0, "a filter cannot reach behind the row rule");
}

#[test]
fn a_hidden_row_answers_exactly_like_one_that_is_not_there() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let missing = "/api/posts/018f3f2e-0000-7000-8000-000000000000";
    let hidden = draft(&ada);
    assert_eq!(bob.get(&hidden).expect(404, "PostNotFound").bytes, bob.get(missing).bytes);
    assert_eq!(bob.delete(&hidden).expect(404, "PostNotFound").bytes, bob.delete(missing).bytes);
    let change = json!({ "title": "Mine now" });
    assert_eq!(bob.patch(&hidden, change.clone()).expect(404, "PostNotFound").bytes, bob.patch(missing, change).bytes);
    assert_eq!(app.row(&hidden)["title"], "A draft");
}

#[test]
fn an_author_sees_their_own_drafts_and_nobody_elses() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let draft = draft(&ada);
    ada.get(&draft).succeeds(200);
    bob.get(&draft).expect(404, "PostNotFound");
    assert_eq!(ada.get(&format!("/api/posts?authorId={}", ada.id)).succeeds(200)["total"], 1);
    assert_eq!(bob.get(&format!("/api/posts?authorId={}", ada.id)).succeeds(200)["total"], 0);
}

#[test]
fn anonymous_callers_cannot_write() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = published(&app, &ada);
    let before = app.row(&path);
    let body = json!({ "title": "Anonymous", "content": "…" });
    app.post("/api/posts", body.clone()).expect(401, "LoginRequired");
    app.post("/api/posts/many", json!([body])).expect(401, "LoginRequired");
    app.patch(&path, json!({ "title": "Defaced" })).expect(401, "LoginRequired");
    app.delete(&path).expect(401, "LoginRequired");
    let many = format!("/api/posts/many?authorId={}", ada.id);
    app.patch(&many, json!({ "title": "Defaced" })).expect(401, "LoginRequired");
    app.delete(&many).expect(401, "LoginRequired");
    assert_eq!(app.row(&path), before);
    assert_eq!(app.count("/api/posts?title=Anonymous"), 0);
}

#[test]
fn a_refusal_comes_before_the_body_is_looked_at() {
    let app = app();
    let nonsense = |client: &crate::harness::Client, path: &str| {
        client.request("POST", path).header("Content-Type", "application/json").body("{ nonsense").send()
    };
    nonsense(&app, "/api/posts").expect(401, "LoginRequired");
    nonsense(&app.sign_up("ada"), "/api/tags").expect(403, "NotEnoughPermissions");
}

#[test]
fn an_author_cannot_touch_another_authors_article() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    // Bob can read it but not change it.
    let path = published(&app, &ada);
    let before = app.row(&path);
    bob.get(&path).succeeds(200);
    bob.patch(&path, json!({ "title": "Bob's now" })).expect(404, "PostNotFound");
    bob.delete(&path).expect(404, "PostNotFound");
    assert_eq!(app.row(&path), before);
}

#[test]
fn a_bulk_write_reaches_the_callers_own_rows_only() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let title = slug();
    let (hers, his) = (post(&ada, &title).id(), post(&bob, &title).id());
    let many = format!("/api/posts/many?title={title}");
    let changed = bob.patch(&many, json!({ "summary": "Bob was here" })).succeeds(200);
    assert_eq!(changed.column("id"), [his.as_str()]);
    assert_eq!(app.row(&format!("/api/posts/{hers}"))["summary"], Value::Null);
    assert_eq!(bob.delete(&many).succeeds(200).column("id"), [his.as_str()]);
    app.row(&format!("/api/posts/{hers}"));
}

#[test]
fn no_row_can_be_written_with_another_account_as_its_author() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let article = json!({ "title": "By Ada?", "content": "…", "slug": slug(), "authorId": ada.id });
    bob.post("/api/posts", article.clone()).expect(403, "NotEnoughPermissions");
    bob.post("/api/posts/many", json!([article])).expect(403, "NotEnoughPermissions");
    let related = json!({ "title": "By Ada?", "content": "…", "slug": slug(), "author": ada.reference() });
    bob.post("/api/posts", related).expect(403, "NotEnoughPermissions");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
    let profile = json!({ "nickname": slug(), "user": ada.reference() });
    bob.post("/api/user-profiles", profile).expect(403, "NotEnoughPermissions");
    assert_eq!(app.count(&format!("/api/user-profiles?userId={}", ada.id)), 0);
}

#[test]
fn nobody_gives_their_article_to_somebody_else() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let path = draft(&ada);
    let before = app.row(&path);
    ada.patch(&path, json!({ "authorId": bob.id })).expect(403, "NotEnoughPermissions");
    ada.patch(&path, json!({ "author": bob.reference(), "title": "Yours" })).expect(403, "NotEnoughPermissions");
    let many = format!("/api/posts/many?authorId={}", ada.id);
    ada.patch(&many, json!({ "author": bob.reference() })).expect(403, "NotEnoughPermissions");
    assert_eq!(app.row(&path), before);
}

#[test]
fn giving_an_article_to_oneself_changes_nothing_and_is_allowed() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = draft(&ada);
    assert_eq!(ada.patch(&path, json!({ "authorId": ada.id })).succeeds(200)["data"]["authorId"], ada.id);
}

#[test]
fn an_editor_may_change_and_give_away_any_article() {
    let app = app();
    let (ada, bob, grace) = (app.sign_up("ada"), app.sign_up("bob"), app.editor("grace"));
    let path = draft(&ada);
    grace.get(&path).succeeds(200);
    assert_eq!(grace.patch(&path, json!({ "author": bob.reference() })).succeeds(200)["data"]["authorId"], bob.id);
    ada.get(&path).expect(404, "PostNotFound");
    grace.delete(&path).succeeds(204);
}

#[test]
fn a_role_is_in_force_on_the_next_request_and_gone_after_its_removal() {
    let app = undisturbed();
    let ada = app.sign_up("ada");
    let create = |name: &str| ada.post("/api/tags", json!({ "name": name }));
    let (first, second, third) = (tag_name(), tag_name(), tag_name());
    create(&first).expect(403, "NotEnoughPermissions");
    let assignment = app.give_role(&ada, "Editor");
    create(&second).succeeds(201);
    app.super_user().delete(&format!("/api/user-roles/{assignment}")).succeeds(204);
    create(&third).expect(403, "NotEnoughPermissions");
    let stored = |name: &str| app.count(&format!("/api/tags?name={name}"));
    assert_eq!((stored(&first), stored(&second), stored(&third)), (0, 1, 0));
}

#[test]
fn a_role_is_gone_from_every_log_in_of_the_account_and_from_no_other_account() {
    let app = undisturbed();
    let ada = app.sign_up("ada");
    let (again, bob) = (app.log_in(&ada.email, PASSWORD), app.editor("bob"));
    let assignment = app.give_role(&ada, "Editor");
    let create = |account: &Account| account.post("/api/tags", json!({ "name": tag_name() }));
    [&ada, &again, &bob].into_iter().for_each(|account| drop(create(account).succeeds(201)));
    app.super_user().delete(&format!("/api/user-roles/{assignment}")).succeeds(204);
    create(&ada).expect(403, "NotEnoughPermissions");
    create(&again).expect(403, "NotEnoughPermissions");
    create(&bob).succeeds(201);
}

#[test]
fn roles_can_be_taken_away_in_bulk() {
    let app = undisturbed();
    let ada = app.editor("ada");
    ada.post("/api/tags", json!({ "name": tag_name() })).succeeds(201);
    app.super_user().delete(&format!("/api/user-roles/many?userId={}", ada.id)).succeeds(200);
    ada.post("/api/tags", json!({ "name": tag_name() })).expect(403, "NotEnoughPermissions");
    ada.post("/api/posts", json!({ "title": "Nor as an author", "content": "…" })).expect(403, "NotEnoughPermissions");
}

#[test]
fn one_permission_can_be_given_to_one_account() {
    let app = undisturbed();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let path = override_permission(&app, &ada, "tag", "Create", "allow");
    let tag = ada.post("/api/tags", json!({ "name": tag_name() })).succeeds(201).id();
    ada.delete(&format!("/api/tags/{tag}")).expect(403, "NotEnoughPermissions");
    bob.post("/api/tags", json!({ "name": tag_name() })).expect(403, "NotEnoughPermissions");
    app.super_user().delete(&path).succeeds(204);
    ada.post("/api/tags", json!({ "name": tag_name() })).expect(403, "NotEnoughPermissions");
    app.row(&format!("/api/tags/{tag}"));
}

#[test]
fn a_denial_beats_what_roles_give_even_to_everybody() {
    let app = undisturbed();
    let ada = app.editor("ada");
    let path = override_permission(&app, &ada, "post", "Create", "deny");
    let title = slug();
    ada.post("/api/posts", json!({ "title": title, "content": "…" })).expect(403, "NotEnoughPermissions");
    override_permission(&app, &ada, "post", "View", "deny");
    ada.get("/api/posts").expect(403, "NotEnoughPermissions");
    app.super_user().patch(&path, json!({ "effect": "allow" })).succeeds(200);
    ada.post("/api/posts", json!({ "title": slug(), "content": "…" })).succeeds(201);
    assert_eq!(app.count(&format!("/api/posts?title={title}")), 0);
}

#[test]
fn a_role_made_at_run_time_gives_what_it_is_linked_to() {
    let app = undisturbed();
    let root = app.super_user();
    let ada = app.sign_up("ada");
    let name = format!("Tagger {}", slug());
    let link = json!({ "id": app.permission("tag", "Create") });
    let role = root.post("/api/auth-roles", json!({ "name": name, "permissions": [link] })).succeeds(201).id();
    let body = json!({ "user": ada.reference(), "role": { "id": role } });
    root.post("/api/user-roles", body).succeeds(201);
    let create = || ada.post("/api/tags", json!({ "name": tag_name() }));
    create().succeeds(201);

    let path = format!("/api/auth-roles/{role}");
    let out = json!({ "id": link["id"], "apiAction": "disconnect" });
    root.patch(&path, json!({ "permissions": [out] })).succeeds(200);
    create().expect(403, "NotEnoughPermissions");
    root.patch(&path, json!({ "permissions": [link] })).succeeds(200);
    create().succeeds(201);
    root.delete(&path).succeeds(204);
    create().expect(403, "NotEnoughPermissions");
}

#[test]
fn an_empty_role_gives_nothing() {
    let app = app();
    let ada = app.sign_up("ada");
    let role = app.super_user().post("/api/auth-roles", json!({ "name": slug() })).succeeds(201).id();
    let body = json!({ "user": ada.reference(), "role": { "id": role } });
    app.super_user().post("/api/user-roles", body).succeeds(201);
    ada.post("/api/tags", json!({ "name": tag_name() })).expect(403, "NotEnoughPermissions");
    ada.get("/api/users").expect(403, "NotEnoughPermissions");
}

#[test]
fn a_permission_must_name_a_pair_that_exists() {
    let app = app();
    let before = app.count("/api/auth-permissions");
    for (resource, action) in [("post", "Fly"), ("nothing", "View"), ("Post", "View"), ("post", "view"), ("", "")] {
        let body = json!({ "resource": resource, "action": action });
        app.super_user().post("/api/auth-permissions", body).expect(400, "InvalidRequestBody");
    }
    let path = format!("/api/auth-permissions/{}", app.permission("phone", "Delete"));
    app.super_user().patch(&path, json!({ "action": "Fly" })).expect(400, "InvalidRequestBody");
    assert_eq!(app.row(&path)["action"], "Delete");
    assert_eq!(app.count("/api/auth-permissions"), before);
}

#[test]
fn every_action_of_the_schema_has_a_permission_from_the_start() {
    let app = app();
    for (resource, action) in
        [("post", "View"), ("post", "Publish"), ("user-profile", "Create"), ("reading", "Restore"), ("user", "Update")]
    {
        app.permission(resource, action);
    }
}

#[test]
fn models_without_access_rules_are_for_super_users_only() {
    let app = app();
    let editor = app.editor("grace");
    for path in ["/api/users", "/api/auth-roles", "/api/auth-permissions", "/api/user-roles", "/api/user-permissions"] {
        app.get(path).expect(401, "LoginRequired");
        editor.get(path).expect(403, "NotEnoughPermissions");
        editor.post(path, json!({})).expect(403, "NotEnoughPermissions");
        editor.get(&format!("{path}/{}", editor.id)).expect(403, "NotEnoughPermissions");
        app.super_user().get(path).succeeds(200);
    }
}

#[test]
fn nobody_gives_themselves_a_role_or_a_permission() {
    let app = app();
    let ada = app.sign_up("ada");
    let role = json!({ "user": ada.reference(), "role": { "id": app.role("Editor") } });
    let permission = json!({ "user": ada.reference(), "permission": { "id": app.permission("tag", "Create") } });
    ada.post("/api/user-roles", role.clone()).expect(403, "NotEnoughPermissions");
    ada.post("/api/user-roles/many", json!([role])).expect(403, "NotEnoughPermissions");
    ada.post("/api/user-permissions", permission).expect(403, "NotEnoughPermissions");
    ada.patch("/api/user-roles/many?id=018f3f2e-0000-7000-8000-000000000000", json!({}))
        .expect(403, "NotEnoughPermissions");
    assert_eq!(app.count(&format!("/api/user-roles?userId={}", ada.id)), 1, "the default role alone");
    assert_eq!(app.count(&format!("/api/user-permissions?userId={}", ada.id)), 0);
}

#[test]
fn rows_of_one_account_are_hidden_from_others() {
    let app = app();
    let (ada, bob) = (app.sign_up("ada"), app.sign_up("bob"));
    let number = format!("+{}", uuid::Uuid::now_v7().as_u128() % 1_000_000_000_000);
    let phone = ada.post("/api/phones", json!({ "number": number })).succeeds(201);
    assert_eq!(phone["data"]["userId"], ada.id);
    let path = format!("/api/phones/{}", phone.id());
    bob.get(&path).expect(404, "PhoneNotFound");
    bob.patch(&path, json!({ "label": "bob's" })).expect(404, "PhoneNotFound");
    bob.delete(&path).expect(404, "PhoneNotFound");
    assert_eq!(bob.get(&format!("/api/phones?number=%2B{}", &number[1..])).succeeds(200)["total"], 0);
    app.get(&path).expect(401, "LoginRequired");
    assert_eq!(app.row(&path), phone["data"]);
}

/// Fields of an account that no body may contain.
fn powers() -> [(&'static str, Value); 10] {
    [
        ("id", json!("018f3f2e-0000-7000-8000-000000000000")),
        ("createdAt", json!("2020-01-01T00:00:00Z")),
        ("updatedAt", json!("2020-01-01T00:00:00Z")),
        ("isSuperUser", json!(true)),
        ("isStaff", json!(true)),
        ("isActive", json!(true)),
        ("isEmailVerified", json!(true)),
        ("lastLoginAt", json!("2020-01-01T00:00:00Z")),
        ("failedLoginAttempts", json!(0)),
        ("roles", json!([{ "id": "018f3f2e-0000-7000-8000-000000000000" }])),
    ]
}

#[test]
fn an_account_cannot_give_itself_roles_or_permissions() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    let before = app.row(&path);
    for (field, value) in powers() {
        let reply = ada.patch("/api/users/me", json!({ field: value, "bio": "x" })).expect(400, "InvalidRequestBody");
        assert_eq!(reply.problem_fields(), [field]);
        ada.patch(&path, json!({ field: value })).expect(403, "NotEnoughPermissions");
        let many = format!("/api/users/many?id={}", ada.id);
        ada.patch(&many, json!({ field: value })).expect(403, "NotEnoughPermissions");
    }
    assert_eq!(app.row(&path), before);
}

#[test]
fn the_permission_to_change_accounts_makes_no_super_users() {
    let app = app();
    let ada = app.sign_up("ada");
    for action in ["View", "Update", "Create"] {
        override_permission(&app, &ada, "user", action, "allow");
    }
    let path = format!("/api/users/{}", ada.id);
    ada.patch(&path, json!({ "bio": "Changed" })).succeeds(200);
    let before = app.row(&path);
    let reply = ada.patch(&path, json!({ "isSuperUser": true })).expect(400, "InvalidRequestBody");
    assert_eq!(reply.problems(), ["InvalidFieldIsSuperUser"]);
    let many = format!("/api/users/many?id={}", ada.id);
    ada.patch(&many, json!({ "isSuperUser": true })).expect(400, "InvalidRequestBody");
    let email = format!("{}@example.com", slug());
    let account = json!({ "email": email, "password": "Correct-Horse-7", "isSuperUser": true });
    ada.post("/api/users", account.clone()).expect(400, "InvalidRequestBody");
    ada.post("/api/users/many", json!([account])).expect(400, "InvalidRequestBody");
    assert_eq!(app.row(&path), before);
    assert_eq!(app.count(&format!("/api/users?email={email}")), 0);
}

#[test]
fn a_new_row_cannot_choose_its_id_or_its_dates() {
    let app = app();
    let ada = app.sign_up("ada");
    for (field, value) in &powers()[..3] {
        let body = json!({ "title": "Title", "content": "…", "slug": slug(), *field: value });
        assert_eq!(ada.post("/api/posts", body.clone()).expect(400, "InvalidRequestBody").problem_fields(), [*field]);
        ada.post("/api/posts/many", json!([body])).expect(400, "InvalidRequestBody");
    }
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn no_answer_shows_a_password_or_a_private_field() {
    let app = app();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    for reply in
        [ada.get("/api/users/me"), ada.patch("/api/users/me", json!({ "bio": "x" })), app.super_user().get(&path)]
    {
        let row = reply["data"].as_object().unwrap_or_else(|| panic!("{reply:?}"));
        for hidden in ["password", "failedLoginAttempts", "lockedUntil"] {
            assert!(!row.contains_key(hidden), "{hidden} in {reply:?}");
        }
    }
}

#[test]
fn an_account_that_is_switched_off_is_refused_from_the_next_request_on() {
    let app = undisturbed();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    app.super_user();
    ada.get("/api/users/me").succeeds(200);
    app.super_user().patch(&path, json!({ "isActive": false })).succeeds(200);
    assert_eq!(ada.get("/api/users/me").status, 401);
    assert_eq!(ada.post("/api/posts", json!({ "title": "Still here", "content": "…" })).status, 401);
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn accounts_that_are_switched_off_in_bulk_are_refused_from_the_next_request_on() {
    let app = undisturbed();
    let ada = app.sign_up("ada");
    app.super_user();
    ada.get("/api/users/me").succeeds(200);
    app.super_user().patch(&format!("/api/users/many?id={}", ada.id), json!({ "isActive": false })).succeeds(200);
    assert_eq!(ada.get("/api/users/me").status, 401);
}

#[test]
fn a_deleted_account_is_refused_from_the_next_request_on() {
    let app = undisturbed();
    let ada = app.sign_up("ada");
    app.super_user();
    ada.get("/api/users/me").succeeds(200);
    app.super_user().delete(&format!("/api/users/{}", ada.id)).succeeds(204);
    assert_eq!(ada.get("/api/users/me").status, 401);
}

#[test]
fn a_change_of_the_super_user_flag_applies_from_the_next_request_on() {
    let app = undisturbed();
    let ada = app.sign_up("ada");
    let path = format!("/api/users/{}", ada.id);
    app.super_user();
    ada.get("/api/users").expect(403, "NotEnoughPermissions");
    app.super_user().patch(&path, json!({ "isSuperUser": true })).succeeds(200);
    ada.get("/api/users").succeeds(200);
    app.super_user().patch(&path, json!({ "isSuperUser": false })).succeeds(200);
    ada.get("/api/users").expect(403, "NotEnoughPermissions");
}
