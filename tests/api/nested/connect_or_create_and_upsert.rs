//! `connectOrCreate` and `upsert`, whose row may or may not exist.

use serde_json::{Value, json};

use super::{article, included, path, word};
use crate::harness::app;

#[test]
fn connect_or_create_connects_an_existing_tag_and_makes_a_missing_one() {
    let app = app();
    let grace = app.editor("grace");
    let (known, short, long) = (word(), word(), word());
    let tag = grace.post("/api/tags", json!({ "name": known })).succeeds(201).id();
    let tags =
        json!([{ "name": known, "apiAction": "connectOrCreate" }, { "name": short, "apiAction": "connectOrCreate" }]);
    let post = article(&grace, json!({ "tags": tags }));
    let one = json!({ "where": { "name": long }, "create": { "name": long } });
    grace.patch(&path(&post), json!({ "tags": { "connectOrCreate": one } })).succeeds(200);
    let again =
        json!({ "tags": { "connectOrCreate": [one, { "where": { "id": tag }, "create": { "name": word() } }] } });
    grace.patch(&path(&post), again).succeeds(200);
    let mut names = [known, short, long];
    names.sort();
    assert_eq!(included(&app, &path(&post), "tags", "name"), names);
    assert!(included(&app, &path(&post), "tags", "id").contains(&tag));
}

#[test]
fn a_row_named_by_several_elements_is_made_once() {
    let app = app();
    let grace = app.editor("grace");
    let (name, prefix) = (word(), word());
    let post = |n: u32| {
        let tags = json!([{ "name": name, "apiAction": "connectOrCreate" }]);
        json!({ "title": "Title", "content": "…", "slug": format!("{prefix}-{n}"), "tags": tags })
    };
    let made = grace.post("/api/posts/many", json!([post(1), post(2), post(3)])).succeeds(201);
    for post in made["data"].as_array().expect("rows") {
        assert_eq!(included(&app, &path(post), "tags", "name"), [name.as_str()]);
    }
    assert_eq!(app.count(&format!("/api/tags?name={name}")), 1);
}

#[test]
fn connect_or_create_requires_the_permission_to_create_even_if_the_row_exists() {
    let app = app();
    let (ada, grace, name) = (app.sign_up("ada"), app.editor("grace"), word());
    grace.post("/api/tags", json!({ "name": name })).succeeds(201);
    let post = article(&ada, json!({}));
    for name in [name, word()] {
        let tags = json!([{ "name": name, "apiAction": "connectOrCreate" }]);
        ada.patch(&path(&post), json!({ "title": "Other", "tags": tags })).expect(403, "NotEnoughPermissions");
    }
    assert_eq!(app.row(&path(&post)), post);
}

#[test]
fn a_key_is_connected_or_its_row_made() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let email = format!("{}@example.com", word());
    let author = |email: &str| {
        let create = json!({ "email": email, "password": crate::harness::PASSWORD });
        json!({ "connectOrCreate": { "where": { "email": email }, "create": create } })
    };
    let post = article(root, json!({ "author": author(&ada.email) }));
    assert_eq!(post["authorId"], ada.id);
    root.patch(&path(&post), json!({ "author": author(&email) })).succeeds(200);
    let made = app.row(&path(&post))["authorId"].clone();
    assert_ne!(made, json!(ada.id));
    let prefix = word();
    let body = |n: u32| json!({ "title": "Title", "content": "…", "slug": format!("{prefix}-{n}"), "author": author(&format!("{prefix}@example.com")) });
    let both = root.post("/api/posts/many", json!([body(1), body(2)])).succeeds(201);
    assert_eq!(both["data"][0]["authorId"], both["data"][1]["authorId"]);
}

#[test]
fn a_linked_row_is_changed_and_another_is_made() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&ada, json!({ "comments": [{ "content": "First" }] }));
    let comment = app.row(&format!("{}?fields=+comments", path(&post)))["comments"][0]["id"].clone();
    let upsert = |key: &Value, content: &str| json!({ "where": { "id": key }, "update": { "content": content }, "create": { "content": content } });
    let missing = json!(super::MISSING_ID);
    let body = json!({ "comments": { "upsert": [upsert(&comment, "Changed"), upsert(&missing, "Made")] } });
    ada.patch(&path(&post), body).succeeds(200);
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["Changed", "Made"]);
    let flat = json!([{ "id": comment, "content": "Flat", "apiAction": "upsert" }]);
    ada.patch(&path(&post), json!({ "comments": flat })).succeeds(200);
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["Flat", "Made"]);
}

#[test]
fn an_upsert_does_not_reach_rows_of_others() {
    let app = app();
    let (ada, eve) = (app.sign_up("ada"), app.sign_up("eve"));
    let post = article(&ada, json!({}));
    app.editor("grace").patch(&path(&post), json!({ "status": "published" })).succeeds(200);
    let body = json!({ "content": "By Eve", "postId": post["id"] });
    let comment = eve.post("/api/comments", body).succeeds(201).id();
    let flat = json!([{ "id": comment, "content": "By Ada", "apiAction": "upsert" }]);
    ada.patch(&path(&post), json!({ "comments": flat })).expect(400, "InlineRecordNotFound");
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["By Eve"]);
}

#[test]
fn a_row_of_one_to_one_is_upserted() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let user = format!("/api/users/{}", ada.id);
    let profile = || app.row(&format!("{user}?fields=+profile"))["profile"].clone();
    let (first, second) = (word(), word());
    let long = |nickname: &str| {
        let values = json!({ "nickname": nickname });
        json!({ "profile": { "upsert": { "create": values, "update": values } } })
    };
    root.patch(&user, long(&first)).succeeds(200);
    let made = profile();
    assert_eq!(made["nickname"], first);
    root.patch(&user, long(&second)).succeeds(200);
    assert_eq!((&profile()["nickname"], &profile()["id"]), (&json!(second), &made["id"]));
    root.patch(&user, json!({ "profile": { "nickname": first, "apiAction": "upsert" } })).succeeds(200);
    assert_eq!((&profile()["nickname"], &profile()["id"]), (&json!(first), &made["id"]));
}

#[test]
fn a_key_that_leads_to_a_row_is_upserted() {
    let app = app();
    let root = app.super_user();
    let body = json!({
        "title": "An evening", "contact": "box@example.com", "seats": 1, "price": "1", "day": "2026-03-22",
        "startsAt": "19:30", "authorId": null,
    });
    let path = format!("/api/readings/{}", root.post("/api/readings", body).succeeds(201).id());
    let email = format!("{}@example.com", word());
    let upsert = |bio: &str| {
        let create = json!({ "email": email, "password": crate::harness::PASSWORD, "bio": bio });
        json!({ "author": { "upsert": { "create": create, "update": { "bio": bio } } } })
    };
    root.patch(&path, upsert("Made")).succeeds(200);
    let author = app.row(&path)["authorId"].clone();
    let user = format!("/api/users/{}", author.as_str().expect("an author"));
    assert_eq!(app.row(&user)["bio"], "Made");
    root.patch(&path, upsert("Changed")).succeeds(200);
    assert_eq!((&app.row(&path)["authorId"], &app.row(&user)["bio"]), (&author, &json!("Changed")));
}

#[test]
fn every_problem_of_both_halves_is_reported_once() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&ada, json!({ "comments": [{ "content": "Stays" }] }));
    let long = json!({ "upsert": [
        { "where": { "id": super::MISSING_ID }, "update": { "content": "" }, "create": { "content": 1 } },
        { "where": { "content": "x" }, "update": {}, "create": { "content": "x" }, "other": {} },
        { "create": { "content": "x" } },
        7,
    ] });
    let refused = ada.patch(&path(&post), json!({ "comments": long })).expect(400, "InvalidRequestBody");
    assert_eq!(
        refused.problem_fields(),
        [
            "comments.upsert.0.create.content",
            "comments.upsert.0.update.content",
            "comments.upsert.1.other",
            "comments.upsert.2.update",
            "comments.upsert.3",
        ]
    );
    let flat = json!([{ "id": super::MISSING_ID, "content": "", "apiAction": "upsert" }]);
    let refused = ada.patch(&path(&post), json!({ "comments": flat })).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["comments.0.content"]);
    let keyless =
        json!([{ "content": "x", "apiAction": "upsert" }, { "content": "x", "apiAction": "connectOrCreate" }]);
    let refused = ada.patch(&path(&post), json!({ "comments": keyless })).expect(400, "InvalidRequestBody");
    assert!(refused.problem_fields().contains(&"comments.0"), "{:?}", refused.json);
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["Stays"]);
}

#[test]
fn an_upsert_within_an_upsert_needs_the_long_form() {
    let app = app();
    let grace = app.editor("grace");
    let (slug, name) = (word(), word());
    let within = |tag: Value| {
        let post = json!({ "slug": slug, "title": "Title", "content": "…", "apiAction": "upsert", "tags": [tag] });
        grace.patch("/api/users/me", json!({ "posts": [post] }))
    };
    let refused = within(json!({ "name": name, "apiAction": "upsert" })).expect(400, "InvalidRequestBody");
    assert!(refused.problems().contains(&"TagsApiActionConstraint"), "{refused:?}");
    assert_eq!(app.count(&format!("/api/posts?slug={slug}")) + app.count(&format!("/api/tags?name={name}")), 0);
    let (key, row) = (json!({ "name": name }), json!({ "name": name }));
    within(json!({ "where": key, "create": row, "update": row, "apiAction": "upsert" })).succeeds(200);
    assert_eq!(app.count(&format!("/api/posts?slug={slug}&tags__name={name}")), 1);
}
