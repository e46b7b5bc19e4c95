//! SQLite through rusqlite: each worker thread reads on a connection of its own without leaving the thread, and one thread
//! writes, each write in its own transaction. Statements are prepared once per connection.

use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use peers::{Account, LogIn, NewPost, Outcome, Page, Query, Rights, Store};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::json::{
    COMMENT, Cells, POST, POST_AUTHOR, POST_PUBLISHED, USER, comma, comment, open_post, post, single, user, utc,
};
use crate::sql::{self, list, lists, update, written_many};

static LISTS: LazyLock<[String; 4]> = LazyLock::new(|| lists().map(|sql| numbered(&sql)));
static READ: LazyLock<String> = LazyLock::new(|| format!("SELECT {POST} FROM posts WHERE id = ?1"));
static AUTHOR: LazyLock<String> = LazyLock::new(|| format!("SELECT {USER} FROM users WHERE id = ?1"));
static COMMENTS: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COMMENT} FROM comments WHERE post_id = ?1 ORDER BY id LIMIT ?2"));
static INSERT: LazyLock<String> =
    LazyLock::new(|| format!("INSERT INTO posts ({POST}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, NULL, ?7, ?8, ?8)"));
static UPDATE: LazyLock<String> = LazyLock::new(|| numbered(&update()));
const OPEN_GRANT: &str = "INSERT INTO gable_grants (id, account_id, surface, generation, created_at, last_active_at, expires_at, ip) \
     VALUES (?1, ?2, 'jwt', 0, ?3, ?3, ?4, '127.0.0.1')";
const NOTE_LOG_IN: &str = "INSERT INTO gable_events (id, account_id, kind, surface, ip, at) \
     VALUES (?1, ?2, 'logged_in', 'jwt', '127.0.0.1', ?3)";
static RECORD_LOG_IN: LazyLock<String> =
    LazyLock::new(|| format!("UPDATE users SET last_login_at = ?2 WHERE id = ?1 RETURNING {USER}"));

static COUNT: LazyLock<String> = LazyLock::new(|| numbered(sql::COUNT));
static RIGHTS: LazyLock<String> = LazyLock::new(|| numbered(sql::RIGHTS));
static ACCOUNT: LazyLock<String> = LazyLock::new(|| numbered(sql::ACCOUNT));

/// Pages in the write-ahead log after which a commit also makes a checkpoint.
const LOG_PAGES: u32 = 8_000;

pub(crate) struct Sqlite {
    reader: Connection,
    writer: Writer,
}

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread that writes.
#[derive(Clone)]
pub(crate) struct Writer(Sender<Work>);

impl Writer {
    pub(crate) fn start(url: &str) -> Outcome<Self> {
        let mut connection = open(url)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // As in Gable, a crash of the process loses nothing, and a power cut may lose the last commits.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
        let (sender, works) = channel::<Work>();
        thread::Builder::new().name("writer".to_owned()).spawn(move || {
            for work in works {
                work(&mut connection);
            }
        })?;
        Ok(Self(sender))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| drop(answer.send(work(connection))));
        self.0.send(work).map_err(|_| "the writer has ended")?;
        Ok(answered.await??)
    }
}

fn open(url: &str) -> Outcome<Connection> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Without it, SQLite prepares a list again for each other status.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

impl Sqlite {
    pub(crate) fn open(url: &str, writer: Writer) -> Outcome<Self> {
        let reader = open(url)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self { reader, writer })
    }

    /// Writes a post with its author and its first comments. Without a network, a query for each post is the fastest way.
    fn write_including(&self, row: &Row<'_>, query: &Query, out: &mut Vec<u8>) -> rusqlite::Result<()> {
        open_post(row, out);
        out.extend_from_slice(b",\"author\":");
        let author: &[u8] = row.get_ref_unwrap(POST_AUTHOR).as_blob()?;
        self.reader.prepare_cached(&AUTHOR)?.query_row([author], |author| {
            user(author, out);
            Ok(())
        })?;
        out.extend_from_slice(b",\"comments\":[");
        let mut statement = self.reader.prepare_cached(&COMMENTS)?;
        let mut comments = statement.query(params![row.get_ref_unwrap(0).as_blob()?, query.comments])?;
        let mut nth = 0;
        while let Some(row) = comments.next()? {
            comma(out, nth);
            comment(row, out);
            nth += 1;
        }
        out.extend_from_slice(b"]}");
        Ok(())
    }
}

impl Store for Sqlite {
    async fn post(&self, id: Uuid) -> Outcome<Option<Vec<u8>>> {
        let mut statement = self.reader.prepare_cached(&READ)?;
        let found = statement.query_row([id.as_bytes()], |row| Ok(single(|out| post(row, out))));
        Ok(found.optional()?)
    }

    async fn page(&self, query: &Query) -> Outcome<Page> {
        let total = match query.counted_status() {
            Some(status) => Some(self.reader.prepare_cached(&COUNT)?.query_row([status], |row| row.get(0))?),
            None => None,
        };
        let (limit, offset) = (query.rows(), query.offset());
        let mut statement = self.reader.prepare_cached(&LISTS[list(query)])?;
        let mut found = match &query.status {
            Some(status) => statement.query(params![limit, offset, status])?,
            None => statement.query(params![limit, offset])?,
        };
        let (mut rows, mut shown, mut has_next) = (Vec::with_capacity(query.limit as usize * 512), 0, false);
        while let Some(row) = found.next()? {
            if shown == query.limit as usize {
                has_next = true;
                break;
            }
            comma(&mut rows, shown);
            if query.including {
                self.write_including(row, query, &mut rows)?;
            } else {
                post(row, &mut rows);
            }
            shown += 1;
        }
        Ok(Page { rows, shown, has_next, total })
    }

    async fn insert(&self, new: NewPost, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        let write = move |connection: &mut Connection| {
            let row = Inserted { new: &new, author, at: now, stored: stored(now) };
            row.insert(connection)?;
            Ok(single(|out| post(&row, out)))
        };
        self.writer.run(write).await
    }

    async fn insert_many(&self, new: Vec<NewPost>, author: Uuid, now: DateTime<Utc>) -> Outcome<Vec<u8>> {
        let write = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let mut out = written_many(new.len());
            for (nth, new) in new.iter().enumerate() {
                let row = Inserted { new, author, at: now, stored: stored(now) };
                row.insert(&transaction)?;
                comma(&mut out, nth);
                post(&row, &mut out);
            }
            transaction.commit()?;
            out.extend_from_slice(b"]}");
            Ok(out)
        };
        self.writer.run(write).await
    }

    async fn update(&self, id: Uuid, title: String, now: DateTime<Utc>) -> Outcome<Option<Vec<u8>>> {
        let write = move |connection: &mut Connection| {
            let mut statement = connection.prepare_cached(&UPDATE)?;
            one(&mut statement.query(params![id.as_bytes(), title, stored(now)])?, single_post)
        };
        self.writer.run(write).await
    }

    async fn rights(&self, grant: Uuid) -> Outcome<Option<Rights>> {
        let mut statement = self.reader.prepare_cached(&RIGHTS)?;
        let mut rows = statement.query(params![grant.as_bytes(), stored(Utc::now())])?;
        let mut found: Option<Rights> = None;
        while let Some(row) = rows.next()? {
            let account = row.uuid(0).ok_or("the account has no id")?;
            found.get_or_insert_with(|| Rights { account, actions: Vec::new() }).actions.push(row.get(1)?);
        }
        Ok(found)
    }

    async fn account(&self, name: String) -> Outcome<Option<Account>> {
        let mut statement = self.reader.prepare_cached(&ACCOUNT)?;
        let found =
            statement.query_row([name], |row| Ok(Account { id: row.uuid(0).unwrap_or_default(), hash: row.get(1)? }));
        Ok(found.optional()?)
    }

    async fn log_in(&self, log_in: LogIn) -> Outcome<Vec<u8>> {
        let LogIn { account, grant, now, expires } = log_in;
        let write = move |connection: &mut Connection| {
            let (now, expires) = (stored(now), stored(expires));
            let transaction = connection.transaction()?;
            let grant = params![grant.as_bytes(), account.as_bytes(), now, expires];
            transaction.prepare_cached(OPEN_GRANT)?.execute(grant)?;
            let event = Uuid::now_v7();
            transaction.prepare_cached(NOTE_LOG_IN)?.execute(params![event.as_bytes(), account.as_bytes(), now])?;
            let mut out = Vec::with_capacity(512);
            transaction.prepare_cached(&RECORD_LOG_IN)?.query_row(params![account.as_bytes(), now], |row| {
                user(row, &mut out);
                Ok(())
            })?;
            transaction.commit()?;
            Ok(out)
        };
        self.writer.run(write).await
    }
}

/// Numbered parameters are written `$1` for PostgreSQL; in SQLite, that would be a name.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn single_post(row: &Row<'_>) -> Vec<u8> {
    single(|out| post(row, out))
}

/// An inserted post. All of its columns are known, so the statement returns none of them, which takes SQLite a third more time.
struct Inserted<'a> {
    new: &'a NewPost,
    author: Uuid,
    at: DateTime<Utc>,
    /// The time as it is stored.
    stored: String,
}

impl Inserted<'_> {
    fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let NewPost { id, title, slug, content, summary, status } = self.new;
        let values = params![id.as_bytes(), title, slug, content, summary, status, self.author.as_bytes(), self.stored];
        connection.prepare_cached(&INSERT)?.execute(values).map(drop)
    }
}

impl Cells for Inserted<'_> {
    fn uuid(&self, at: usize) -> Option<Uuid> {
        Some(if at == POST_AUTHOR { self.author } else { self.new.id })
    }

    fn text(&self, at: usize) -> Option<&str> {
        let NewPost { title, slug, content, summary, status, .. } = self.new;
        [None, Some(title.as_str()), slug.as_deref(), Some(content), summary.as_deref(), Some(status)][at]
    }

    fn integer(&self, _: usize) -> i64 {
        0
    }

    fn boolean(&self, _: usize) -> bool {
        false
    }

    fn time(&self, at: usize, out: &mut Vec<u8>) {
        match at {
            POST_PUBLISHED => out.extend_from_slice(b"null"),
            _ => utc(out, self.at),
        }
    }
}

/// Runs a statement that writes to its end, so that its changes are complete, and reads its first row.
fn one<T>(rows: &mut rusqlite::Rows<'_>, read: impl FnOnce(&Row<'_>) -> T) -> rusqlite::Result<Option<T>> {
    let found = rows.next()?.map(read);
    while rows.next()?.is_some() {}
    Ok(found)
}

/// The format in which Gable stores times.
fn stored(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

impl Cells for Row<'_> {
    fn uuid(&self, at: usize) -> Option<Uuid> {
        match self.get_ref_unwrap(at) {
            ValueRef::Null => None,
            cell => Some(Uuid::from_slice(cell.as_blob().expect("ids are bytes")).expect("ids have 16 bytes")),
        }
    }

    fn text(&self, at: usize) -> Option<&str> {
        self.get_ref_unwrap(at).as_str_or_null().expect("texts are UTF-8")
    }

    fn integer(&self, at: usize) -> i64 {
        self.get_ref_unwrap(at).as_i64().expect("a number")
    }

    fn boolean(&self, at: usize) -> bool {
        self.integer(at) != 0
    }

    /// Shortens the stored text, `2026-01-31T12:00:00.123+00:00`, or parses it if it has another precision.
    fn time(&self, at: usize, out: &mut Vec<u8>) {
        let Some(text) = self.text(at) else { return out.extend_from_slice(b"null") };
        match (text.len(), text.strip_suffix("+00:00")) {
            (25, Some(seconds)) => write(out, seconds, b".000Z\""),
            (29, Some(milliseconds)) => write(out, milliseconds, b"Z\""),
            _ => utc(out, DateTime::parse_from_rfc3339(text).expect("a time").to_utc()),
        }
    }
}

fn write(out: &mut Vec<u8>, time: &str, end: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(end);
}
