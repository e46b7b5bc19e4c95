//! Included rows: every kind of relation, their depth, number and order.

pub(crate) mod budgets;
mod failed_answer;
mod fields_parameter;
pub(crate) mod fixtures;
mod interceptors;
mod operations;
mod rows_read;
pub(crate) mod statements;
pub(crate) mod visibility;

use serde_json::{Value, json};

use crate::harness::app;
use fixtures::{article, column, comment, draft, keys, reading, tag, word};

#[test]
fn a_row_includes_the_one_that_it_belongs_to() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&app, &ada, "Engines");
    let comment = comment(&ada, &post, "Well said.");
    let shown = app.get(&format!("/api/comments/{comment}?fields=+post")).succeeds(200);
    assert_eq!(shown["data"]["post"], app.get(&format!("/api/posts/{post}")).succeeds(200)["data"]);
    assert_eq!(shown["data"]["content"], "Well said.", "included rows are added to the row's own fields");
}

#[test]
fn an_optional_row_that_is_not_there_is_null() {
    let app = app();
    let (ada, root) = (app.sign_up("ada"), app.super_user());
    let path = |reading: &str| format!("/api/readings/{reading}?fields=id,author.username");
    let (with, without) = (reading(&app, ada.reference()), reading(&app, Value::Null));
    assert_eq!(root.get(&path(&with)).succeeds(200)["data"]["author"], json!({ "username": ada.username }));
    assert_eq!(root.get(&path(&without)).succeeds(200)["data"], json!({ "id": without, "author": null }));
}

#[test]
fn an_account_includes_its_one_profile() {
    let app = app();
    let (ada, bob, root) = (app.sign_up("ada"), app.sign_up("bob"), app.super_user());
    let profile = ada.post("/api/user-profiles", json!({ "nickname": word() })).succeeds(201);
    let of = |id: &str| root.get(&format!("/api/users/{id}?fields=+profile")).succeeds(200)["data"]["profile"].clone();
    assert_eq!(of(&ada.id), app.row(&format!("/api/user-profiles/{}", profile.id())));
    assert_eq!(of(&bob.id), Value::Null);
}

#[test]
fn an_article_includes_its_comments_or_an_empty_list() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&app, &ada, "One"), article(&app, &ada, "Other"));
    let comments = [comment(&ada, &one, "First"), comment(&ada, &one, "Second")];
    let listed = app.get(&format!("/api/posts?authorId={}&sort=createdAt&fields=id,comments.id", ada.id)).succeeds(200);
    let expected = json!([
        { "id": one, "comments": [{ "id": comments[0] }, { "id": comments[1] }] },
        { "id": other, "comments": [] }
    ]);
    assert_eq!(listed["data"], expected);
}

#[test]
fn tags_and_articles_include_each_other() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&app, &ada, "One"), article(&app, &ada, "Other"));
    let (both, first) = (tag(&app, &[&one, &other]), tag(&app, &[&one]));
    let tags = |post: &str| app.get(&format!("/api/posts/{post}?fields=+tags")).succeeds(200)["data"]["tags"].clone();
    assert_eq!(column(&tags(&one), "id"), [both.clone(), first.clone()]);
    assert_eq!(column(&tags(&other), "id"), [both.as_str()]);
    let posts = |tag: &str| app.get(&format!("/api/tags/{tag}?fields=+posts")).succeeds(200)["data"]["posts"].clone();
    assert_eq!(column(&posts(&both), "title"), ["One", "Other"]);
    assert_eq!(column(&posts(&first), "title"), ["One"]);
}

#[test]
fn an_article_includes_the_article_of_its_comments_with_its_comments() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&app, &ada, "Engines");
    let comments = [comment(&ada, &post, "First"), comment(&ada, &post, "Second")];
    let path = format!("/api/posts/{post}?fields=title,comments.id,comments.post.title,comments.post.comments.id");
    let inner = json!({ "title": "Engines", "comments": [{ "id": comments[0] }, { "id": comments[1] }] });
    let expected = json!({
        "title": "Engines",
        "comments": [{ "id": comments[0], "post": inner }, { "id": comments[1], "post": inner }]
    });
    assert_eq!(app.get(&path).succeeds(200)["data"], expected);
}

#[test]
fn rows_three_relations_away_are_included_below_the_rows_that_they_belong_to() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&app, &ada, "One"), article(&app, &ada, "Other"));
    let tag = tag(&app, &[&one, &other]);
    let (first, second) = (comment(&ada, &one, "First"), comment(&ada, &other, "Second"));
    let path = format!("/api/tags/{tag}?fields=id,posts.title,posts.comments.id,posts.comments.post.title");
    let of = |title: &str, comment: &str| json!({ "title": title, "comments": [{ "id": comment, "post": { "title": title } }] });
    let expected = json!({ "id": tag, "posts": [of("One", &first), of("Other", &second)] });
    assert_eq!(app.get(&path).succeeds(200)["data"], expected);
}

#[test]
fn one_relation_on_two_paths_has_the_fields_that_each_path_names() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&app, &ada, "Engines");
    let tag = tag(&app, &[&post]);
    comment(&ada, &post, "First");
    let data = app
        .get(&format!("/api/posts/{post}?fields=tags.id,comments.post.tags.name,comments.content"))
        .succeeds(200)["data"]
        .clone();
    assert_eq!(data["tags"], json!([{ "id": tag }]));
    assert_eq!(data["comments"][0]["content"], "First");
    assert_eq!(keys(&data["comments"][0]["post"]["tags"][0]), ["name"]);
    assert_eq!(data["comments"][0]["post"]["title"], "Engines", "no field of it was named, so all are there");
}

#[test]
fn rows_that_share_an_article_each_include_it() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&app, &ada, "One"), article(&app, &ada, "Other"));
    for post in [&one, &other, &one, &one] {
        comment(&ada, post, "Again");
    }
    let path = format!("/api/comments?authorId={}&sort=createdAt,id&fields=postId,post.id,post.title", ada.id);
    let listed = app.get(&path).succeeds(200);
    let of = |id: &str, title: &str| json!({ "postId": id, "post": { "id": id, "title": title } });
    assert_eq!(listed["data"], json!([of(&one, "One"), of(&other, "Other"), of(&one, "One"), of(&one, "One")]));
}

#[test]
fn each_row_has_a_limit_of_its_own() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&app, &ada, "One"), article(&app, &ada, "Other"));
    let many = |post: &str, count: usize| {
        let rows: Vec<Value> = (0..count).map(|n| json!({ "content": n.to_string(), "postId": post })).collect();
        ada.post("/api/comments/many", json!(rows)).succeeds(201);
    };
    many(&one, 12);
    many(&other, 3);
    let counts = |more: &str| -> Vec<usize> {
        let path = format!("/api/posts?authorId={}&sort=createdAt&fields=+comments{more}", ada.id);
        let comments = app.get(&path).succeeds(200).column("comments");
        comments.iter().map(|comments| comments.as_array().map_or(0, Vec::len)).collect()
    };
    assert_eq!(counts(""), [10, 3], "ten by default");
    for limit in ["comments[limit]=2", "comments__limit=2"] {
        assert_eq!(counts(&format!("&{limit}")), [2, 2]);
    }
    assert_eq!(counts("&comments[limit]=100"), [12, 3]);
}

#[test]
fn included_rows_are_sorted_as_requested_and_ties_by_id() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&app, &ada, "Engines");
    let ids: Vec<String> = ["b", "a", "b", "a"].map(|content| comment(&ada, &post, content)).to_vec();
    let order = |more: &str| {
        let shown = app.get(&format!("/api/posts/{post}?fields=+comments{more}")).succeeds(200);
        column(&shown["data"]["comments"], "id")
            .iter()
            .map(|id| ids.iter().position(|known| known == id).expect("one of these comments"))
            .collect::<Vec<usize>>()
    };
    assert_eq!(order(""), [0, 1, 2, 3], "by id");
    assert_eq!(order("&comments[sort]=content"), [1, 3, 0, 2]);
    assert_eq!(order("&comments__sort=-content"), [0, 2, 1, 3]);
    assert_eq!(order("&comments[sort]=content,-id"), [3, 1, 2, 0]);
    assert_eq!(order("&comments[sort]=-id&comments[limit]=2"), [3, 2]);
    assert_eq!(order("&comments[sort]=content&comments[limit]=3"), [1, 3, 0]);
}

#[test]
fn rows_without_a_value_sort_the_same_way_as_in_a_list() {
    let app = app();
    let ada = app.sign_up("ada");
    let posts: Vec<String> = ["One", "Two", "Three"].map(|title| draft(&ada, title)).to_vec();
    app.super_user().patch(&format!("/api/posts/{}", posts[1]), json!({ "summary": "Short" })).succeeds(200);
    let tag = tag(&app, &posts.iter().map(String::as_str).collect::<Vec<_>>());
    for sort in ["summary", "-summary"] {
        let included = ada.get(&format!("/api/tags/{tag}?fields=+posts&posts[sort]={sort}")).succeeds(200);
        let listed = ada.get(&format!("/api/posts?authorId={}&sort={sort}", ada.id)).succeeds(200);
        assert_eq!(included["data"]["posts"], listed["data"], "{sort}");
    }
}

#[test]
fn a_relation_further_away_has_a_limit_and_an_order_of_its_own() {
    let app = app();
    let ada = app.sign_up("ada");
    let (one, other) = (article(&app, &ada, "One"), article(&app, &ada, "Other"));
    let tag = tag(&app, &[&one, &other]);
    for content in ["a", "b", "c"] {
        comment(&ada, &one, content);
        comment(&ada, &other, content);
    }
    for shape in [
        "posts[comments][limit]=2&posts[comments][sort]=-content",
        "posts__comments__limit=2&posts__comments[sort]=-content",
    ] {
        let path = format!("/api/tags/{tag}?fields=posts.comments.content&{shape}");
        let posts = app.get(&path).succeeds(200)["data"]["posts"].clone();
        for post in posts.as_array().expect("a list") {
            assert_eq!(column(&post["comments"], "content"), ["c", "b"], "{shape}");
        }
    }
}

#[test]
fn an_empty_page_includes_nothing() {
    let app = app();
    let missing = uuid::Uuid::now_v7();
    let reply = app.get(&format!("/api/posts?authorId={missing}&fields=+comments.post,+tags")).succeeds(200);
    assert_eq!((&reply["data"], &reply["total"]), (&json!([]), &json!(0)));
}

#[test]
fn included_rows_do_not_affect_paging() {
    let app = app();
    let ada = app.sign_up("ada");
    let posts: Vec<String> = ["One", "Two", "Three"].map(|title| article(&app, &ada, title)).to_vec();
    posts.iter().for_each(|post| drop(comment(&ada, post, post)));
    let first = app.get(&format!("/api/posts?authorId={}&sort=id&limit=2&fields=id,comments.content", ada.id));
    let first = first.succeeds(200);
    assert_eq!((&first["total"], &first["results"]), (&json!(3), &json!(2)));
    let cursor = first["nextCursor"].as_str().expect("there is a next page");
    // A cursor remains valid for other selected fields.
    let path = format!("/api/posts?authorId={}&sort=id&limit=2&cursor={cursor}&fields=id,comments.postId", ada.id);
    let expected = json!([{ "id": posts[2], "comments": [{ "postId": posts[2] }] }]);
    assert_eq!(app.get(&path).succeeds(200)["data"], expected);
}
