//! The statements, written for exactly these tables. Each worker thread of the server has a store of its own.

mod pool;
mod postgres;
mod sqlite;

use std::error::Error;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use postgres::Postgres;
use sqlite::Sqlite;
pub(crate) use sqlite::Writer;

use crate::json::{POST, put};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// What all workers share and each of them opens.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) url: String,
    /// Connections of one worker.
    pub(crate) connections: usize,
    /// Whether the reads of a worker are pipelined on one connection, which writes do not use. Only on PostgreSQL.
    pub(crate) pipelined: bool,
    /// The thread that writes; `None` on PostgreSQL.
    pub(crate) writer: Option<Writer>,
}

pub(crate) struct Query {
    pub(crate) status: Option<String>,
    pub(crate) by_date: bool,
    pub(crate) counted: bool,
    pub(crate) including: bool,
    pub(crate) page: i64,
    pub(crate) limit: i64,
    /// Included comments of each post.
    pub(crate) comments: i64,
}

/// Rows of a list, written as JSON without brackets.
pub(crate) struct Page {
    pub(crate) rows: Vec<u8>,
    pub(crate) shown: usize,
    pub(crate) has_next: bool,
    pub(crate) total: Option<i64>,
}

pub(crate) struct NewPost {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) slug: Option<String>,
    pub(crate) content: String,
    pub(crate) summary: Option<String>,
    pub(crate) status: &'static str,
}

/// The account of a log-in, and the actions that its roles allow on every post.
pub(crate) struct Rights {
    pub(crate) account: Uuid,
    pub(crate) actions: Vec<String>,
}

/// An account that logs in.
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) hash: String,
}

/// A log-in to be stored.
pub(crate) struct LogIn {
    pub(crate) account: Uuid,
    pub(crate) grant: Uuid,
    pub(crate) now: DateTime<Utc>,
    pub(crate) expires: DateTime<Utc>,
}

/// Calls the same method of either store.
macro_rules! either {
    ($store:expr, $method:ident $(, $value:expr)*) => {
        match $store {
            Store::Sqlite(store) => store.$method($($value),*).await,
            Store::Postgres(store) => store.$method($($value),*).await,
        }
    };
}

impl Store {
    pub(crate) async fn open(settings: Settings) -> Outcome<Self> {
        match settings.writer {
            Some(writer) => Ok(Self::Sqlite(Sqlite::open(&settings.url, writer)?)),
            None => {
                let store = Postgres::open(&settings.url, settings.connections, settings.pipelined).await;
                Ok(Self::Postgres(store?))
            }
        }
    }

    /// `{"data":…}`, or `None` if there is no such post.
    pub(crate) async fn post(&self, id: Uuid) -> Outcome<Option<Vec<u8>>> {
        either!(self, post, id)
    }

    pub(crate) async fn page(&self, query: &Query) -> Outcome<Page> {
        either!(self, page, query)
    }

    pub(crate) async fn insert(&self, post: NewPost, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        either!(self, insert, post, author, now)
    }

    pub(crate) async fn insert_many(&self, posts: Vec<NewPost>, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        either!(self, insert_many, posts, author, now)
    }

    pub(crate) async fn update(&self, id: Uuid, title: String, now: DateTime<Utc>) -> Outcome<Option<Vec<u8>>> {
        either!(self, update, id, title, now)
    }

    pub(crate) async fn rights(&self, grant: Uuid) -> Outcome<Option<Rights>> {
        either!(self, rights, grant)
    }

    pub(crate) async fn account(&self, name: String) -> Outcome<Option<Account>> {
        either!(self, account, name)
    }

    /// Stores a log-in and returns its account as JSON.
    pub(crate) async fn log_in(&self, log_in: LogIn) -> Outcome<Vec<u8>> {
        either!(self, log_in, log_in)
    }
}

impl Query {
    /// The position in [`lists`] of the statement for this query.
    fn list(&self) -> usize {
        usize::from(self.status.is_some()) * 2 + usize::from(self.by_date)
    }
}

/// The statements that list posts: of all and of one status, each by id and by date in the order of the index.
fn lists() -> [String; 4] {
    let list = |filter: &str, date: &str| {
        format!("SELECT {POST} FROM posts {filter} ORDER BY {date} id DESC LIMIT $1 OFFSET $2")
    };
    let (all, of_status) = ("", "WHERE status = $3");
    let (by_id, by_date) = ("", "published_at DESC NULLS LAST,");
    [list(all, by_id), list(all, by_date), list(of_status, by_id), list(of_status, by_date)]
}

const COUNT: &str = "SELECT count(*) FROM posts WHERE status = $1";
/// Only editors have permissions here, which hold for every post.
const RIGHTS: &str = "SELECT u.id, p.action FROM gable_grants g \
     JOIN users u ON u.id = g.account_id \
     JOIN user_roles r ON r.user_id = u.id \
     JOIN auth_roles n ON n.id = r.role_id \
     JOIN auth_permissions_auth_roles l ON l.auth_role_id = r.role_id \
     JOIN auth_permissions p ON p.id = l.auth_permission_id \
     WHERE g.id = $1 AND g.expires_at > $2 AND u.is_active AND n.name = 'Editor' AND p.resource = 'post'";
const ACCOUNT: &str = "SELECT id, password FROM users WHERE is_active AND lower(username) = lower($1)";
fn update() -> String {
    format!("UPDATE posts SET title = $2, updated_at = $3 WHERE id = $1 RETURNING {POST}")
}

fn written_many(count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + count * 512);
    put(&mut out, format_args!("{{\"total\":{count},\"results\":{count},\"data\":["));
    out
}
