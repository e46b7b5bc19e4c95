//! Prisma's long form of a relation beside the short one.

use serde_json::{Value, json};

use super::{MISSING_ID, article, included, path, word};
use crate::harness::app;

#[test]
fn a_list_takes_every_operation_of_the_long_form() {
    let app = app();
    let ada = app.sign_up("ada");
    let comments = json!({ "create": [{ "content": "A" }, { "content": "B" }], "createMany": { "data": [{ "content": "C" }, { "content": "D" }] } });
    let post = article(&ada, json!({ "comments": comments }));
    let rows = app.row(&format!("{}?fields=+comments", path(&post)))["comments"].clone();
    let id = |content: &str| {
        rows.as_array().expect("a list").iter().find(|row| row["content"] == content).expect("a comment")["id"].clone()
    };
    let comments = json!({
        "create": { "content": "E" },
        "update": [{ "where": { "id": id("A") }, "data": { "content": "Z" } }],
        "delete": { "id": id("B") },
        "deleteMany": { "id": { "in": [id("C")] } },
    });
    ada.patch(&path(&post), json!({ "comments": comments })).succeeds(200);
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["D", "E", "Z"]);
}

#[test]
fn links_are_made_and_taken_apart_in_the_long_form() {
    let app = app();
    let grace = app.editor("grace");
    let names = [word(), word(), word()];
    for name in &names {
        grace.post("/api/tags", json!({ "name": name })).succeeds(201);
    }
    let post = article(&grace, json!({ "tags": { "connect": [{ "name": names[0] }, { "name": names[1] }] } }));
    let tags = json!({ "connect": { "name": names[2] }, "disconnect": [{ "name": names[0] }] });
    grace.patch(&path(&post), json!({ "tags": tags })).succeeds(200);
    let mut left = [names[1].clone(), names[2].clone()];
    left.sort();
    assert_eq!(included(&app, &path(&post), "tags", "name"), left);
}

#[test]
fn one_row_takes_one_operation_of_the_long_form() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let post = article(root, json!({ "author": { "connect": { "email": ada.email } } }));
    assert_eq!(post["authorId"], ada.id);
    root.patch(&path(&post), json!({ "author": { "update": { "bio": "Short" } } })).succeeds(200);
    let user = format!("/api/users/{}", ada.id);
    assert_eq!(app.row(&user)["bio"], "Short");
    root.patch(&path(&post), json!({ "author": { "update": { "data": { "bio": "Long" } } } })).succeeds(200);
    assert_eq!(app.row(&user)["bio"], "Long");
    root.patch(&path(&post), json!({ "author": { "disconnect": false } })).succeeds(200);
    let both = json!({ "title": "Other", "author": { "connect": { "id": root.id }, "update": { "bio": "x" } } });
    let refused = root.patch(&path(&post), both).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problem_fields(), ["author"]);
    root.patch(&path(&post), json!({ "author": { "disconnect": true } })).expect(400, "InvalidRequestBody");
    assert_eq!(
        (&app.row(&path(&post))["authorId"], &app.row(&path(&post))["title"]),
        (&json!(ada.id), &json!("Title"))
    );
    root.patch(&path(&post), json!({ "author": { "connect": { "id": root.id } } })).succeeds(200);
    assert_eq!(app.row(&path(&post))["authorId"], root.id);
}

#[test]
fn forms_mix_at_every_depth() {
    let app = app();
    let root = app.super_user();
    let (tag, nickname) = (word(), word());
    let author = json!({ "create": {
        "email": format!("{}@example.com", word()), "password": crate::harness::PASSWORD,
        "profile": { "create": { "nickname": nickname } },
    } });
    let post = article(
        root,
        json!({ "author": author, "tags": { "create": [{ "name": tag }] }, "comments": [{ "content": "Short" }] }),
    );
    assert_eq!(included(&app, &path(&post), "tags", "name"), [tag]);
    assert_eq!(app.count(&format!("/api/user-profiles?nickname={nickname}")), 1);
}

#[test]
fn invalid_long_forms_are_refused_with_the_valid_form() {
    let app = app();
    let grace = app.editor("grace");
    let post = article(&grace, json!({ "comments": [{ "content": "Stays" }] }));
    let cases: [(Value, &str, &str); 8] = [
        (json!({ "updateMany": { "where": {}, "data": { "content": "x" } } }), "comments.updateMany", "'update'"),
        (json!({ "deleteMany": {} }), "comments.deleteMany", "'delete'"),
        (json!({ "deleteMany": { "content": "Stays" } }), "comments.deleteMany", "'delete'"),
        (
            json!({ "createMany": { "data": [], "skipDuplicates": true } }),
            "comments.createMany.skipDuplicates",
            "connectOrCreate",
        ),
        (json!({ "create": [{ "content": "x" }], "remove": [] }), "comments.remove", "connect, create"),
        (json!({ "create": 7 }), "comments.create", "an object"),
        (json!({ "delete": true }), "comments.delete", "an object"),
        (json!({ "id": MISSING_ID }), "comments", "a list"),
    ];
    for (comments, field, hint) in cases {
        let refused = grace.patch(&path(&post), json!({ "title": "Other", "comments": comments }));
        assert_eq!(refused.status, 400, "{comments}");
        assert_eq!(refused.problem_fields(), [field], "{comments}");
        assert!(refused["message"].as_str().expect("a message").contains(hint), "{:?}", refused.json);
    }
    assert_eq!(app.row(&path(&post))["title"], "Title");
    assert_eq!(included(&app, &path(&post), "comments", "content"), ["Stays"]);
}

#[test]
fn an_unknown_action_has_its_own_code() {
    let app = app();
    let ada = app.sign_up("ada");
    let unknown = json!({ "title": "Title", "content": "…", "tags": [{ "id": MISSING_ID, "apiAction": "destroy" }] });
    let refused = ada.post("/api/posts", unknown.clone()).expect(400, "InvalidApiAction");
    assert_eq!(refused.problem_fields(), ["tags.0.apiAction"]);
    assert!(refused["message"].as_str().expect("a message").contains("connectOrCreate"), "{:?}", refused.json);
    ada.post("/api/posts", json!({ "title": "Title", "content": "…", "apiAction": "create" }))
        .expect(400, "InvalidApiAction");
    // With further problems, the code is that of an invalid body.
    let mut body = unknown;
    body["title"] = json!("T");
    ada.post("/api/posts", body).expect(400, "InvalidRequestBody");
    assert_eq!(app.count(&format!("/api/posts?authorId={}", ada.id)), 0);
}

#[test]
fn problems_with_related_rows_have_their_own_codes() {
    let app = app();
    let root = app.super_user();
    let slug = word();
    let post = |more: Value| {
        let mut post = json!({ "title": "Title", "content": "…", "slug": slug });
        post.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        post
    };
    root.post("/api/posts", post(json!({ "authorId": MISSING_ID }))).expect(400, "ReferencedRecordNotFound");
    for author in
        [json!({ "id": MISSING_ID }), json!({ "connect": { "id": MISSING_ID } }), json!({ "username": word() })]
    {
        root.post("/api/posts", post(json!({ "author": author }))).expect(400, "InlineRecordNotFound");
        root.post("/api/posts/many", json!([post(json!({ "author": author }))])).expect(400, "InlineRecordNotFound");
    }
    assert_eq!(app.count(&format!("/api/posts?slug={slug}")), 0);
}
