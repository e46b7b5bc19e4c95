//! The SQL statements, written for exactly these tables.

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool, QueryBuilder, Sqlite, SqlitePool};
use uuid::Uuid;

use crate::rows::{COMMENT, Comment, POST, Post, USER, User};

/// The connections; the pools correspond to those of Gable.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

/// The query of a list.
pub(crate) struct Page {
    pub(crate) status: Option<String>,
    pub(crate) by_date: bool,
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

pub(crate) struct NewPost {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) slug: Option<String>,
    pub(crate) content: String,
    pub(crate) summary: Option<String>,
    pub(crate) status: &'static str,
}

type Outcome<T> = Result<T, sqlx::Error>;

static NEWEST: LazyLock<&str> =
    LazyLock::new(|| sql(format!("SELECT {POST} FROM posts ORDER BY id DESC LIMIT $1 OFFSET $2")));
static OF_STATUS: LazyLock<&str> =
    LazyLock::new(|| sql(format!("SELECT {POST} FROM posts WHERE status = $3 ORDER BY id DESC LIMIT $1 OFFSET $2")));
/// Sorts in the order of the index.
static BY_DATE: LazyLock<&str> = LazyLock::new(|| {
    let order = "ORDER BY published_at DESC NULLS LAST, id DESC";
    sql(format!("SELECT {POST} FROM posts WHERE status = $3 {order} LIMIT $1 OFFSET $2"))
});
const COUNT: &str = "SELECT count(*) FROM posts WHERE status = $1";
static AUTHORS: LazyLock<&str> = LazyLock::new(|| sql(format!("SELECT {USER} FROM users WHERE id = ANY($1)")));
static COMMENTS: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT first.* FROM unnest($1::uuid[]) AS wanted (post), LATERAL (SELECT {COMMENT} FROM comments \
         WHERE post_id = wanted.post ORDER BY id LIMIT $2) AS first"
    ))
});
static INSERT: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "INSERT INTO posts ({POST}) SELECT id, title, slug, content, summary, status, 0, NULL, $7, $8, $8 \
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) \
         AS new (id, title, slug, content, summary, status) RETURNING {POST}"
    ))
});
/// Finds the account of a log-in. In this benchmark, only super users have rights.
const GRANT: &str = "SELECT u.id, u.is_super_user FROM gable_grants g JOIN users u ON u.id = g.account_id \
     WHERE g.id = $1 AND u.is_active AND g.expires_at > $2";

/// Keeps the text for the whole run, because sqlx caches prepared statements by their text.
fn sql(text: String) -> &'static str {
    text.leak()
}

/// Runs a statement that is the same for both databases.
macro_rules! read {
    ($store:expr, $method:ident, $sql:expr $(, $value:expr)*) => {
        match $store {
            Store::Sqlite { readers, .. } => sqlx::query_as($sql)$(.bind($value))*.$method(readers).await,
            Store::Postgres(pool) => sqlx::query_as($sql)$(.bind($value))*.$method(pool).await,
        }
    };
}

impl Store {
    pub(crate) async fn connect(url: &str, connections: u32) -> Outcome<Self> {
        if url.starts_with("postgres") {
            let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
            let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
            return Ok(Self::Postgres(pool.connect_with(options).await?));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let pool = |size| SqlitePoolOptions::new().min_connections(1).max_connections(size).test_before_acquire(false);
        let writer = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
        let writer = pool(1).connect_with(writer).await?;
        let readers = pool(connections).connect_with(options.pragma("query_only", "ON")).await?;
        Ok(Self::Sqlite { readers, writer })
    }

    pub(crate) async fn page(&self, page: Page) -> Outcome<Vec<Post>> {
        let Page { status, by_date, limit, offset } = page;
        match status {
            None => read!(self, fetch_all, *NEWEST, limit, offset),
            Some(status) if by_date => read!(self, fetch_all, *BY_DATE, limit, offset, status),
            Some(status) => read!(self, fetch_all, *OF_STATUS, limit, offset, status),
        }
    }

    pub(crate) async fn count(&self, status: String) -> Outcome<i64> {
        let (count,): (i64,) = read!(self, fetch_one, COUNT, status)?;
        Ok(count)
    }

    pub(crate) async fn grant(&self, grant: Uuid) -> Outcome<Option<(Uuid, bool)>> {
        read!(self, fetch_optional, GRANT, grant, Utc::now())
    }

    pub(crate) async fn authors(&self, ids: Vec<Uuid>) -> Outcome<Vec<User>> {
        match self {
            Store::Postgres(pool) => sqlx::query_as(*AUTHORS).bind(ids).fetch_all(pool).await,
            Store::Sqlite { readers, .. } => {
                let text = format!("SELECT {USER} FROM users WHERE id IN ({})", placeholders(ids.len()));
                let query = sqlx::query_as(AssertSqlSafe(text));
                ids.into_iter().fold(query, |query, id| query.bind(id)).fetch_all(readers).await
            }
        }
    }

    /// Returns the first comments of each post, in the order of their ids.
    pub(crate) async fn comments(&self, posts: Vec<Uuid>, limit: i64) -> Outcome<Vec<Comment>> {
        match self {
            Store::Postgres(pool) => sqlx::query_as(*COMMENTS).bind(posts).bind(limit).fetch_all(pool).await,
            Store::Sqlite { readers, .. } => {
                let text = format!(
                    "SELECT {COMMENT} FROM (SELECT {COMMENT}, row_number() OVER (PARTITION BY post_id ORDER BY id) AS nth \
                     FROM comments WHERE post_id IN ({})) WHERE nth <= ? ORDER BY nth",
                    placeholders(posts.len())
                );
                let query = sqlx::query_as(AssertSqlSafe(text));
                posts.into_iter().fold(query, |query, id| query.bind(id)).bind(limit).fetch_all(readers).await
            }
        }
    }

    pub(crate) async fn insert(&self, posts: Vec<NewPost>, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<Post>> {
        match self {
            Store::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let column = |of: fn(&NewPost) -> &str| posts.iter().map(of).collect::<Vec<_>>();
                let optional = |of: fn(&NewPost) -> Option<&str>| posts.iter().map(of).collect::<Vec<_>>();
                let query = sqlx::query_as(*INSERT)
                    .bind(posts.iter().map(|post| post.id).collect::<Vec<_>>())
                    .bind(column(|post| &post.title))
                    .bind(optional(|post| post.slug.as_deref()))
                    .bind(column(|post| &post.content))
                    .bind(optional(|post| post.summary.as_deref()))
                    .bind(column(|post| post.status))
                    .bind(author)
                    .bind(now);
                let rows = query.fetch_all(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(rows)
            }
            Store::Sqlite { writer, .. } => {
                let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
                let mut insert = QueryBuilder::<Sqlite>::new(format!("INSERT INTO posts ({POST}) "));
                insert.push_values(posts, |mut row, post| {
                    row.push_bind(post.id).push_bind(post.title).push_bind(post.slug).push_bind(post.content);
                    row.push_bind(post.summary).push_bind(post.status).push("0, NULL");
                    row.push_bind(author).push_bind(now).push_bind(now);
                });
                insert.push(" RETURNING ").push(POST);
                let rows = insert.build_query_as().fetch_all(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(rows)
            }
        }
    }
}

/// `?, ?, …`
fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}
