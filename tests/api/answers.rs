//! The bytes of an answer are bounded, however few rows they are in, and so are those of all answers that wait to be sent.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Account, App, Reply, Setup, spawn_app, unique};

/// Characters of a long article.
const LONG: usize = 450_000;
/// Bytes of an answer, as `query.maxBytes` has it by default.
const MOST: usize = 8 * 1024 * 1024;
/// What answers of 200 MB in all may leave behind.
const ALLOWED_GROWTH_MIB: u64 = 128;

fn article(title: &str, content: &str) -> Value {
    json!({ "title": title, "content": content, "slug": unique("a"), "status": "published" })
}

/// An editor, and an article of theirs with 20 comments.
fn commented(app: &App) -> (Account, String) {
    let grace = app.editor("grace");
    let post = grace.post("/api/posts", article("Long", &"x".repeat(LONG))).succeeds(201).id();
    for _ in 0..20 {
        grace.post("/api/comments", json!({ "content": "c", "post": { "id": post } })).succeeds(201);
    }
    (grace, post)
}

/// Articles of an author that have a long text each, written past the API.
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
    // It says what helps, and that does.
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
    // The end of a gzip stream tells the length of what was packed.
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

/// Asks for large answers and reads none of them. There are more than the buffers of a connection hold.
fn greedy(app: &App, token: &str, list: &str) -> TcpStream {
    let mut stream = app.connect();
    let request = format!("GET {list} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.repeat(8).as_bytes()).expect("requests are sent");
    stream
}

/// Whoever takes no answers is given so many that others are refused, and these are served once the first have gone.
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
    // Small answers do not need the budget.
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
fn answers_that_nobody_takes_hold_a_bounded_part_of_the_memory() {
    let app = bounded_app();
    let grace = long_articles(&app, 16);
    is_bounded_in_sum(&app, &grace, &format!("/api/posts?authorId={}&limit=16", grace.id));
}

#[test]
fn accounts_that_are_shown_to_themselves_count_in_that_bound() {
    let app = bounded_app();
    let ada = app.sign_up("ada");
    let bio = match app.sql_url().starts_with("sqlite") {
        true => "printf('%.*c', 4000000, 'x')",
        false => "repeat('x', 4000000)",
    };
    app.database().run(&format!("UPDATE users SET bio = {bio}"));
    is_bounded_in_sum(&app, &ada, "/api/users/me");
}
