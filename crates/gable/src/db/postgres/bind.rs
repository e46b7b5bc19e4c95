//! Binds values for PostgreSQL. The type of a placeholder is that of its value and not inferred from the SQL around it,
//! so that a text is compared as a text.

use std::error::Error;

use bytes::BytesMut;
use sea_orm::Value;
use sea_orm::sea_query::{ArrayType, OptionEnum};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The type that a value is sent as.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::BOOL,
        Value::TinyInt(_) | Value::SmallInt(_) | Value::TinyUnsigned(_) => Type::INT2,
        Value::Int(_) | Value::SmallUnsigned(_) => Type::INT4,
        Value::BigInt(_) | Value::Unsigned(_) | Value::BigUnsigned(_) => Type::INT8,
        Value::Float(_) => Type::FLOAT4,
        Value::Double(_) => Type::FLOAT8,
        Value::String(_) | Value::Enum(_) | Value::Char(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
        Value::Json(_) => Type::JSONB,
        Value::ChronoDate(_) => Type::DATE,
        Value::ChronoTime(_) => Type::TIME,
        Value::ChronoDateTime(_) => Type::TIMESTAMP,
        Value::ChronoDateTimeUtc(_) | Value::ChronoDateTimeLocal(_) | Value::ChronoDateTimeWithTimeZone(_) => {
            Type::TIMESTAMPTZ
        }
        Value::Uuid(_) => Type::UUID,
        Value::Decimal(_) => Type::NUMERIC,
        Value::Array(of, _) => array_of(of),
    }
}

fn array_of(element: &ArrayType) -> Type {
    match element {
        ArrayType::Bool => Type::BOOL_ARRAY,
        ArrayType::TinyInt | ArrayType::SmallInt | ArrayType::TinyUnsigned => Type::INT2_ARRAY,
        ArrayType::Int | ArrayType::SmallUnsigned => Type::INT4_ARRAY,
        ArrayType::BigInt | ArrayType::Unsigned | ArrayType::BigUnsigned => Type::INT8_ARRAY,
        ArrayType::Float => Type::FLOAT4_ARRAY,
        ArrayType::Double => Type::FLOAT8_ARRAY,
        ArrayType::String | ArrayType::Enum(_) | ArrayType::Char => Type::TEXT_ARRAY,
        ArrayType::Bytes => Type::BYTEA_ARRAY,
        ArrayType::Json => Type::JSONB_ARRAY,
        ArrayType::ChronoDate => Type::DATE_ARRAY,
        ArrayType::ChronoTime => Type::TIME_ARRAY,
        ArrayType::ChronoDateTime => Type::TIMESTAMP_ARRAY,
        ArrayType::ChronoDateTimeUtc | ArrayType::ChronoDateTimeLocal | ArrayType::ChronoDateTimeWithTimeZone => {
            Type::TIMESTAMPTZ_ARRAY
        }
        ArrayType::Uuid => Type::UUID_ARRAY,
        ArrayType::Decimal => Type::NUMERIC_ARRAY,
    }
}

/// A value as tokio-postgres sends it.
pub(super) struct Bound<'a>(pub(super) &'a Value);

/// Hides the value, because the driver logs parameters.
impl std::fmt::Debug for Bound<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Bool(value) => value.to_sql(ty, out),
            Value::TinyInt(value) => value.map(i16::from).to_sql(ty, out),
            Value::SmallInt(value) => value.to_sql(ty, out),
            Value::Int(value) => value.to_sql(ty, out),
            Value::BigInt(value) => value.to_sql(ty, out),
            Value::TinyUnsigned(value) => value.map(i16::from).to_sql(ty, out),
            Value::SmallUnsigned(value) => value.map(i32::from).to_sql(ty, out),
            Value::Unsigned(value) => value.map(i64::from).to_sql(ty, out),
            Value::BigUnsigned(value) => value.map(i64::try_from).transpose()?.to_sql(ty, out),
            Value::Float(value) => value.to_sql(ty, out),
            Value::Double(value) => value.to_sql(ty, out),
            Value::String(value) => value.as_deref().to_sql(ty, out),
            Value::Enum(OptionEnum::Some(value)) => value.value.as_ref().to_sql(ty, out),
            Value::Enum(OptionEnum::None(_)) => Ok(IsNull::Yes),
            Value::Char(value) => value.map(String::from).to_sql(ty, out),
            Value::Bytes(value) => value.as_deref().to_sql(ty, out),
            Value::Json(value) => value.as_deref().to_sql(ty, out),
            Value::ChronoDate(value) => value.to_sql(ty, out),
            Value::ChronoTime(value) => value.to_sql(ty, out),
            Value::ChronoDateTime(value) => value.to_sql(ty, out),
            Value::ChronoDateTimeUtc(value) => value.to_sql(ty, out),
            Value::ChronoDateTimeLocal(value) => value.to_sql(ty, out),
            Value::ChronoDateTimeWithTimeZone(value) => value.to_sql(ty, out),
            Value::Uuid(value) => value.to_sql(ty, out),
            Value::Decimal(value) => value.to_sql(ty, out),
            Value::Array(_, Some(values)) => values.iter().map(Bound).collect::<Vec<_>>().to_sql(ty, out),
            Value::Array(_, None) => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
