//! Fills the tables, with rows that SQL statements generate.

use std::error::Error;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

/// Number of rows.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) posts: u32,
    pub(crate) comments_of_each: u32,
}

const AUTHORS: u32 = 100;
const CONTENT: &str = "They weave algebraic patterns just as the loom weaves flowers and leaves, and whoever has seen one of them \
     at work will not forget the noise of it, nor the silence in the house when it stands still.";

/// Inserts the rows and analyzes the tables.
///
/// # Errors
/// A statement fails.
pub(crate) async fn fill(url: &str, rows: Rows) -> Result<(), Box<dyn Error>> {
    let dialect = if url.starts_with("postgres") { Dialect::Postgres } else { Dialect::Sqlite };
    let Rows { posts, comments_of_each } = rows;
    let mut statements = Vec::new();
    if dialect == Dialect::Sqlite {
        statements.push("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000".to_owned());
    }
    statements.push(users(dialect));
    statements.push(self::posts(dialect, posts));
    statements.push(comments(dialect, posts * comments_of_each, comments_of_each));
    let maintenance: &[&str] = match dialect {
        Dialect::Sqlite => &["ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"],
        Dialect::Postgres => {
            &["VACUUM (ANALYZE) users", "VACUUM (ANALYZE) posts", "VACUUM (ANALYZE) comments", "CHECKPOINT"]
        }
    };
    statements.extend(maintenance.iter().map(|&text| text.to_owned()));
    execute(url, statements).await
}

/// Deletes the posts that a server created: their ids are greater than those of the posts created here.
///
/// # Errors
/// A statement fails.
pub(crate) async fn delete_new_posts(url: &str) -> Result<(), Box<dyn Error>> {
    let (dialect, maintenance) = match url.starts_with("postgres") {
        true => (Dialect::Postgres, "VACUUM posts"),
        false => (Dialect::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)"),
    };
    let delete = format!("DELETE FROM posts WHERE id > {}", id(dialect, "100000000"));
    execute(url, vec![delete, maintenance.to_owned()]).await
}

/// Creates a database and returns its URL.
///
/// # Errors
/// The statement fails.
pub(crate) async fn create_database(administrator: &str, name: &str) -> Result<String, Box<dyn Error>> {
    execute(administrator, vec![format!("CREATE DATABASE {name}")]).await?;
    let (server, _) = administrator.rsplit_once('/').ok_or("the administrator's URL names no database")?;
    Ok(format!("{server}/{name}"))
}

async fn execute(url: &str, statements: Vec<String>) -> Result<(), Box<dyn Error>> {
    if url.starts_with("postgres") {
        let mut connection = PgConnection::connect(url).await?;
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        return Ok(connection.close().await?);
    }
    let mut connection = SqliteConnection::connect(url).await?;
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

fn users(dialect: Dialect) -> String {
    let (id, time, numbers) = (id(dialect, "n"), time(dialect, "n"), numbers(dialect, AUTHORS));
    format!(
        "INSERT INTO users (id, username, email, password, name, first_name, bio, created_at, updated_at) \
         SELECT {id}, 'writer' || n, 'writer' || n || '@example.com', '-', 'Writer ' || n, 'Writer', \
         'Writes, and is read now and then.', {time}, {time} FROM {numbers}"
    )
}

/// Inserts posts, half of them published. Dates increase with ids, as for posts that are written one after another.
fn posts(dialect: Dialect, count: u32) -> String {
    let author = id(dialect, &format!("n % {AUTHORS} + 1"));
    let (id, time, numbers) = (id(dialect, "n"), time(dialect, "n"), numbers(dialect, count));
    format!(
        "INSERT INTO posts (id, title, slug, content, summary, status, views, published_at, author_id, created_at, updated_at) \
         SELECT {id}, 'Letter ' || n, 'letter-' || (100000000 + n), '{CONTENT}', \
         CASE WHEN n % 3 = 0 THEN 'Of what there is to tell.' END, \
         CASE n % 4 WHEN 0 THEN 'draft' WHEN 1 THEN 'review' ELSE 'published' END, n % 1000, \
         CASE WHEN n % 4 > 1 THEN {time} END, {author}, {time}, {time} FROM {numbers}"
    )
}

fn comments(dialect: Dialect, count: u32, of_each: u32) -> String {
    let post = id(dialect, &format!("(n - 1) / {} + 1", of_each.max(1)));
    let author = id(dialect, &format!("n % {AUTHORS} + 1"));
    let (id, time, numbers) = (id(dialect, "n"), time(dialect, "n"), numbers(dialect, count));
    format!(
        "INSERT INTO comments (id, content, post_id, author_id, created_at, updated_at) \
         SELECT {id}, 'I do not agree with the letter before this one, of which there are ' || n || '.', {post}, {author}, \
         {time}, {time} FROM {numbers}"
    )
}

/// A table expression of the numbers from 1, as `n`.
fn numbers(dialect: Dialect, count: u32) -> String {
    match dialect {
        Dialect::Postgres => format!("generate_series(1, {count}) AS n"),
        Dialect::Sqlite => format!(
            "(WITH RECURSIVE counted (n) AS (SELECT 1 WHERE {count} > 0 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) \
             SELECT n FROM counted)"
        ),
    }
}

/// An expression for a UUID of version 7, which increases with the number, like the ids that the server generates.
fn id(dialect: Dialect, number: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("unhex(printf('%012x7000a000%012x', {number}, {number}))"),
        Dialect::Postgres => {
            let digits = format!("lpad(to_hex({number}), 12, '0')");
            format!("({digits} || '7000a000' || {digits})::uuid")
        }
    }
}

fn time(dialect: Dialect, number: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', 1600000000 + {number} * 60, 'unixepoch')"),
        Dialect::Postgres => format!("to_timestamp(1600000000 + {number} * 60)"),
    }
}
