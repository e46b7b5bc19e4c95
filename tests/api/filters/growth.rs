//! Filters that go back and forth between relations, over many rows of one article.

use std::time::Instant;

use serde_json::json;

use crate::harness::{App, Sql, spawn_app};

/// An article with so many comments, all of one author.
fn discussed(app: &App, comments: u32) -> String {
    let ada = app.sign_up("ada");
    let slug = format!("discussed-{comments}");
    let body = json!({ "title": "Title", "content": "…", "slug": slug, "status": "published" });
    let post = app.super_user().post("/api/posts", body).succeeds(201).id();
    let path = format!("/api/posts/{post}");
    app.super_user().patch(&path, json!({ "authorId": ada.id })).succeeds(200);
    let mut sql = app.sql();
    let (numbers, id) = match sql {
        Sql::Sqlite(_) => (
            format!("WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT {comments}) "),
            "randomblob(16)",
        ),
        Sql::Postgres(_) => (format!("WITH n AS (SELECT generate_series(1, {comments}) AS n) "), "gen_random_uuid()"),
    };
    sql.run(&format!(
        "{numbers} INSERT INTO comments (id, content, post_id, author_id, created_at, updated_at) \
         SELECT {id}, 'Comment ' || n, p.id, p.author_id, p.created_at, p.updated_at FROM n, posts p WHERE p.slug = '{slug}'; ANALYZE"
    ));
    slug
}

/// Within the time limit of a statement, in an unoptimized build: compared pair by pair, so many rows take minutes.
#[test]
fn a_filter_that_goes_back_and_forth_looks_at_each_row_once() {
    let app = spawn_app();
    for comments in [5_000, 20_000] {
        let slug = discussed(&app, comments);
        for path in [
            "comments__some__post__comments__some__content",
            "comments__none__post__comments__some__content",
            "comments__every__author__comments__none__content",
            "comments__some__author__posts__every__title",
        ] {
            let start = Instant::now();
            app.super_user().get(&format!("/api/posts?slug={slug}&{path}__contains=zzz")).succeeds(200);
            eprintln!("measured: {path} over {comments} comments: {:?}", start.elapsed());
        }
        let start = Instant::now();
        app.super_user().get("/api/comments?limit=1&post__comments__some__content__contains=zzz").succeeds(200);
        eprintln!("measured: comments beside them, over {comments}: {:?}", start.elapsed());
    }
}
