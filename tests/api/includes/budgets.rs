//! The budget for includes: the largest request that is accepted, and the smallest that is refused.

use gable::generated::RelationKind;

use super::fixtures::{article, comment};
use super::visibility::{MODELS, model};
use crate::harness::app;

#[test]
fn an_include_leads_through_three_relations_and_not_four() {
    let app = app();
    app.get("/api/posts?fields=+comments.post.comments&limit=1").succeeds(200);
    app.get("/api/posts?fields=comments.post.comments.content&limit=1").succeeds(200);
    for fields in
        ["+comments.post.comments.post", "comments.post.comments.post.title", "tags.posts.comments.post.tags.x"]
    {
        let reply = app.get(&format!("/api/posts?fields={fields}&limit=1")).expect(400, "InvalidRequestQuery");
        assert_eq!(reply.problems(), ["TooDeep"], "{fields}");
        let message = format!("'{}' leads further than 3 steps", fields.trim_start_matches('+'));
        assert_eq!(reply["meta"]["errors"][0]["message"], message);
    }
}

/// Includes 99 comments, the article of each, 99 comments of each of those, and the tags.
fn fields_and_limits(tags: u32) -> String {
    format!(
        "fields=+comments.post.comments,+tags&comments[limit]=99&comments[post][comments][limit]=99&tags[limit]={tags}"
    )
}

#[test]
fn the_rows_that_one_answer_may_include_are_bounded_together() {
    let app = app();
    let ada = app.sign_up("ada");
    let post = article(&app, &ada, "Engines");
    comment(&ada, &post, "First");
    let path = format!("/api/posts/{post}");
    // 99 + 99 + 99 * 99 + 1
    app.get(&format!("{path}?{}", fields_and_limits(1))).succeeds(200);
    let reply = app.get(&format!("{path}?{}", fields_and_limits(2))).expect(400, "InvalidRequestQuery");
    assert_eq!(reply.problems(), ["TooManyIncluded"]);
    let change = serde_json::json!({ "title": "Changed" });
    ada.patch(&format!("{path}?{}", fields_and_limits(2)), change).expect(400, "InvalidRequestQuery");
    assert_eq!(app.row(&path)["title"], "Engines");
}

#[test]
fn the_limit_of_a_list_counts_too() {
    let app = app();
    for (passes, query) in [
        (true, "limit=100&fields=+comments&comments[limit]=100"),
        (false, "limit=100&fields=+comments,+tags&comments[limit]=100&tags[limit]=1"),
        (true, "limit=99&fields=+comments,+tags&comments[limit]=100&tags[limit]=1"),
        (true, "limit=83&fields=+comments.post.tags"),
        (false, "limit=84&fields=+comments.post.tags"),
        (true, "fields=+comments&comments[limit]=100"),
    ] {
        let reply = app.get(&format!("/api/posts?count=false&{query}"));
        assert_eq!(reply.status, if passes { 200 } else { 400 }, "{reply:?}");
    }
}

#[test]
fn the_names_of_one_request_are_bounded() {
    let app = app();
    let names = |count: usize| format!("/api/posts?limit=1&fields={}", vec!["+tags"; count].join(","));
    app.get(&names(256)).succeeds(200);
    assert_eq!(app.get(&names(257)).expect(400, "InvalidRequestQuery").problems(), ["TooManyFields"]);
    let spread = format!("{}&fields=title", names(256));
    assert_eq!(app.get(&spread).expect(400, "InvalidRequestQuery").problems(), ["TooManyFields"]);
    let long = app.get(&names(8000)).expect(400, "InvalidRequestQuery");
    assert_eq!(long.problems(), ["TooManyFields"]);
}

#[test]
fn two_hundred_unknown_names_are_refused_and_the_first_of_them_named() {
    let app = app();
    let names: Vec<String> = (0..200).map(|number| format!("+unknown{number}")).collect();
    let reply = app.get(&format!("/api/posts?fields={}", names.join(","))).expect(400, "InvalidRequestQuery");
    assert_eq!(reply.problems(), ["UnknownField"; 50]);
    assert_eq!(reply["meta"]["errors"][0]["message"], "'fields' cannot use 'unknown0'");
}

/// Every path of relations of this length, each with the paths on the way to it.
pub(crate) fn paths(from: &str, depth: usize) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for relation in model(from).relations.iter().filter(|_| depth > 0) {
        let to_many = matches!(relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. });
        all.push((relation.name.to_owned(), to_many));
        let further = paths(relation.target, depth - 1);
        all.extend(further.into_iter().map(|(path, to_many)| (format!("{}.{path}", relation.name), to_many)));
    }
    all
}

#[test]
fn the_relations_of_one_request_are_bounded_since_each_is_a_statement() {
    let app = app();
    let root = app.super_user();
    let paths = paths("User", 3);
    assert!(paths.len() > 51 && MODELS.len() > 3, "{paths:?}");
    let ask = |count: usize| {
        let chosen = &paths[..count];
        let names: Vec<&str> = chosen.iter().map(|(path, _)| path.as_str()).collect();
        let limit = |path: &str| format!("&{}[limit]=1", path.replace('.', "__"));
        let limits: String = chosen.iter().filter(|(_, many)| *many).map(|(path, _)| limit(path)).collect();
        root.get(&format!("/api/users/{}?fields={}{limits}", root.id, names.join(",")))
    };
    ask(50).succeeds(200);
    let reply = ask(51).expect(400, "InvalidRequestQuery");
    assert_eq!(reply.problems(), ["TooManyRelations"]);
}
