//! Binds values for SQLite, which has integers, floating-point numbers, texts and bytes.

use chrono::{DateTime, SecondsFormat, TimeZone};
use rusqlite::types::{ToSql, ToSqlOutput, Value as Cell, ValueRef};
use sea_orm::Value;
use sea_orm::sea_query::OptionEnum;

/// A value as rusqlite binds it.
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Bool(value) => integer(value.map(i64::from)),
            Value::TinyInt(value) => integer(value.map(i64::from)),
            Value::SmallInt(value) => integer(value.map(i64::from)),
            Value::Int(value) => integer(value.map(i64::from)),
            Value::BigInt(value) => integer(*value),
            Value::TinyUnsigned(value) => integer(value.map(i64::from)),
            Value::SmallUnsigned(value) => integer(value.map(i64::from)),
            Value::Unsigned(value) => integer(value.map(i64::from)),
            Value::BigUnsigned(value) => integer(value.map(i64::try_from).transpose().map_err(refused)?),
            Value::Float(value) => owned(value.map(|value| Cell::Real(value.into()))),
            Value::Double(value) => owned(value.map(Cell::Real)),
            Value::String(value) => borrowed(value.as_deref()),
            Value::Enum(OptionEnum::Some(value)) => borrowed(Some(value.value.as_ref())),
            Value::Enum(OptionEnum::None(_)) => owned(None),
            Value::Char(value) => text(value.as_ref()),
            Value::Bytes(value) => blob(value.as_deref()),
            Value::Json(value) => text(value.as_deref()),
            Value::ChronoDate(value) => text(value.map(|value| value.format("%F")).as_ref()),
            Value::ChronoTime(value) => text(value.map(|value| value.format("%T%.f")).as_ref()),
            Value::ChronoDateTime(value) => text(value.map(|value| value.format("%F %T%.f")).as_ref()),
            Value::ChronoDateTimeUtc(value) => timestamp(value.as_ref()),
            Value::ChronoDateTimeLocal(value) => timestamp(value.as_ref()),
            Value::ChronoDateTimeWithTimeZone(value) => timestamp(value.as_ref()),
            Value::Uuid(value) => blob(value.as_ref().map(|uuid| &uuid.as_bytes()[..])),
            Value::Decimal(value) => text(value.as_ref()),
            Value::Array(..) => return Err(refused("SQLite has no arrays")),
        })
    }
}

fn refused(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(cause.into())
}

fn timestamp<Z: TimeZone>(value: Option<&DateTime<Z>>) -> ToSqlOutput<'static>
where
    Z::Offset: std::fmt::Display,
{
    text(value.map(|value| value.to_rfc3339_opts(SecondsFormat::AutoSi, false)).as_ref())
}

fn blob(value: Option<&[u8]>) -> ToSqlOutput<'_> {
    match value {
        Some(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        None => owned(None),
    }
}

fn owned(value: Option<Cell>) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(value.unwrap_or(Cell::Null))
}

fn integer(value: Option<i64>) -> ToSqlOutput<'static> {
    owned(value.map(Cell::Integer))
}

fn borrowed(value: Option<&str>) -> ToSqlOutput<'_> {
    match value {
        Some(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        None => owned(None),
    }
}

fn text(value: Option<&impl ToString>) -> ToSqlOutput<'static> {
    owned(value.map(|value| Cell::Text(value.to_string())))
}
