//! The names in `fields`: the meaning of each spelling, and the refusal of all others.

use serde_json::{Value, json};

use super::fixtures::{article, comment, keys};
use crate::harness::{App, app};

/// Makes an article with a comment and returns its path.
fn commented(app: &App) -> String {
    let ada = app.sign_up("ada");
    let post = article(app, &ada, "Engines");
    comment(&ada, &post, "First");
    format!("/api/posts/{post}")
}

#[test]
fn a_plus_is_a_plus_encoded_or_not_and_may_be_left_out() {
    let app = app();
    let path = commented(&app);
    let expected = app.get(&format!("{path}?fields=%2Bcomments,%2Btags")).succeeds(200);
    assert_eq!(expected["data"]["comments"][0]["content"], "First");
    for fields in ["+comments,+tags", "%20comments,%20tags", "comments,tags", "+comments,tags", "comments&fields=+tags"]
    {
        let reply = app.get(&format!("{path}?fields={fields}")).succeeds(200);
        assert_eq!(reply.json, expected.json, "{fields}");
    }
}

#[test]
fn fields_of_included_rows_are_selected_and_left_out_like_a_rows_own() {
    let app = app();
    let path = commented(&app);
    let comment =
        |fields: &str| app.get(&format!("{path}?fields={fields}")).succeeds(200)["data"]["comments"][0].clone();
    assert_eq!(keys(&comment("comments.content")), ["content"]);
    assert_eq!(keys(&comment("+comments,comments.content,comments.id")), ["content", "id"]);
    let all = comment("comments");
    let mut without: Vec<&str> = keys(&all);
    without.retain(|name| *name != "content");
    assert_eq!(keys(&comment("-comments.content")), without);
    assert_eq!(keys(&comment("comments,-comments.content")), without);
    assert_eq!(comment("-comments.content")["content"], Value::Null);
}

#[test]
fn a_row_keeps_its_own_fields_unless_some_are_named() {
    let app = app();
    let path = commented(&app);
    let own = app.get(&path).succeeds(200)["data"].clone();
    let data = |fields: &str| app.get(&format!("{path}?fields={fields}")).succeeds(200)["data"].clone();
    let all = data("comments.id");
    assert_eq!(keys(&all).len(), keys(&own).len() + 1);
    assert!(keys(&own).iter().all(|name| all[*name] == own[*name]), "{all}");
    assert_eq!(keys(&data("title,comments.id")), ["comments", "title"]);
    let mut fewer = data("-title,comments.id");
    assert_eq!(fewer["title"], Value::Null);
    fewer["title"] = own["title"].clone();
    assert_eq!(fewer, all);
}

#[test]
fn a_name_given_twice_counts_once() {
    let app = app();
    let path = commented(&app);
    let get = |fields: &str| app.get(&format!("{path}?fields={fields}")).succeeds(200).bytes;
    assert_eq!(get("title,comments,title,comments"), get("title,comments"));
    assert_eq!(get(&["+comments.post"; 200].join(",")), get("+comments.post"));
}

#[test]
fn unknown_names_are_refused_and_named() {
    let app = app();
    let path = commented(&app);
    for (fields, named) in [
        ("", ""),
        ("+", ""),
        ("-", ""),
        ("%2B", ""),
        ("%20", ""),
        ("title,", ""),
        (",title", ""),
        ("title,,id", ""),
        (".", "."),
        ("..", ".."),
        ("comments.", "comments."),
        (".comments", ".comments"),
        ("comments..content", "comments..content"),
        ("--title", "-title"),
        ("-%2Btitle", "+title"),
        ("%2B-title", "-title"),
        ("%2B%2Bcomments", "+comments"),
        ("title.content", "title.content"),
        ("title.", "title."),
        ("comments.title", "comments.title"),
        ("comments[content]", "comments[content]"),
        ("comments__content", "comments__content"),
        ("Comments", "Comments"),
        ("comment", "comment"),
        ("post_tags", "post_tags"),
        ("*", "*"),
        ("comments.*", "comments.*"),
    ] {
        for path in [&path, "/api/posts"] {
            let reply = app.get(&format!("{path}?fields={fields}")).expect(400, "InvalidRequestQuery");
            assert_eq!(reply.problem_fields(), ["fields"], "{fields}");
            let message = format!("'fields' cannot use '{named}'");
            assert_eq!(reply["meta"]["errors"][0]["message"], message, "{fields}");
        }
    }
}

#[test]
fn a_relation_is_excluded_by_not_including_it() {
    let app = app();
    let path = commented(&app);
    for fields in ["-comments", "title,-comments", "comments.id,-comments", "-comments,-comments.id"] {
        let reply = app.get(&format!("{path}?fields={fields}")).expect(400, "InvalidRequestQuery");
        assert_eq!(reply.problems(), ["Invalid"], "{fields}: {reply:?}");
    }
}

#[test]
fn options_of_what_is_not_included_are_unknown_parameters() {
    let app = app();
    let path = commented(&app);
    for query in [
        "comments[limit]=1",
        "fields=+tags&comments[limit]=1",
        "fields=+comments&comments[page]=2",
        "fields=+comments&comments[limit][x]=1",
        "fields=+comments&comments[post][limit]=1",
        "fields=+comments.post&comments[post][limit]=1",
        "fields=+comments.post&comments[post][sort]=id",
        "fields=+comments&comments.limit=1",
        "fields=+comments&limit[comments]=1",
        "fields=+nothing&nothing[limit]=1",
    ] {
        for path in [&path, "/api/posts"] {
            let reply = app.get(&format!("{path}?{query}")).expect(400, "InvalidRequestQuery");
            assert!(reply.problems().contains(&"UnknownParameter"), "{query}: {reply:?}");
        }
    }
}

#[test]
fn a_limit_is_a_number_up_to_the_limit_of_a_list() {
    let app = app();
    let path = commented(&app);
    let get = |limit: &str| app.get(&format!("{path}?fields=+comments&comments[limit]={limit}"));
    for limit in ["1", "100"] {
        get(limit).succeeds(200);
    }
    for limit in ["0", "101", "-1", "", "x", "1.5", "1e1", "%201", "99999999999999999999"] {
        let reply = get(limit).expect(400, "InvalidRequestQuery");
        assert_eq!(reply["meta"]["errors"][0]["message"], "'comments[limit]' must be an integer from 1 to 100");
    }
}

#[test]
fn an_order_names_fields_of_the_included_rows() {
    let app = app();
    let path = commented(&app);
    let get = |sort: &str| app.get(&format!("{path}?fields=+comments&comments[sort]={sort}"));
    for sort in ["content", "-createdAt,content", "content,content", "id"] {
        get(sort).succeeds(200);
    }
    for (sort, named) in
        [("", ""), ("title", "title"), ("--content", "-content"), ("post.title", "post.title"), ("content,,id", "")]
    {
        let reply = get(sort).expect(400, "InvalidRequestQuery");
        let message = format!("'comments[sort]' cannot use '{named}'");
        assert_eq!(reply["meta"]["errors"][0]["message"], message, "{sort}");
    }
}

#[test]
fn a_filter_of_the_same_relation_still_filters() {
    let app = app();
    let ada = app.sign_up("ada");
    let posts = ["One", "Two"].map(|title| article(&app, &ada, title));
    comment(&ada, &posts[0], "Yes");
    comment(&ada, &posts[0], "No");
    let path =
        format!("/api/posts?authorId={}&fields=title,comments.content&comments[content]=Yes&comments[sort]=id", ada.id);
    let expected = json!([{ "title": "One", "comments": [{ "content": "Yes" }, { "content": "No" }] }]);
    assert_eq!(app.get(&path).succeeds(200)["data"], expected, "it chooses articles, not comments");
}
