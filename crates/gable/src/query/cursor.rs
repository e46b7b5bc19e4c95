//! Cursors: signed positions of the last row of a page. A cursor holds the values by which that row is sorted, so that
//! rows added or deleted elsewhere do not shift pages. It is valid only for the query that produced it.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use super::condition::{Comparison, Condition, Test};
use super::direction::Direction;
use super::list::ListQuery;
use super::operator::is_text;
use crate::db::{DbError, RawRow, Row};
use crate::meta::{FieldKind, ModelMeta};
use crate::model::typed_value;
use crate::secrets::{Secrets, Use};

/// Longest cursor in bytes. Longer ones are refused before they are read, and are not issued: many proxies accept no
/// longer request line.
const MAX_LENGTH: usize = 4 * 1024;

/// The cursor of the page after a row; `None` if the sort values of the row would make it too long.
pub(crate) fn after(secrets: &Secrets, query: &ListQuery, row: &RawRow) -> Result<Option<String>, DbError> {
    let texts: Result<Vec<Option<String>>, DbError> =
        query.sort.iter().map(|(field, _)| text(query.meta, *field, row)).collect();
    let body = Json::from_iter(texts?).to_string();
    let cursor = secrets.sign(Use::Cursor, query.fingerprint.as_bytes(), body.as_bytes());
    Ok(Some(cursor).filter(|cursor| cursor.len() <= MAX_LENGTH))
}

/// The condition for rows after the one that a cursor names; `None` if the cursor was not made for this query.
pub(super) fn condition(
    secrets: &Secrets,
    meta: &ModelMeta,
    sort: &[(usize, Direction)],
    fingerprint: &str,
    cursor: &str,
) -> Option<Condition> {
    if cursor.len() > MAX_LENGTH {
        return None;
    }
    let body = secrets.signed(Use::Cursor, fingerprint.as_bytes(), cursor)?;
    let texts: Vec<Option<String>> = serde_json::from_slice(&body).ok()?;
    if texts.len() != sort.len() {
        return None;
    }
    let mut before = Vec::new();
    let mut any = Vec::new();
    for ((field, direction), text) in sort.iter().zip(texts) {
        let value = match text {
            Some(text) => Some(value(meta.fields[*field].kind, text)?),
            None => None,
        };
        if let Some(further) = beyond(meta, *field, *direction, value.clone()) {
            any.push(before.iter().cloned().fold(Condition::nothing(), Condition::and).and(further));
        }
        before.push(Condition::field(*field, value.map_or(Test::IsNull, Test::Equals)));
    }
    Some(Condition::Any(any))
}

/// The condition for values that follow in the order; `None` if there are none. Nulls come first in ascending order.
fn beyond(meta: &ModelMeta, field: usize, direction: Direction, value: Option<sea_orm::Value>) -> Option<Condition> {
    let at = |test| Condition::field(field, test);
    match (direction, value) {
        (Direction::Ascending, None) => Some(at(Test::IsNotNull)),
        (Direction::Ascending, Some(value)) => Some(at(Test::Compares(Comparison::Greater, value))),
        (Direction::Descending, None) => None,
        (Direction::Descending, Some(value)) => {
            let less = at(Test::Compares(Comparison::Less, value));
            Some(if meta.fields[field].optional { Condition::Any(vec![less, at(Test::IsNull)]) } else { less })
        }
    }
}

/// Reads a value that `text` wrote. Texts are compared as they are in the row, without the normalization of a client's
/// values.
fn value(kind: FieldKind, text: String) -> Option<sea_orm::Value> {
    if is_text(kind) { Some(text.into()) } else { typed_value(kind, &text).ok() }
}

/// The value of a column, as text from which `value` reads an equal value.
fn text(meta: &ModelMeta, field: usize, row: &RawRow) -> Result<Option<String>, DbError> {
    let mut row = Row::skipping(row, field);
    Ok(match meta.fields[field].kind {
        FieldKind::Integer => row.next::<Option<i32>>()?.map(|value| value.to_string()),
        FieldKind::Bigint => row.next::<Option<i64>>()?.map(|value| value.to_string()),
        FieldKind::Float => row.next::<Option<f64>>()?.map(|value| value.to_string()),
        FieldKind::Decimal { .. } => row.next::<Option<Decimal>>()?.map(|value| value.to_string()),
        FieldKind::Boolean => row.next::<Option<bool>>()?.map(|value| value.to_string()),
        FieldKind::Date => row.next::<Option<NaiveDate>>()?.map(|value| value.to_string()),
        FieldKind::Time => row.next::<Option<NaiveTime>>()?.map(|value| value.to_string()),
        FieldKind::Datetime => {
            row.next::<Option<DateTime<Utc>>>()?.map(|value| value.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        FieldKind::Uuid => row.next::<Option<Uuid>>()?.map(|value| value.to_string()),
        _ => row.next::<Option<String>>()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::FieldMeta;
    use crate::query::test_model::model;

    static MODEL: ModelMeta = model(
        "things",
        &[
            FieldMeta::new("id", "id", FieldKind::Bigint),
            FieldMeta::new("at", "at", FieldKind::Datetime).optional(),
            FieldMeta::new("price", "price", FieldKind::Decimal { precision: 10, scale: 2 }),
            FieldMeta::new("email", "email", FieldKind::Email),
        ],
    );

    const SORT: [(usize, Direction); 4] =
        [(1, Direction::Descending), (2, Direction::Ascending), (3, Direction::Descending), (0, Direction::Ascending)];

    fn secrets() -> Secrets {
        Secrets::new(b"a key of the tests")
    }

    fn read(cursor: &str) -> Option<Condition> {
        condition(&secrets(), &MODEL, &SORT, "a query", cursor)
    }

    fn signed(body: &[u8]) -> String {
        secrets().sign(Use::Cursor, b"a query", body)
    }

    #[test]
    fn a_signed_cursor_must_still_fit_the_order() {
        let body = br#"["2026-01-01T00:00:00Z","1.50","Ada@Example.com","7"]"#;
        assert!(read(&signed(body)).is_some());
        assert!(read(&signed(br#"[null,"1.50","ada@example.com","7"]"#)).is_some());
        for other in ["[]", "{}", "null", "[1,2,3,4]", r#"["x","1.50","a","7"]"#, r#"[null,"1.50","a"]"#, ""] {
            assert!(read(&signed(other.as_bytes())).is_none(), "{other}");
        }
        assert!(secrets().signed(Use::Link, b"a query", &signed(body)).is_none(), "it serves for one purpose");
        assert!(secrets().signed(Use::Cursor, b"a quer", &secrets().sign(Use::Cursor, b"a query", b"")).is_none());
        assert!(secrets().signed(Use::Cursor, b"a quer", &secrets().sign(Use::Cursor, b"a que", b"r")).is_none());
    }

    #[test]
    fn texts_are_compared_as_they_are_in_the_row() {
        let text = format!("{:?}", read(&signed(br#"[null,"1.50"," Ada@Example.com","7"]"#)));
        assert!(text.contains("\" Ada@Example.com\""), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_is_a_cursor(text in "\\PC{0,200}|[A-Za-z0-9_-]{0,200}") {
            prop_assert!(read(&text).is_none());
        }

        #[test]
        fn no_signed_body_makes_reading_fail(body in proptest::collection::vec(any::<u8>(), 0..60), texts in any::<[Option<String>; 4]>()) {
            prop_assert!(read(&signed(&body)).is_none());
            let _ = read(&signed(Json::from_iter(texts).to_string().as_bytes()));
        }
    }
}
