//! A record of the acknowledged writes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::harness::{Client, Reply, TestDatabase};

/// The number of related rows in each write.
const COMMENTS: i64 = 2;

/// The posts of one test. Each is one nested write: either the post and all of its comments are stored, or none of them.
#[derive(Default)]
pub(crate) struct Ledger {
    acknowledged: Mutex<Vec<String>>,
}

impl Ledger {
    /// Makes a post with a new slug.
    pub(crate) fn write(&self, client: &Client) -> Result<Reply, String> {
        self.write_as(client, &slug())
    }

    /// Makes a post with this slug. A 409 means that an earlier attempt was stored although its answer was not received.
    pub(crate) fn write_as(&self, client: &Client, slug: &str) -> Result<Reply, String> {
        let reply = client.request("POST", "/api/posts").json(&post(slug, "…")).attempt()?;
        if reply.status == 201 {
            self.lock().push(slug.to_owned());
        }
        Ok(reply)
    }

    /// Writes at most `limit` times, until a write fails, and returns the answer to that one, if there was one.
    pub(crate) fn write_until_refused(&self, client: &Client, limit: usize) -> Option<Result<Reply, String>> {
        (0..limit).map(|_| self.write(client)).find(|reply| !matches!(reply, Ok(reply) if reply.status == 201))
    }

    /// A copy with the writes that were acknowledged so far.
    pub(crate) fn so_far(&self) -> Self {
        Self { acknowledged: Mutex::new(self.lock().clone()) }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// The slug of the last acknowledged write.
    pub(crate) fn last(&self) -> String {
        self.lock().last().expect("an acknowledged write").clone()
    }

    /// Asserts by SQL that each acknowledged post is stored once, and that each post has its comments.
    #[track_caller]
    pub(crate) fn check(&self, database: &TestDatabase) {
        let acknowledged = self.lock();
        for slugs in acknowledged.chunks(200) {
            let list = slugs.iter().map(|slug| format!("'{slug}'")).collect::<Vec<_>>().join(", ");
            let there = database.count(&format!("SELECT count(*) FROM posts WHERE slug IN ({list})"));
            assert_eq!(there, slugs.len() as i64, "acknowledged posts of {list}");
        }
        let partial = format!(
            "SELECT count(*) FROM posts WHERE (SELECT count(*) FROM comments WHERE post_id = posts.id) <> {COMMENTS}"
        );
        assert_eq!(database.count(&partial), 0, "half-applied writes");
        let twice = "SELECT count(*) - count(DISTINCT slug) FROM posts";
        assert_eq!(database.count(twice), 0, "posts of one slug");
        eprintln!("measured: acknowledged writes: {}", acknowledged.len());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn slug() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The body of a post with its comments.
pub(crate) fn post(slug: &str, content: &str) -> Value {
    let comments: Vec<Value> = (0..COMMENTS).map(|number| json!({ "content": format!("No. {number}") })).collect();
    json!({ "title": "Title", "content": content, "slug": slug, "comments": comments })
}
