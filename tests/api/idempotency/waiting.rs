//! Requests with one key at the same time.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use api::Post;
use gable::{ApiError, Context};
use serde_json::{Value, json};

use super::stage::{Stage, log_in};
use super::{article, articles, is_replayed, key, post};
use crate::harness::{Client, app, at_once, statuses};

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
fn whoever_waits_for_a_request_that_fails_makes_it_themselves() {
    let app = app();
    let (ada, key) = (app.sign_up("ada"), key());
    let taken = article();
    ada.post("/api/posts", taken.clone()).succeeds(201);
    let replies = at_once(8, |_| post(&ada, "/api/posts", &key, &taken));
    assert_eq!(statuses(&replies), [(409, 8)]);
    assert!(replies.iter().all(|reply| reply["code"] == "PostSlugUniqueConstraint"), "{replies:?}");
}

/// An article is made only once it is told to go on.
struct Slow {
    stage: Stage,
    at_work: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Slow {
    fn new() -> Self {
        let (reached, at_work) = mpsc::channel();
        let (go_on, told) = mpsc::channel();
        let told = Arc::new(Mutex::new(told));
        let stage = Stage::of::<api::Api>(|hooks| {
            hooks.post.after_create_one(async move |_: &mut Context<'_>, _: &mut Post| {
                let _ = reached.send(());
                let told = told.clone();
                let waited = tokio::task::spawn_blocking(move || {
                    told.lock().expect("nobody panicked").recv_timeout(Duration::from_secs(60))
                });
                waited.await.map_err(ApiError::internal)?.map_err(ApiError::internal)
            });
        });
        Self { stage, at_work, go_on }
    }

    /// What happens while the first request is at work; afterwards it is answered, and its repetition, too.
    fn meanwhile(&self, ada: &Client, key: &str, body: &Value, happens: impl FnOnce()) {
        std::thread::scope(|scope| {
            let first = scope.spawn(|| post(ada, "/api/posts", key, body));
            self.at_work.recv_timeout(Duration::from_secs(60)).expect("the first one writes");
            happens();
            self.go_on.send(()).expect("the first one waits");
            let first = first.join().expect("an answer").succeeds(201);
            super::is_the_same_again(&post(ada, "/api/posts", key, body), &first);
        });
        assert_eq!(self.stage.rows("posts"), 1);
    }
}

/// Those who wait hold nothing that others need: SQLite has one writer, which has the first request, but everybody reads.
#[test]
fn whoever_waits_too_long_is_told_to_come_back_and_keeps_nobody_waiting() {
    let slow = Slow::new();
    let (ada, key, body) = (slow.stage.author(), key(), article());
    slow.meanwhile(&ada, &key, &body, || {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| at_once(30, |_| post(&ada, "/api/posts", &key, &body)));
            while !waiting.is_finished() {
                ada.get("/api/posts").succeeds(200);
                if !slow.stage.is_sqlite() {
                    ada.patch("/api/users/me", json!({ "bio": "Writes" })).succeeds(200);
                }
            }
            for reply in waiting.join().expect("answers") {
                assert_eq!(reply.expect(409, "IdempotencyKeyInUse").header("Retry-After"), Some("1"));
            }
        });
    });
}

/// SQLite has one writer, and does not know for what it is kept waiting.
#[test]
fn whoever_waits_for_another_server_is_told_to_come_back() {
    let slow = Slow::new();
    let (ada, key, body) = (slow.stage.author(), key(), article());
    let beside = slow.stage.beside::<api::Api>();
    let second = log_in(&beside);
    slow.meanwhile(&ada, &key, &body, || {
        let reply = post(&second, "/api/posts", &key, &body);
        let reply = match slow.stage.is_sqlite() {
            true => reply.expect(503, "ServiceUnavailable"),
            false => reply.expect(409, "IdempotencyKeyInUse"),
        };
        assert_eq!(reply.header("Retry-After"), Some("1"));
    });
}
