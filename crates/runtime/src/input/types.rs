//! Values that have a text form of their own.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};

/// A password as typed. It never prints itself, and only the hasher reads it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlainPassword(String);

impl PlainPassword {
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(…)")
    }
}

/// RFC 3339 with any offset, or without one (then UTC); kept to the millisecond, which is what every database stores.
pub fn parse_datetime(text: &str) -> Option<DateTime<Utc>> {
    let parsed = DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc()))
        .ok()?;
    in_range(parsed.date_naive()).then(|| parsed.trunc_subsecs(3))
}

/// `2026-03-22`
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| in_range(*date))
}

/// `19:30`, `19:30:00` or `19:30:00.250`; kept to the millisecond.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    // A leap second has no place in a database column.
    time.ok().map(|time| time.trunc_subsecs(3)).filter(|time| chrono::Timelike::nanosecond(time) < 1_000_000_000)
}

/// Four-digit years: what ISO 8601 text can say and every database can hold and sort.
fn in_range(date: NaiveDate) -> bool {
    (1..=9999).contains(&chrono::Datelike::year(&date))
}
