//! Parallel requests with the same key.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use api::Post;
use gable::{ApiError, Context};
use serde_json::{Value, json};

use super::{article, articles, is_replayed, key, post};
use crate::harness::{Client, InProcess, app, at_once, statuses};

#[test]
fn of_parallel_requests_with_one_key_one_writes_and_all_are_answered_alike() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), article());
    let replies = at_once(8, |_| post(&ada, "/api/posts", &key, &body));
    assert_eq!(statuses(&replies), [(201, 8)]);
    assert!(replies.iter().all(|reply| reply.bytes == replies[0].bytes));
    assert_eq!(replies.iter().filter(|reply| is_replayed(reply)).count(), 7);
    assert_eq!(articles(&app, &ada), 1);
}

#[test]
fn of_parallel_bulk_requests_with_one_key_one_writes() {
    let app = app();
    let (ada, key, body) = (app.sign_up("ada"), key(), json!([article(), article()]));
    let replies = at_once(8, |_| post(&ada, "/api/posts/many", &key, &body));
    assert_eq!(statuses(&replies), [(201, 8)]);
    assert!(replies.iter().all(|reply| reply.bytes == replies[0].bytes));
    assert_eq!(articles(&app, &ada), 2);
}

#[test]
fn of_parallel_requests_with_one_key_and_other_bodies_one_writes() {
    let app = app();
    let (ada, key) = (app.sign_up("ada"), key());
    let replies = at_once(8, |_| post(&ada, "/api/posts", &key, &article()));
    assert_eq!(statuses(&replies), [(201, 1), (409, 7)]);
    assert_eq!(articles(&app, &ada), 1);
}

#[test]
fn a_request_that_waits_for_one_that_fails_is_executed_itself() {
    let app = app();
    let (ada, key) = (app.sign_up("ada"), key());
    let taken = article();
    ada.post("/api/posts", taken.clone()).succeeds(201);
    let replies = at_once(8, |_| post(&ada, "/api/posts", &key, &taken));
    assert_eq!(statuses(&replies), [(409, 8)]);
    assert!(replies.iter().all(|reply| reply["code"] == "PostSlugUniqueConstraint"), "{replies:?}");
}

/// An application in which the creation of an article waits until the test lets it continue.
struct Slow {
    app: InProcess,
    at_work: mpsc::Receiver<()>,
    resume: mpsc::Sender<()>,
}

impl Slow {
    fn new() -> Self {
        let (reached, at_work) = mpsc::channel();
        let (resume, resumed) = mpsc::channel();
        let resumed = Arc::new(Mutex::new(resumed));
        let app = InProcess::with(|hooks| {
            hooks.post.after_create_one(async move |_: &mut Context<'_>, _: &mut Post| {
                let _ = reached.send(());
                let resumed = resumed.clone();
                let waited = tokio::task::spawn_blocking(move || {
                    resumed.lock().expect("nobody panicked").recv_timeout(Duration::from_secs(60))
                });
                waited.await.map_err(ApiError::internal)?.map_err(ApiError::internal)
            });
        });
        Self { app, at_work, resume }
    }

    /// Runs `happens` during the first request, and asserts that it and its repetition are answered afterwards.
    fn meanwhile(&self, ada: &Client, key: &str, body: &Value, happens: impl FnOnce()) {
        std::thread::scope(|scope| {
            let first = scope.spawn(|| post(ada, "/api/posts", key, body));
            self.at_work.recv_timeout(Duration::from_secs(60)).expect("the first one writes");
            happens();
            self.resume.send(()).expect("the first one waits");
            let first = first.join().expect("an answer").succeeds(201);
            super::is_the_same_again(&post(ada, "/api/posts", key, body), &first);
        });
        assert_eq!(self.app.rows("posts"), 1);
    }
}

/// Waiting requests hold no connection. On SQLite, the first request has the only writer, but reading remains possible.
#[test]
fn a_request_that_waits_too_long_is_refused_with_retry_after_and_does_not_block_others() {
    let slow = Slow::new();
    let (ada, key, body) = (slow.app.author(), key(), article());
    slow.meanwhile(&ada, &key, &body, || {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| at_once(30, |_| post(&ada, "/api/posts", &key, &body)));
            while !waiting.is_finished() {
                ada.get("/api/posts").succeeds(200);
                if !slow.app.is_sqlite() {
                    ada.patch("/api/users/me", json!({ "bio": "Writes" })).succeeds(200);
                }
            }
            for reply in waiting.join().expect("answers") {
                assert_eq!(reply.expect(409, "IdempotencyKeyInUse").header("Retry-After"), Some("1"));
            }
        });
    });
}

/// On SQLite, the second server waits for the writer and cannot know that the key is in use.
#[test]
fn a_request_that_waits_for_another_server_is_refused_with_retry_after() {
    let slow = Slow::new();
    let (ada, key, body) = (slow.app.author(), key(), article());
    let server = slow.app.second_server();
    let second = Client::new(server.url()).with_token(ada.token().expect("a token"));
    slow.meanwhile(&ada, &key, &body, || {
        let reply = post(&second, "/api/posts", &key, &body);
        let reply = match slow.app.is_sqlite() {
            true => reply.expect(503, "ServiceUnavailable"),
            false => reply.expect(409, "IdempotencyKeyInUse"),
        };
        assert_eq!(reply.header("Retry-After"), Some("1"));
    });
}
