//! The types and functions that generated code imports. They are not meant for other code, and may change in any
//! release.

pub use std::sync::LazyLock;

pub use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
pub use regex::Regex;
pub use rust_decimal::Decimal;
pub use sea_orm::Iterable as _;
pub use sea_orm::entity::prelude::*;
pub use sea_orm::sea_query::{ArrayType, Nullable, ValueType, ValueTypeErr};
pub use sea_orm::{ColIdx, TryGetError, TryGetable};
pub use serde_json::Value as Json;
pub use uuid::Uuid;
pub use validator::{Validate, ValidationError, ValidationErrors};

pub use crate::columns;
pub use crate::context::hooks::{AuthHooks, Hooks};
pub use crate::db::RawJson;
pub use crate::db::{Column, DbError, DecimalColumn, FromColumn, Migration, Row};
pub use crate::meta::Permission;
pub use crate::meta::*;
pub use crate::model::input::{
    BodyReader, DecimalInput, FromJson, JsonInput, Mismatch, Patch, PlainPassword, decimal, json_bytes, parse_date,
    parse_datetime, parse_time,
};
pub use crate::model::*;
pub use crate::model::{ObjectWriter, ToJson};
pub use crate::model::{
    StringEnum, enum_array_type, enum_column_type, enum_from_column, enum_from_json, enum_from_row, enum_from_value,
    enum_null,
};
pub use crate::server::api::{Api, Mounted};
pub use crate::string_enum;

/// Compiles the pattern of a field, which the build step has checked.
pub fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the build step refuses a pattern that does not compile")
}

/// `Option` under a name that the derive of `Validate` does not unwrap: it binds the unwrapped value to the field's
/// name, which would hide a variable of the derive that has the same name.
pub type Maybe<T> = Option<T>;

/// Implements the methods of [`Resource`](crate::generated::Resource) that handle every column of a row, from the names
/// of the columns in table order; the first one is the id. A decimal is followed by the number of its digits after the
/// point: `price(2)`.
#[doc(hidden)]
#[macro_export]
macro_rules! columns {
    ($id:ident $(, $column:ident $(($scale:literal))?)* $(,)?) => {
        fn id(&self) -> Self::Id {
            self.$id
        }

        fn decode(row: &mut $crate::generated::Row<'_>) -> ::std::result::Result<Self, $crate::generated::DbError> {
            ::std::result::Result::Ok(Self {
                $id: row.next()?,
                $($column: $crate::columns!(@next row $($scale)?),)*
            })
        }

        fn write(&self, out: &mut $crate::generated::ObjectWriter<'_>) {
            out.field(&self.$id);
            $(out.field(&self.$column);)*
        }
    };
    (@next $row:ident) => {
        $row.next()?
    };
    (@next $row:ident $scale:literal) => {
        $row.decimal($scale)?
    };
}
