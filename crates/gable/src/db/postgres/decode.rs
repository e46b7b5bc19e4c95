//! Decodes the columns of PostgreSQL's binary rows.

use std::collections::BTreeMap;
use std::error::Error;

use sea_orm::Value;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Column, Row};

use crate::db::{DbError, RawJson};

/// The first byte of a `jsonb` value on the wire.
const JSONB_VERSION: u8 = 1;

pub(in crate::db) fn get<'a, T: FromSql<'a>>(row: &'a Row, position: usize) -> Result<T, DbError> {
    row.try_get(position).map_err(DbError::other)
}

/// An integer of any width, as long as its value fits.
pub(in crate::db) fn integer<T: TryFrom<i64>>(row: &Row, position: usize) -> Result<T, DbError> {
    let Integer(value) = get(row, position)?;
    T::try_from(value).map_err(|_| DbError::other(format!("column {position} holds {value}, which is out of range")))
}

pub(in crate::db) fn is_null(row: &Row, position: usize) -> Result<bool, DbError> {
    Ok(get::<Option<Anything>>(row, position)?.is_none())
}

pub(in crate::db) fn raw_json(row: &Row, position: usize) -> Result<RawJson, DbError> {
    let JsonText(text) = get(row, position)?;
    RawJson::new(text).map_err(DbError::other)
}

/// The text of a column of type `json` or `jsonb`.
struct JsonText(Box<str>);

impl<'a> FromSql<'a> for JsonText {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = match *ty {
            Type::JSONB => raw.strip_prefix(&[JSONB_VERSION]).ok_or("unknown version of jsonb")?,
            _ => raw,
        };
        Ok(Self(str::from_utf8(text)?.into()))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::JSON | Type::JSONB)
    }
}

struct Integer(i64);

impl<'a> FromSql<'a> for Integer {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT2 => i16::from_sql(ty, raw)?.into(),
            Type::INT4 => i32::from_sql(ty, raw)?.into(),
            _ => i64::from_sql(ty, raw)?,
        }))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8)
    }
}

/// A value whose type does not matter.
struct Anything;

impl<'a> FromSql<'a> for Anything {
    fn from_sql(_: &Type, _: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A row by the names of its columns, for SeaORM.
pub(in crate::db) fn named(row: &Row) -> Result<BTreeMap<String, Value>, DbError> {
    let value = |(position, column): (usize, &Column)| Ok((column.name().to_owned(), value(row, position, column)?));
    row.columns().iter().enumerate().map(value).collect()
}

fn value(row: &Row, position: usize, column: &Column) -> Result<Value, DbError> {
    Ok(match *column.type_() {
        Type::BOOL => Value::Bool(get(row, position)?),
        Type::INT2 => Value::SmallInt(get(row, position)?),
        Type::INT4 => Value::Int(get(row, position)?),
        Type::INT8 => Value::BigInt(get(row, position)?),
        Type::FLOAT4 => Value::Float(get(row, position)?),
        Type::FLOAT8 => Value::Double(get(row, position)?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => Value::String(get(row, position)?),
        Type::BYTEA => Value::Bytes(get(row, position)?),
        Type::JSON | Type::JSONB => Value::Json(get::<Option<serde_json::Value>>(row, position)?.map(Box::new)),
        Type::DATE => Value::ChronoDate(get(row, position)?),
        Type::TIME => Value::ChronoTime(get(row, position)?),
        Type::TIMESTAMP => Value::ChronoDateTime(get(row, position)?),
        Type::TIMESTAMPTZ => Value::ChronoDateTimeUtc(get(row, position)?),
        Type::UUID => Value::Uuid(get(row, position)?),
        Type::NUMERIC => Value::Decimal(get(row, position)?),
        ref other => return Err(DbError::other(format!("the column {} has the type {other}", column.name()))),
    })
}
