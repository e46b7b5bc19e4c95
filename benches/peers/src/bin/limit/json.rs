//! Writes rows as JSON, straight from the driver's cells into the body.

use std::fmt::Arguments;
use std::io::Write;

use chrono::{DateTime, Datelike, Timelike, Utc};
use uuid::Uuid;

/// Columns of a post, in the order in which [`post`] reads them.
pub(crate) const POST: &str =
    "id, title, slug, content, summary, status, views, published_at, author_id, created_at, updated_at";
pub(crate) const USER: &str = "id, username, email, name, first_name, last_name, full_name, bio, pinned_id, is_active, \
     is_super_user, is_staff, is_email_verified, last_login_at, password_changed_at, deleted_self_account_at, \
     created_at, updated_at";
pub(crate) const COMMENT: &str = "id, content, post_id, author_id, created_at, updated_at";

/// Positions in these columns.
pub(crate) const POST_PUBLISHED: usize = 7;
pub(crate) const POST_AUTHOR: usize = 8;
pub(crate) const COMMENT_POST: usize = 2;

/// The cells of a row, by position. The types are those of the tables, so a mismatch is a bug and panics.
pub(crate) trait Cells {
    fn uuid(&self, at: usize) -> Option<Uuid>;
    fn text(&self, at: usize) -> Option<&str>;
    fn integer(&self, at: usize) -> i64;
    fn boolean(&self, at: usize) -> bool;
    /// Writes a time with milliseconds, in quotes, or `null`.
    fn time(&self, at: usize, out: &mut Vec<u8>);
}

/// Writes a post without its closing brace, so that included rows can follow.
pub(crate) fn open_post(row: &impl Cells, out: &mut Vec<u8>) {
    uuid(out, b"{\"id\":", row.uuid(0));
    text(out, b",\"title\":", row.text(1));
    text(out, b",\"slug\":", row.text(2));
    text(out, b",\"content\":", row.text(3));
    text(out, b",\"summary\":", row.text(4));
    text(out, b",\"status\":", row.text(5));
    put(out, format_args!(",\"views\":{}", row.integer(6)));
    time(out, b",\"publishedAt\":", row, POST_PUBLISHED);
    uuid(out, b",\"authorId\":", row.uuid(POST_AUTHOR));
    time(out, b",\"createdAt\":", row, 9);
    time(out, b",\"updatedAt\":", row, 10);
}

pub(crate) fn post(row: &impl Cells, out: &mut Vec<u8>) {
    open_post(row, out);
    out.push(b'}');
}

pub(crate) fn user(row: &impl Cells, out: &mut Vec<u8>) {
    uuid(out, b"{\"id\":", row.uuid(0));
    text(out, b",\"username\":", row.text(1));
    text(out, b",\"email\":", row.text(2));
    text(out, b",\"name\":", row.text(3));
    text(out, b",\"firstName\":", row.text(4));
    text(out, b",\"lastName\":", row.text(5));
    text(out, b",\"fullName\":", row.text(6));
    text(out, b",\"bio\":", row.text(7));
    uuid(out, b",\"pinnedId\":", row.uuid(8));
    boolean(out, b",\"isActive\":", row.boolean(9));
    boolean(out, b",\"isSuperUser\":", row.boolean(10));
    boolean(out, b",\"isStaff\":", row.boolean(11));
    boolean(out, b",\"isEmailVerified\":", row.boolean(12));
    time(out, b",\"lastLoginAt\":", row, 13);
    time(out, b",\"passwordChangedAt\":", row, 14);
    time(out, b",\"deletedSelfAccountAt\":", row, 15);
    time(out, b",\"createdAt\":", row, 16);
    time(out, b",\"updatedAt\":", row, 17);
    out.push(b'}');
}

pub(crate) fn comment(row: &impl Cells, out: &mut Vec<u8>) {
    uuid(out, b"{\"id\":", row.uuid(0));
    text(out, b",\"content\":", row.text(1));
    uuid(out, b",\"postId\":", row.uuid(COMMENT_POST));
    uuid(out, b",\"authorId\":", row.uuid(3));
    time(out, b",\"createdAt\":", row, 4);
    time(out, b",\"updatedAt\":", row, 5);
    out.push(b'}');
}

/// `{"data":…}`
pub(crate) fn single(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"data\":");
    write(&mut out);
    out.push(b'}');
    out
}

/// Separates the elements of an array.
pub(crate) fn comma(out: &mut Vec<u8>, nth: usize) {
    if nth > 0 {
        out.push(b',');
    }
}

pub(crate) fn put(out: &mut Vec<u8>, text: Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec does not fail");
}

pub(crate) fn utc(out: &mut Vec<u8>, time: DateTime<Utc>) {
    out.push(b'"');
    digits::<4>(out, time.year().unsigned_abs());
    out.push(b'-');
    digits::<2>(out, time.month());
    out.push(b'-');
    digits::<2>(out, time.day());
    out.push(b'T');
    digits::<2>(out, time.hour());
    out.push(b':');
    digits::<2>(out, time.minute());
    out.push(b':');
    digits::<2>(out, time.second());
    out.push(b'.');
    digits::<3>(out, time.timestamp_subsec_millis());
    out.extend_from_slice(b"Z\"");
}

fn digits<const COUNT: usize>(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; COUNT];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

fn text(out: &mut Vec<u8>, key: &[u8], text: Option<&str>) {
    out.extend_from_slice(key);
    match text {
        Some(text) => serde_json::to_writer(out, text).expect("texts serialize"),
        None => out.extend_from_slice(b"null"),
    }
}

fn uuid(out: &mut Vec<u8>, key: &[u8], id: Option<Uuid>) {
    out.extend_from_slice(key);
    let Some(id) = id else { return out.extend_from_slice(b"null") };
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    out.push(b'"');
}

fn boolean(out: &mut Vec<u8>, key: &[u8], value: bool) {
    out.extend_from_slice(key);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn time(out: &mut Vec<u8>, key: &[u8], row: &impl Cells, at: usize) {
    out.extend_from_slice(key);
    row.time(at, out);
}
