//! The requests for the database.

use std::error::Error;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A database of the Gazette, as one worker thread uses it. Rows are returned as JSON.
#[allow(async_fn_in_trait, reason = "futures do not leave their thread")]
pub trait Store: 'static {
    /// Returns `{"data":…}`, or `None` if there is no such post.
    async fn post(&self, id: Uuid) -> Outcome<Option<Vec<u8>>>;

    async fn page(&self, query: &Query) -> Outcome<Page>;

    /// Returns `{"data":…}`.
    async fn insert(&self, post: NewPost, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>>;

    /// Writes all of the posts or none. Returns `{"total":…,"results":…,"data":[…]}`.
    async fn insert_many(&self, posts: Vec<NewPost>, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>>;

    /// Returns `{"data":…}`, or `None` if there is no such post.
    async fn update(&self, id: Uuid, title: String, now: DateTime<Utc>) -> Outcome<Option<Vec<u8>>>;

    /// Returns the account of a log-in that has not ended, if the account has any permissions.
    async fn rights(&self, grant: Uuid) -> Outcome<Option<Rights>>;

    /// Finds an active account by its user name.
    async fn account(&self, name: String) -> Outcome<Option<Account>>;

    /// Stores a log-in, its event and its time in one transaction. Returns the account.
    async fn log_in(&self, log_in: LogIn) -> Outcome<Vec<u8>>;
}

pub struct Query {
    pub status: Option<String>,
    pub by_date: bool,
    pub counted: bool,
    /// Whether authors and comments are included.
    pub including: bool,
    pub page: i64,
    pub limit: i64,
    /// Included comments of each post.
    pub comments: i64,
}

pub struct Page {
    /// The rows as JSON, without brackets around them.
    pub rows: Vec<u8>,
    pub shown: usize,
    pub has_next: bool,
    pub total: Option<i64>,
}

pub struct NewPost {
    pub id: Uuid,
    pub title: String,
    pub slug: Option<String>,
    pub content: String,
    pub summary: Option<String>,
    pub status: &'static str,
}

/// The account of a log-in, and the actions that its roles allow on every post.
pub struct Rights {
    pub account: Uuid,
    pub actions: Vec<String>,
}

/// An account that logs in.
pub struct Account {
    pub id: Uuid,
    pub hash: String,
}

/// A log-in to be stored.
pub struct LogIn {
    pub account: Uuid,
    pub grant: Uuid,
    pub now: DateTime<Utc>,
    pub expires: DateTime<Utc>,
}

impl Query {
    /// The number of rows to read: one more than shown, which tells whether there is a next page.
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    pub fn offset(&self) -> i64 {
        (self.page - 1) * self.limit
    }

    /// The status whose posts are to be counted.
    pub fn counted_status(&self) -> Option<&str> {
        self.status.as_deref().filter(|_| self.counted)
    }
}
