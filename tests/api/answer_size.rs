//! Limits for the bytes of one answer, however few rows it has, and for those of all answers that wait to be sent.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Account, App, Reply, Setup, spawn_app, unique};

/// The number of characters in a long article.
const LONG: usize = 450_000;
/// The default of `query.maxBytes`.
const MOST: usize = 8 * 1024 * 1024;
/// The memory that may remain in use after answers of 200 MB in all.
const ALLOWED_GROWTH_MIB: u64 = 128;

fn article(title: &str, content: &str) -> Value {
    json!({ "title": title, "content": content, "slug": unique("a"), "status": "published" })
}

/// Makes an editor and an article of theirs with 20 comments.
fn commented(app: &App) -> (Account, String) {
    let grace = app.editor("grace");
    let post = grace.post("/api/posts", article("Long", &"x".repeat(LONG))).succeeds(201).id();
    for _ in 0..20 {
        grace.post("/api/comments", json!({ "content": "c", "post": { "id": post } })).succeeds(201);
    }
    (grace, post)
}

/// Makes articles, whose texts are then lengthened by SQL.
fn long_articles(app: &App, count: usize) -> Account {
    let grace = app.editor("grace");
    let some: Value = (0..count).map(|_| article("One", "…")).collect();
    grace.post("/api/posts/many?fields=id", some).succeeds(201);
    let text = match app.sql_url().starts_with("sqlite") {
        true => format!("printf('%.*c', {LONG}, 'x')"),
        false => format!("repeat('x', {LONG})"),
    };
    app.database().run(&format!("UPDATE posts SET content = {text} WHERE title = 'One'"));
    grace
}

#[track_caller]
fn is_too_large(reply: Reply) {
    let reply = reply.expect(400, "AnswerTooLarge");
    let message = reply["message"].as_str().unwrap_or_default();
    for help in ["fields", "include", "limit", "filter"] {
        assert!(message.contains(help), "{help} in {message}");
    }
    assert!(reply.bytes.len() < 1000);
}

#[test]
fn a_row_that_is_rendered_for_each_of_its_parents_counts_each_time() {
    let app = spawn_app();
    let (grace, post) = commented(&app);
    let list = format!("/api/comments?postId={post}&fields=+post.comments.post");
    is_too_large(grace.get(&list));
    is_too_large(grace.get(&format!("/api/posts/{post}?fields=+comments.post&comments[limit]=20")));
    // The message suggests a smaller page, which succeeds.
    for less in ["&limit=1&post[comments][limit]=5", "&limit=4&post[comments][limit]=2"] {
        let reply = grace.get(&format!("{list}{less}")).succeeds(200);
        assert!(reply.bytes.len() <= MOST);
    }
    grace.get(&format!("/api/posts/{post}?fields=+comments.post&comments[limit]=10")).succeeds(200);
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_would_be_far_too_large_does_not_take_its_memory() {
    let app = spawn_app();
    let (grace, post) = commented(&app);
    let list = format!("/api/comments?postId={post}&fields=+post.comments.post");
    is_too_large(grace.get(&list));
    let before = app.resident_mib();
    (0..4).for_each(|_| is_too_large(grace.get(&list)));
    let grown = app.resident_mib().saturating_sub(before);
    assert!(grown < ALLOWED_GROWTH_MIB, "{grown} MiB more than {before}");
}

#[test]
fn a_write_whose_answer_would_be_too_large_is_not_made() {
    let app = spawn_app();
    let (grace, post) = commented(&app);
    let path = format!("/api/posts/{post}");
    is_too_large(grace.patch(&format!("{path}?fields=+comments.post&comments[limit]=20"), json!({ "title": "Other" })));
    assert_eq!(app.row(&path)["title"], "Long");
    let comment = json!({ "content": "new", "post": { "id": post } });
    is_too_large(grace.post("/api/comments?fields=+post.comments.post&post[comments][limit]=20", comment));
    assert_eq!(app.count(&format!("/api/comments?postId={post}&fields=id")), 20);
    grace.patch(&format!("{path}?fields=id"), json!({ "title": "Other" })).succeeds(200);
}

#[test]
fn a_bulk_write_whose_answer_would_be_too_large_is_not_made() {
    let app = spawn_app();
    let grace = long_articles(&app, 20);
    let many = format!("/api/posts/many?authorId={}", grace.id);
    let changed = || app.count(&format!("/api/posts?authorId={}&summary=Changed&fields=id", grace.id));
    is_too_large(grace.patch(&many, json!({ "summary": "Changed" })));
    assert_eq!(changed(), 0);
    is_too_large(grace.delete(&many));
    assert_eq!(app.count(&format!("/api/posts?authorId={}&fields=id", grace.id)), 20);
    grace.patch(&format!("{many}&fields=id"), json!({ "summary": "Changed" })).succeeds(200);
    assert_eq!(changed(), 20);
    let some = grace.post("/api/posts/many", (0..10).map(|_| article("New", "x")).collect());
    some.succeeds(201);
    grace.delete(&format!("{many}&fields=id")).succeeds(200);
}

#[test]
fn rows_that_are_read_and_not_shown_are_bounded_too() {
    let app = spawn_app();
    let grace = long_articles(&app, 90);
    let list = format!("/api/posts?authorId={}&fields=id", grace.id);
    is_too_large(grace.get(&format!("{list}&limit=90")));
    is_too_large(grace.delete(&format!("/api/posts/many?authorId={}&fields=id", grace.id)));
    assert_eq!(grace.get(&format!("{list}&limit=60")).succeeds(200)["total"], 90);
}

#[test]
fn an_answer_is_sent_whole_whether_it_is_compressed_or_not() {
    let app = spawn_app();
    let grace = long_articles(&app, 16);
    let list = format!("/api/posts?authorId={}&fields=id,content&sort=id", grace.id);
    let plain = grace.request("GET", &list).header("Accept-Encoding", "identity").send().succeeds(200);
    assert!(plain.bytes.len() > 16 * LONG);
    let packed = grace.request("GET", &list).header("Accept-Encoding", "gzip").send().succeeds(200);
    assert_eq!(packed.header("Content-Encoding"), Some("gzip"));
    // A gzip stream ends with the length of the uncompressed data.
    let length = packed.bytes.last_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    assert_eq!(length, u32::try_from(plain.bytes.len()).ok());
}

#[test]
fn a_text_takes_as_many_characters_as_its_model_says() {
    let app = crate::harness::app();
    let grace = app.editor("grace");
    let longer = article("One", &"x".repeat(1_000_001));
    let refused = grace.post("/api/posts", longer.clone()).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problems(), ["ContentMaxLengthConstraint"]);
    let path = format!("/api/posts/{}", grace.post("/api/posts", article("One", "…")).succeeds(201).id());
    let refused = grace.patch(&path, json!({ "content": longer["content"] })).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problems(), ["ContentMaxLengthConstraint"]);
    assert_eq!(app.row(&path)["content"], "…");
}

/// Requests large answers and reads none of them. They exceed the buffers of a connection.
fn greedy(app: &App, token: &str, list: &str) -> TcpStream {
    let mut stream = app.connect();
    let request = format!("GET {list} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.repeat(8).as_bytes()).expect("requests are sent");
    stream
}

/// Clients that do not read their answers use up the budget, so that others are refused until those clients disconnect.
fn is_bounded_in_sum(app: &App, account: &Account, path: &str) {
    account.get(path).succeeds(200);
    let mut streams = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(120);
    let refused = loop {
        let reply = account.get(path);
        if reply.status == 503 {
            break reply.expect(503, "ServiceUnavailable");
        }
        assert!(Instant::now() < deadline, "nothing is refused");
        streams.push(greedy(app, account.token().expect("a token"), path));
    };
    assert_eq!(refused.header("Retry-After"), Some("1"));
    // Small answers do not count towards the budget.
    account.get("/api/tags?limit=1").succeeds(200);
    drop(streams);
    while account.get(path).status != 200 {
        assert!(Instant::now() < deadline, "what was held is not given back");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn bounded_app() -> App {
    let most = (5 * MOST).to_string();
    let setup = Setup::new().with("GABLE_MAX_ANSWER_BYTES_IN_FLIGHT", &most);
    setup.with("GABLE_WRITE_TIMEOUT_SECONDS", "600").spawn()
}

#[test]
fn answers_that_are_not_read_hold_a_limited_part_of_the_memory() {
    let app = bounded_app();
    let grace = long_articles(&app, 16);
    is_bounded_in_sum(&app, &grace, &format!("/api/posts?authorId={}&limit=16", grace.id));
}

#[test]
fn answers_that_show_ones_own_account_count_towards_that_limit() {
    let app = bounded_app();
    let ada = app.sign_up("ada");
    let bio = match app.sql_url().starts_with("sqlite") {
        true => "printf('%.*c', 4000000, 'x')",
        false => "repeat('x', 4000000)",
    };
    app.database().run(&format!("UPDATE users SET bio = {bio}"));
    is_bounded_in_sum(&app, &ada, "/api/users/me");
}
