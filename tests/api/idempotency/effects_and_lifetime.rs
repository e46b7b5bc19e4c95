//! Interceptors and after-commit work run once for each key, and keys expire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::{CreatePost, Post};
use gable::{ApiError, Context};

use super::{article, is_replayed, is_the_same_again, key, post};
use crate::harness::InProcess;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Counts the runs of interceptors of new articles, and of their after-commit work.
#[derive(Clone, Default)]
struct Count {
    before: Arc<AtomicUsize>,
    after: Arc<AtomicUsize>,
    committed: Arc<AtomicUsize>,
}

impl Count {
    fn install(&self, hooks: &mut api::Hooks) {
        let (before, count) = (self.before.clone(), self.clone());
        hooks.post.before_create_one(async move |_: &mut Context<'_>, _: &mut CreatePost| {
            before.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        hooks.post.after_create_one(async move |ctx: &mut Context<'_>, _: &mut Post| {
            count.after.fetch_add(1, Ordering::SeqCst);
            let committed = count.committed.clone();
            ctx.after_commit(async move {
                committed.fetch_add(1, Ordering::SeqCst);
            });
            Ok::<(), ApiError>(())
        });
    }

    fn all(&self) -> [usize; 3] {
        [&self.before, &self.after, &self.committed].map(|count| count.load(Ordering::SeqCst))
    }
}

#[test]
fn interceptors_and_work_after_the_commit_run_once() {
    let count = Count::default();
    let app = InProcess::with(|hooks| count.install(hooks));
    let (ada, key, body) = (app.author(), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    assert_eq!(count.all(), [1, 1, 1], "also before the answer is sent");
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    assert_eq!(count.all(), [1, 1, 1]);
    post(&ada, "/api/posts", &key, &article()).expect(409, "IdempotencyKeyReused");
    assert_eq!(count.all(), [1, 1, 1]);
}

#[test]
fn a_key_is_remembered_for_24_hours() {
    let app = InProcess::new();
    let (ada, key, body) = (app.author(), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    app.clock.advance(23 * HOUR);
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    app.clock.advance(HOUR);
    post(&ada, "/api/posts", &key, &body).expect(409, "PostSlugUniqueConstraint");
    let later = article();
    let second = post(&ada, "/api/posts", &key, &later).succeeds(201);
    assert!(!is_replayed(&second));
    is_the_same_again(&post(&ada, "/api/posts", &key, &later), &second);
    assert_eq!((app.rows("posts"), app.rows("gable_idempotency")), (2, 1));
    app.clock.advance(23 * HOUR);
    is_the_same_again(&post(&ada, "/api/posts", &key, &later), &second);
}

#[test]
fn expired_keys_are_deleted() {
    let app = InProcess::new();
    post(&app.author(), "/api/posts", &key(), &article()).succeeds(201);
    let app = app.restart_after(23 * HOUR);
    assert_eq!(app.rows("gable_idempotency"), 1);
    let app = app.restart_after(HOUR);
    app.eventually_has_rows("gable_idempotency", 0);
}
