//! Rows of three tables: decoded by position, and written as JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

pub(crate) const POST: &str =
    "id, title, slug, content, summary, status, views, published_at, author_id, created_at, updated_at";
pub(crate) const USER: &str = "id, username, email, name, first_name, last_name, full_name, bio, pinned_id, \
     is_active, is_super_user, is_staff, is_email_verified, last_login_at, password_changed_at, deleted_self_account_at, \
     created_at, updated_at";
pub(crate) const COMMENT: &str = "id, content, post_id, author_id, created_at, updated_at";

pub(crate) struct Post {
    pub(crate) id: Uuid,
    title: String,
    slug: Option<String>,
    content: String,
    summary: Option<String>,
    status: String,
    views: i32,
    published_at: Option<DateTime<Utc>>,
    pub(crate) author_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

pub(crate) struct User {
    pub(crate) id: Uuid,
    texts: [Option<String>; 7],
    pinned_id: Option<Uuid>,
    flags: [bool; 4],
    times: [Option<DateTime<Utc>>; 5],
}

pub(crate) struct Comment {
    id: Uuid,
    content: String,
    pub(crate) post_id: Uuid,
    author_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl<'r, R: Row> FromRow<'r, R> for Post
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i32: Decode<'r, R::Database> + Type<R::Database>,
    DateTime<Utc>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            slug: row.try_get(2)?,
            content: row.try_get(3)?,
            summary: row.try_get(4)?,
            status: row.try_get(5)?,
            views: row.try_get(6)?,
            published_at: row.try_get(7)?,
            author_id: row.try_get(8)?,
            created_at: row.try_get(9)?,
            updated_at: row.try_get(10)?,
        })
    }
}

impl<'r, R: Row> FromRow<'r, R> for User
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    DateTime<Utc>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let (id, pinned_id) = (row.try_get(0)?, row.try_get(8)?);
        let mut user = Self { id, texts: Default::default(), pinned_id, flags: [false; 4], times: [None; 5] };
        for (nth, text) in user.texts.iter_mut().enumerate() {
            *text = row.try_get(1 + nth)?;
        }
        for (nth, flag) in user.flags.iter_mut().enumerate() {
            *flag = row.try_get(9 + nth)?;
        }
        for (nth, time) in user.times.iter_mut().enumerate() {
            *time = row.try_get(13 + nth)?;
        }
        Ok(user)
    }
}

impl<'r, R: Row> FromRow<'r, R> for Comment
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    DateTime<Utc>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            content: row.try_get(1)?,
            post_id: row.try_get(2)?,
            author_id: row.try_get(3)?,
            created_at: row.try_get(4)?,
            updated_at: row.try_get(5)?,
        })
    }
}

impl Post {
    /// Writes the row without its closing brace, so that included rows can follow.
    pub(crate) fn open(&self, out: &mut Vec<u8>) {
        uuid(out, "{\"id\":", &self.id);
        value(out, ",\"title\":", &self.title);
        value(out, ",\"slug\":", &self.slug);
        value(out, ",\"content\":", &self.content);
        value(out, ",\"summary\":", &self.summary);
        value(out, ",\"status\":", &self.status);
        value(out, ",\"views\":", &self.views);
        time(out, ",\"publishedAt\":", self.published_at);
        uuid(out, ",\"authorId\":", &self.author_id);
        time(out, ",\"createdAt\":", Some(self.created_at));
        time(out, ",\"updatedAt\":", Some(self.updated_at));
    }
}

impl User {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        const TEXTS: [&str; 7] = [
            ",\"username\":",
            ",\"email\":",
            ",\"name\":",
            ",\"firstName\":",
            ",\"lastName\":",
            ",\"fullName\":",
            ",\"bio\":",
        ];
        const FLAGS: [&str; 4] = [",\"isActive\":", ",\"isSuperUser\":", ",\"isStaff\":", ",\"isEmailVerified\":"];
        const TIMES: [&str; 5] = [
            ",\"lastLoginAt\":",
            ",\"passwordChangedAt\":",
            ",\"deletedSelfAccountAt\":",
            ",\"createdAt\":",
            ",\"updatedAt\":",
        ];
        uuid(out, "{\"id\":", &self.id);
        TEXTS.iter().zip(&self.texts).for_each(|(key, text)| value(out, key, text));
        value(out, ",\"pinnedId\":", &self.pinned_id);
        FLAGS.iter().zip(&self.flags).for_each(|(key, flag)| value(out, key, flag));
        TIMES.iter().zip(&self.times).for_each(|(key, at)| time(out, key, *at));
        out.push(b'}');
    }
}

impl Comment {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        uuid(out, "{\"id\":", &self.id);
        value(out, ",\"content\":", &self.content);
        uuid(out, ",\"postId\":", &self.post_id);
        uuid(out, ",\"authorId\":", &self.author_id);
        time(out, ",\"createdAt\":", Some(self.created_at));
        time(out, ",\"updatedAt\":", Some(self.updated_at));
        out.push(b'}');
    }
}

/// `[…]`
pub(crate) fn array<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn value<T: Serialize>(out: &mut Vec<u8>, key: &str, value: &T) {
    out.extend_from_slice(key.as_bytes());
    serde_json::to_writer(out, value).expect("plain values serialize");
}

fn uuid(out: &mut Vec<u8>, key: &str, id: &Uuid) {
    let mut buffer = Uuid::encode_buffer();
    quoted(out, key, id.hyphenated().encode_lower(&mut buffer));
}

fn time(out: &mut Vec<u8>, key: &str, time: Option<DateTime<Utc>>) {
    match time {
        Some(time) => quoted(out, key, &time.to_rfc3339_opts(SecondsFormat::Millis, true)),
        None => out.extend_from_slice([key, "null"].concat().as_bytes()),
    }
}

/// Writes a text that needs no escaping.
fn quoted(out: &mut Vec<u8>, key: &str, text: &str) {
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}
