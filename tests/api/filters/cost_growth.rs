//! Filters that follow relations back and forth, over many comments on one article.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{App, Setup, Sql, spawn_app};

/// Makes an article with `count` comments of 500 characters, all of one author.
fn discussed(app: &App, comments: u32) -> String {
    let ada = app.sign_up("ada");
    let slug = format!("discussed-{comments}");
    let body = json!({ "title": "Title", "content": "…", "slug": slug, "status": "published" });
    let post = app.super_user().post("/api/posts", body).succeeds(201).id();
    let path = format!("/api/posts/{post}");
    app.super_user().patch(&path, json!({ "authorId": ada.id })).succeeds(200);
    let mut sql = app.sql();
    let (numbers, id, words) = match sql {
        Sql::Sqlite(_) => (
            format!("WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT {comments}) "),
            "randomblob(16)",
            "hex(zeroblob(250))",
        ),
        Sql::Postgres(_) => (
            format!("WITH n AS (SELECT generate_series(1, {comments}) AS n) "),
            "gen_random_uuid()",
            "repeat('0', 500)",
        ),
    };
    sql.run(&format!(
        "{numbers} INSERT INTO comments (id, content, post_id, author_id, created_at, updated_at) \
         SELECT {id}, {words} || n, p.id, p.author_id, p.created_at, p.updated_at FROM n, posts p WHERE p.slug = '{slug}'; ANALYZE"
    ));
    slug
}

/// A filter that compares these rows in pairs would take minutes.
#[test]
fn a_filter_back_and_forth_over_many_rows_ends_within_its_time_limit() {
    let (few, many) = (spawn_app(), spawn_app());
    let slugs = [discussed(&few, 10_000), discussed(&many, 40_000)];
    for path in [
        "comments__some__post__comments__some__content",
        "comments__none__post__comments__some__content",
        "comments__every__author__comments__none__content",
        "comments__some__author__posts__every__title",
    ] {
        let query = |slug: &str| format!("/api/posts?slug={slug}&{path}__contains=zzz");
        compare(path, (&few, &query(&slugs[0])), (&many, &query(&slugs[1])));
    }
    let beside = "/api/comments?limit=1&post__comments__some__content__contains=zzz";
    compare("comments beside them", (&few, beside), (&many, beside));
}

/// Prints the median times of five answers over 10,000 and over 40,000 rows, measured alternately. Their ratio should be
/// below 4.5, which is not asserted because shared machines are too noisy. A quadratic filter would time out.
fn compare(what: &str, few: (&App, &str), many: (&App, &str)) {
    let timed = |(app, path): (&App, &str)| {
        let start = Instant::now();
        app.super_user().get(path).succeeds(200);
        start.elapsed()
    };
    let (mut small, mut large): (Vec<Duration>, Vec<Duration>) = (0..5).map(|_| (timed(few), timed(many))).unzip();
    small.sort();
    large.sort();
    let ratio = large[2].as_secs_f64() / small[2].as_secs_f64();
    eprintln!("measured: {what}: {:?} over 10,000 comments, {:?} over 40,000, ratio {ratio:.1}", small[2], large[2]);
}

/// Sends a query that takes many seconds.
fn slow_query() -> String {
    let any: Vec<_> = (0..20).map(|number| json!({ "content": { "icontains": format!("zzz{number}") } })).collect();
    let filters = json!({ "OR": any }).to_string();
    format!("/api/comments?filters={}", form_urlencoded::byte_serialize(filters.as_bytes()).collect::<String>())
}

#[test]
fn a_query_that_takes_too_long_is_ended_and_named_in_the_log() {
    let app = Setup::new().with("GABLE_STATEMENT_TIMEOUT_SECONDS", "1").spawn();
    discussed(&app, 200_000);
    let start = Instant::now();
    let reply = app.super_user().get(&slow_query()).expect(503, "QueryTimeout");
    assert!(reply.header("Retry-After").is_some());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    app.log_has("a statement took too long", "comments");
    assert!(!app.output().contains("zzz1"), "the log shows its shape, not its values");
    app.super_user().get("/api/comments?limit=1&count=false").succeeds(200);
}

#[test]
fn a_query_whose_client_has_gone_keeps_no_connection() {
    let setup = Setup::new().with("GABLE_STATEMENT_TIMEOUT_SECONDS", "60");
    let app = setup.with("GABLE_DATABASE_CONNECTIONS", "1").spawn();
    discussed(&app, 50_000);
    let root = app.super_user();
    let token = root.token().expect("a token");
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n", slow_query());
    for _ in 0..3 {
        let mut stream = app.connect();
        stream.write_all(request.as_bytes()).expect("a request is sent");
        std::thread::sleep(Duration::from_millis(300));
        drop(stream);
        let start = Instant::now();
        root.get("/api/tags?limit=1").succeeds(200);
        eprintln!("measured: the next query after a hang-up: {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    }
}
