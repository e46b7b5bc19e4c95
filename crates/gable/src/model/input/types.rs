//! Types with a text form of their own: passwords, dates and times.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};

/// A plain-text password. `Debug` does not print it; only the hasher reads it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlainPassword(String);

impl PlainPassword {
    /// Wraps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// Returns the password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(…)")
    }
}

/// Parses RFC 3339 with any offset, or without one as UTC; truncates to milliseconds, which every database stores.
pub fn parse_datetime(text: &str) -> Option<DateTime<Utc>> {
    let parsed = DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc()))
        .ok()?;
    in_range(parsed.date_naive()).then(|| parsed.trunc_subsecs(3))
}

/// Parses `2026-03-22`. Years have four digits.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| in_range(*date))
}

/// Parses `19:30`, `19:30:00` or `19:30:00.250`; truncates to milliseconds.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    // Database columns cannot hold a leap second.
    time.ok().map(|time| time.trunc_subsecs(3)).filter(|time| chrono::Timelike::nanosecond(time) < 1_000_000_000)
}

/// Years of four digits, which ISO 8601 can express and every database can store and sort.
fn in_range(date: NaiveDate) -> bool {
    (1..=9999).contains(&chrono::Datelike::year(&date))
}
