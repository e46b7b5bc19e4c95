//! What runs once, and for how long a key is remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::{CreatePost, Post};
use gable::{ApiError, Context};

use super::stage::Stage;
use super::{article, is_replayed, is_the_same_again, key, post};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Counts how often interceptors of new articles run, and work after the commit.
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
    let stage = Stage::of::<api::Api>(|hooks| count.install(hooks));
    let (ada, key, body) = (stage.author(), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    assert_eq!(count.all(), [1, 1, 1], "also before the answer is sent");
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    assert_eq!(count.all(), [1, 1, 1]);
    post(&ada, "/api/posts", &key, &article()).expect(409, "IdempotencyKeyReused");
    assert_eq!(count.all(), [1, 1, 1]);
}

#[test]
fn a_key_is_remembered_for_24_hours() {
    let stage = Stage::of::<api::Api>(|_| {});
    let (ada, key, body) = (stage.author(), key(), article());
    let first = post(&ada, "/api/posts", &key, &body).succeeds(201);
    stage.clock.advance(23 * HOUR);
    is_the_same_again(&post(&ada, "/api/posts", &key, &body), &first);
    stage.clock.advance(HOUR);
    post(&ada, "/api/posts", &key, &body).expect(409, "PostSlugUniqueConstraint");
    let later = article();
    let second = post(&ada, "/api/posts", &key, &later).succeeds(201);
    assert!(!is_replayed(&second));
    is_the_same_again(&post(&ada, "/api/posts", &key, &later), &second);
    assert_eq!((stage.rows("posts"), stage.rows("gable_idempotency")), (2, 1));
    stage.clock.advance(23 * HOUR);
    is_the_same_again(&post(&ada, "/api/posts", &key, &later), &second);
}

#[test]
fn what_is_over_is_cleared_away() {
    let stage = Stage::of::<api::Api>(|_| {});
    post(&stage.author(), "/api/posts", &key(), &article()).succeeds(201);
    let stage = stage.restart_after::<api::Api>(23 * HOUR);
    assert_eq!(stage.rows("gable_idempotency"), 1);
    let stage = stage.restart_after::<api::Api>(HOUR);
    stage.eventually_has_rows("gable_idempotency", 0);
}
