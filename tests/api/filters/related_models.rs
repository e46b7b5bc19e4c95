//! Filters on related models, sent by a super user, from whom no row is hidden.

use serde_json::{Value, json};

use super::{encoded, refused, titles};
use crate::harness::{Account, SharedApp, app, unique};

/// Articles of one author, which no other test uses:
///
/// - `both`: tagged x and y, with the comments `good` and `bad`
/// - `one`: tagged x, with the comment `good`
/// - `bare`: nothing
struct Desk {
    app: SharedApp,
    author: Account,
    x: String,
    y: String,
}

impl Desk {
    fn new() -> Self {
        let app = app();
        let author = app.editor("grace");
        let desk = Self { author, x: unique("x"), y: unique("y"), app };
        let [x, y] =
            [&desk.x, &desk.y].map(|name| desk.author.post("/api/tags", json!({ "name": name })).succeeds(201).id());
        for (title, tags, comments) in
            [("both", vec![&x, &y], vec!["good", "bad"]), ("one", vec![&x], vec!["good"]), ("bare", vec![], vec![])]
        {
            let tags: Vec<Value> = tags.into_iter().map(|id| json!({ "id": id })).collect();
            let body = json!({
                "title": title, "content": "…", "slug": unique(title), "status": "published", "tags": tags
            });
            let post = desk.author.post("/api/posts", body).succeeds(201).id();
            for content in comments {
                let body = json!({ "content": content, "post": { "id": post } });
                desk.author.post("/api/comments", body).succeeds(201);
            }
        }
        desk
    }

    /// The titles of the articles that a query finds.
    #[track_caller]
    fn posts(&self, query: &str) -> String {
        let query = query.replace("{x}", &self.x).replace("{y}", &self.y);
        let list = format!("/api/posts?authorId={}&sort=title&{query}", self.author.id);
        titles(&self.app.super_user().get(&list).succeeds(200)).join(" ")
    }
}

#[test]
fn a_filter_on_a_relation_to_one_row_compares_that_row() {
    let desk = Desk::new();
    let root = desk.app.super_user();
    for name in ["author[username]", "author__username", "author[username][startsWith]", "author[username]__in"] {
        let reply = root.get(&format!("/api/posts?{name}={}&sort=title", desk.author.username)).succeeds(200);
        assert_eq!(titles(&reply), ["bare", "both", "one"], "{name}");
    }
    let comments = root.get(&format!("/api/comments?post[author][username]={}", desk.author.username)).succeeds(200);
    assert_eq!(comments["total"], 3);
    assert_eq!(desk.posts("author[name][isNull]=true"), "bare both one");
    assert_eq!(desk.posts("author[username][ne]=nobody&author[bio]=x"), "");
}

#[test]
fn an_absent_related_row_matches_no_condition() {
    let shelf = super::Shelf::of(&[("nobody's", json!({}))]);
    let root = shelf.app.super_user();
    for query in [
        "author[name][isNull]=true",
        "author[username][ne]=x",
        "author[id][notIn]=018f3f2e-0000-7000-8000-00000000000b",
    ] {
        let list = format!("/api/readings?contact={}&{query}", shelf.contact);
        assert_eq!(root.get(&list).succeeds(200)["total"], 0, "{query}");
    }
    let not = encoded(&json!({ "NOT": { "author": { "username": "x" } } }).to_string());
    assert_eq!(root.get(&format!("/api/readings?contact={}&filters={not}", shelf.contact)).succeeds(200)["total"], 1);
}

#[test]
fn the_other_side_of_a_unique_key_is_a_relation_to_one_row() {
    let app = app();
    let (ada, nickname) = (app.sign_up("ada"), unique("nick"));
    ada.post("/api/user-profiles", json!({ "nickname": nickname })).succeeds(201);
    let users = app.super_user().get(&format!("/api/users?profile[nickname]={nickname}")).succeeds(200);
    assert_eq!(users.column("id"), [json!(ada.id)]);
    refused(app.super_user().get("/api/users?profile[some][nickname]=x"));
}

#[test]
fn some_every_and_none_of_many_rows() {
    let desk = Desk::new();
    for (query, kept) in [
        ("comments[some][content]=bad", "both"),
        ("comments[content]=good", "both one"),
        ("comments__some__content__contains=oo", "both one"),
        ("comments[every][content]=good", "bare one"),
        ("comments[none][content]=bad", "bare one"),
        ("comments[none][content][isNull]=false", "bare"),
        ("AND[0][comments][content]=good&AND[1][comments][content]=bad", "both"),
        ("tags[name]={y}", "both"),
        ("tags[some][name][in]={x},{y}", "both one"),
        ("tags[every][name]={x}", "bare one"),
        ("tags[none][name]={x}", "bare"),
        ("tags[none][name][ne]={x}", "bare one"),
    ] {
        assert_eq!(desk.posts(query), kept, "{query}");
    }
    let tags = desk.app.super_user().get(&format!("/api/tags?posts[title]=one&posts[authorId]={}", desk.author.id));
    assert_eq!(tags.succeeds(200).column("name"), [json!(desk.x)]);
}

#[test]
fn conditions_on_one_row_are_written_as_one_object() {
    let desk = Desk::new();
    let json = |filters: Value| desk.posts(&format!("filters={}", encoded(&filters.to_string())));
    assert_eq!(json(json!({ "comments": { "content": "good", "NOT": { "content": "good" } } })), "");
    assert_eq!(json(json!({ "comments": { "some": { "content": "good" }, "none": { "content": "bad" } } })), "one");
    assert_eq!(json(json!({ "comments": { "every": { "content": ["good", "fine"] } } })), "bare one");
    assert_eq!(json(json!({ "comments": {} })), "both one", "there are some");
    assert_eq!(json(json!({ "comments": { "none": {} } })), "bare");
    assert_eq!(json(json!({ "comments": { "every": {} } })), "bare both one");
    assert_eq!(json(json!({ "tags__some": { "name": desk.y } })), "both");
    assert_eq!(json(json!({ "tags__name": { "endsWith": &desk.y[1..] } })), "both");
    assert_eq!(json(json!({ "tags[name]": [desk.y] })), "both");
    assert_eq!(json(json!({ "comments__content": "bad", "tags": { "name": desk.x } })), "both");
}

#[test]
fn three_relations_are_followed_and_not_a_fourth() {
    let desk = Desk::new();
    let root = desk.app.super_user();
    let three = format!("comments?post[tags][posts][title]=both&post[authorId]={}", desk.author.id);
    assert_eq!(root.get(&format!("/api/{three}")).succeeds(200)["total"], 3, "of articles that share a tag with it");
    let too_deep = |query: &str| refused(root.get(&format!("/api/comments?{query}"))).1;
    assert_eq!(
        too_deep("post[tags][posts][tags][name]=x"),
        "'post[tags][posts][tags][name]' follows more than 3 relations"
    );
    for filters in [
        json!({ "post": { "tags": { "posts": { "tags": { "name": "x" } } } } }),
        json!({ "post__tags": { "posts__tags__name": "x" } }),
        json!({ "post": { "tags": { "some": { "posts": { "every": { "author__username": "x" } } } } } }),
        json!({ "OR": [{ "NOT": { "post__tags__posts": { "tags": {} } } }] }),
    ] {
        let message = too_deep(&format!("filters={}", encoded(&filters.to_string())));
        assert!(message.ends_with("follows more than 3 relations"), "{message}");
    }
    let message = refused(root.get("/api/comments?post[tags][posts][nobody][name]=x")).1;
    assert_eq!(message, "'post[tags][posts][nobody][name]' is not a known query parameter");
}
