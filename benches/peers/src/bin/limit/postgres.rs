//! PostgreSQL through tokio-postgres: a small pool for each worker thread, and every statement prepared when a connection
//! opens. A request is one round trip, except that included rows need a second one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use peers::{Account, LogIn, NewPost, Outcome, Page, Query, Rights, Store};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use crate::json::{
    COMMENT, COMMENT_POST, Cells, POST, POST_AUTHOR, USER, comma, comment, open_post, post, single, user, utc,
};
use crate::pool::Pool;
use crate::sql::{ACCOUNT, COUNT, RIGHTS, list, lists, update, written_many};

pub(crate) struct Postgres {
    pool: Pool<Connection>,
    /// The connection of all reads if they are pipelined.
    reads: Option<Connection>,
}

struct Connection {
    client: Client,
    post: Statement,
    lists: [Statement; 4],
    count: Statement,
    authors: Statement,
    comments: Statement,
    insert: Statement,
    insert_many: Statement,
    update: Statement,
    rights: Statement,
    account: Statement,
    log_in: Statement,
}

impl Connection {
    async fn open(url: &str) -> Outcome<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        actix_web::rt::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("a database connection ended: {error}");
            }
        });
        let prepare = async |sql: String| client.prepare(&sql).await;
        let [all, all_by_date, some, some_by_date] = lists();
        Ok(Self {
            post: prepare(format!("SELECT {POST} FROM posts WHERE id = $1")).await?,
            lists: [
                prepare(all).await?,
                prepare(all_by_date).await?,
                prepare(some).await?,
                prepare(some_by_date).await?,
            ],
            count: prepare(COUNT.to_owned()).await?,
            authors: prepare(format!("SELECT {USER} FROM users WHERE id = ANY($1)")).await?,
            comments: prepare(comments()).await?,
            insert: prepare(insert()).await?,
            insert_many: prepare(insert_many()).await?,
            update: prepare(update()).await?,
            rights: prepare(RIGHTS.to_owned()).await?,
            account: prepare(ACCOUNT.to_owned()).await?,
            log_in: prepare(log_in()).await?,
            client,
        })
    }

    async fn find_page(&self, query: &Query) -> Result<Vec<Row>, tokio_postgres::Error> {
        let (limit, offset) = (query.rows(), query.offset());
        let statement = &self.lists[list(query)];
        match &query.status {
            Some(status) => self.client.query(statement, &[&limit, &offset, status]).await,
            None => self.client.query(statement, &[&limit, &offset]).await,
        }
    }

    async fn count(&self, query: &Query) -> Result<Option<i64>, tokio_postgres::Error> {
        let Some(status) = query.counted_status() else { return Ok(None) };
        Ok(Some(self.client.query_one(&self.count, &[&status]).await?.get(0)))
    }

    /// Writes posts with their authors and their first comments. Both are read at the same time.
    async fn write_including(&self, posts: &[Row], query: &Query, out: &mut Vec<u8>) -> Outcome<()> {
        let ids: Vec<Uuid> = posts.iter().map(|post| post.get(0)).collect();
        let mut authors: Vec<Uuid> = posts.iter().map(|post| post.get(POST_AUTHOR)).collect();
        authors.sort_unstable();
        authors.dedup();
        let authors: [&(dyn ToSql + Sync); 1] = [&authors];
        let comments: [&(dyn ToSql + Sync); 2] = [&ids, &query.comments];
        let (authors, comments) =
            tokio::try_join!(self.client.query(&self.authors, &authors), self.client.query(&self.comments, &comments))?;
        let authors: HashMap<Uuid, &Row> = authors.iter().map(|author| (author.get(0), author)).collect();
        let mut of_post: HashMap<Uuid, Vec<&Row>> = HashMap::with_capacity(ids.len());
        for comment in &comments {
            of_post.entry(comment.get(COMMENT_POST)).or_default().push(comment);
        }
        for (nth, (row, id)) in posts.iter().zip(&ids).enumerate() {
            comma(out, nth);
            open_post(row, out);
            out.extend_from_slice(b",\"author\":");
            match authors.get(&row.get::<_, Uuid>(POST_AUTHOR)) {
                Some(author) => user(*author, out),
                None => out.extend_from_slice(b"null"),
            }
            out.extend_from_slice(b",\"comments\":[");
            for (nth, row) in of_post.get(id).into_iter().flatten().enumerate() {
                comma(out, nth);
                comment(*row, out);
            }
            out.extend_from_slice(b"]}");
        }
        Ok(())
    }
}

impl Postgres {
    pub(crate) async fn open(url: &str, connections: usize, pipelined: bool) -> Outcome<Self> {
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push(Connection::open(url).await?);
        }
        let reads = if pipelined { opened.pop() } else { None };
        Ok(Self { pool: Pool::new(opened), reads })
    }
}

impl Store for Postgres {
    async fn post(&self, id: Uuid) -> Outcome<Option<Vec<u8>>> {
        let find = async |connection: &Connection| connection.client.query_opt(&connection.post, &[&id]).await;
        let found = match &self.reads {
            Some(connection) => find(connection).await?,
            None => find(&*self.pool.get().await).await?,
        };
        Ok(found.map(|row| single(|out| post(&row, out))))
    }

    async fn page(&self, query: &Query) -> Outcome<Page> {
        match &self.reads {
            Some(connection) => page(connection, query).await,
            None => page(&*self.pool.get().await, query).await,
        }
    }

    async fn insert(&self, new: NewPost, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        let connection = self.pool.get().await;
        let NewPost { id, title, slug, content, summary, status } = &new;
        let values: [&(dyn ToSql + Sync); 8] = [id, title, slug, content, summary, status, &author, &now];
        let row = connection.client.query_one(&connection.insert, &values).await?;
        Ok(single(|out| post(&row, out)))
    }

    async fn insert_many(&self, new: Vec<NewPost>, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        let connection = self.pool.get().await;
        let ids: Vec<Uuid> = new.iter().map(|post| post.id).collect();
        let titles: Vec<&str> = new.iter().map(|post| post.title.as_str()).collect();
        let slugs: Vec<Option<&str>> = new.iter().map(|post| post.slug.as_deref()).collect();
        let contents: Vec<&str> = new.iter().map(|post| post.content.as_str()).collect();
        let summaries: Vec<Option<&str>> = new.iter().map(|post| post.summary.as_deref()).collect();
        let states: Vec<&str> = new.iter().map(|post| post.status).collect();
        let values: [&(dyn ToSql + Sync); 8] = [&ids, &titles, &slugs, &contents, &summaries, &states, &author, &now];
        let rows = connection.client.query(&connection.insert_many, &values).await?;
        let mut out = written_many(rows.len());
        for (nth, row) in rows.iter().enumerate() {
            comma(&mut out, nth);
            post(row, &mut out);
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }

    async fn update(&self, id: Uuid, title: String, now: DateTime<Utc>) -> Outcome<Option<Vec<u8>>> {
        let connection = self.pool.get().await;
        let row = connection.client.query_opt(&connection.update, &[&id, &title, &now]).await?;
        Ok(row.map(|row| single(|out| post(&row, out))))
    }

    async fn rights(&self, grant: Uuid) -> Outcome<Option<Rights>> {
        let connection = self.pool.get().await;
        let rows = connection.client.query(&connection.rights, &[&grant, &Utc::now()]).await?;
        let actions = rows.iter().map(|row| row.get(1)).collect();
        Ok(rows.first().map(|row| Rights { account: row.get(0), actions }))
    }

    async fn account(&self, name: String) -> Outcome<Option<Account>> {
        let connection = self.pool.get().await;
        let row = connection.client.query_opt(&connection.account, &[&name]).await?;
        Ok(row.map(|row| Account { id: row.get(0), hash: row.get(1) }))
    }

    async fn log_in(&self, log_in: LogIn) -> Outcome<Vec<u8>> {
        let connection = self.pool.get().await;
        let LogIn { account, grant, now, expires } = &log_in;
        let event = Uuid::now_v7();
        let values: [&(dyn ToSql + Sync); 5] = [account, now, grant, expires, &event];
        let row = connection.client.query_one(&connection.log_in, &values).await?;
        let mut out = Vec::with_capacity(512);
        user(&row, &mut out);
        Ok(out)
    }
}

async fn page(connection: &Connection, query: &Query) -> Outcome<Page> {
    let (found, total) = tokio::try_join!(connection.find_page(query), connection.count(query))?;
    let shown = found.len().min(query.limit as usize);
    let mut rows = Vec::with_capacity(shown * 512);
    if query.including {
        connection.write_including(&found[..shown], query, &mut rows).await?;
    } else {
        for (nth, row) in found[..shown].iter().enumerate() {
            comma(&mut rows, nth);
            post(row, &mut rows);
        }
    }
    Ok(Page { rows, shown, has_next: found.len() > shown, total })
}

fn comments() -> String {
    format!(
        "SELECT first.* FROM unnest($1::uuid[]) AS wanted (post), LATERAL (SELECT {COMMENT} FROM comments \
         WHERE post_id = wanted.post ORDER BY id LIMIT $2) AS first"
    )
}

fn insert() -> String {
    format!("INSERT INTO posts ({POST}) VALUES ($1, $2, $3, $4, $5, $6, 0, NULL, $7, $8, $8) RETURNING {POST}")
}

fn insert_many() -> String {
    format!(
        "INSERT INTO posts ({POST}) SELECT id, title, slug, content, summary, status, 0, NULL, $7, $8, $8 \
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) \
         AS new (id, title, slug, content, summary, status) RETURNING {POST}"
    )
}

/// The three statements of a log-in as one.
fn log_in() -> String {
    format!(
        "WITH opened AS (INSERT INTO gable_grants \
         (id, account_id, surface, generation, created_at, last_active_at, expires_at, ip) \
         VALUES ($3, $1, 'jwt', 0, $2, $2, $4, '127.0.0.1')), \
         noted AS (INSERT INTO gable_events (id, account_id, kind, surface, ip, at) \
         VALUES ($5, $1, 'logged_in', 'jwt', '127.0.0.1', $2)) \
         UPDATE users SET last_login_at = $2 WHERE id = $1 RETURNING {USER}"
    )
}

impl Cells for Row {
    fn uuid(&self, at: usize) -> Option<Uuid> {
        self.get(at)
    }

    fn text(&self, at: usize) -> Option<&str> {
        self.get(at)
    }

    fn integer(&self, at: usize) -> i64 {
        self.get::<_, i32>(at).into()
    }

    fn boolean(&self, at: usize) -> bool {
        self.get(at)
    }

    fn time(&self, at: usize, out: &mut Vec<u8>) {
        match self.get::<_, Option<DateTime<Utc>>>(at) {
            Some(time) => utc(out, time),
            None => out.extend_from_slice(b"null"),
        }
    }
}
