//! The types and functions that generated code imports. They are not meant for other code, and may change in any
//! release.

pub use std::sync::LazyLock;

pub use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
pub use regex::Regex;
pub use rust_decimal::Decimal;
pub use sea_orm::entity::prelude::*;
pub use sea_orm::sea_query::{ArrayType, Nullable, ValueType, ValueTypeErr};
pub use sea_orm::{ColIdx, TryGetError, TryGetable};
pub use serde_json::Value as Json;
pub use uuid::Uuid;
pub use validator::{Validate, ValidationError, ValidationErrors};

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

/// `Option` under a name that the derive of `Validate` does not unwrap: it binds the unwrapped value to the field's
/// name, which would hide a variable of the derive that has the same name.
pub type Maybe<T> = Option<T>;
