//! Conversions that make a generated enum a column: a string in JSON and in the database.

use sea_orm::sea_query::{ArrayType, Nullable, StringLen, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, ColumnType, DbErr, QueryResult, TryGetError, TryGetable, Value};

use crate::db::{Column, DbError, FromColumn};
use crate::model::input::Mismatch;

/// The values of an enum, in the order of the YAML, which is also the order of its variants.
pub trait StringEnum: Copy + 'static {
    /// The strings, in the order of the YAML.
    const TEXTS: &'static [&'static str];
    /// The strings with their variants, in the order of the YAML.
    const VALUES: &'static [(&'static str, Self)];

    /// Returns its position in `VALUES`.
    fn index(self) -> usize;

    /// Returns the string used in JSON and in the database.
    fn as_str(self) -> &'static str {
        Self::VALUES[self.index()].0
    }

    /// Returns the variant with this string.
    fn from_text(text: &str) -> Option<Self> {
        Self::VALUES.iter().find(|(value, _)| *value == text).map(|(_, variant)| *variant)
    }
}

/// Implements [`FromJson`](crate::generated::FromJson).
pub fn enum_from_json<E: StringEnum>(value: &serde_json::Value) -> Result<E, Mismatch> {
    value.as_str().and_then(E::from_text).ok_or_else(|| {
        let values: Vec<&str> = E::VALUES.iter().map(|(value, _)| *value).collect();
        Mismatch(format!("one of {}", values.join(", ")).into())
    })
}

/// Implements [`FromColumn`]. A value that the schema does not contain is an error.
pub fn enum_from_column<E: StringEnum>(column: Column<'_>) -> Result<E, DbError> {
    let text = String::from_column(column)?;
    E::from_text(&text).ok_or_else(|| DbError::other(format!("unknown enum value {text:?}")))
}

/// Implements `TryGetable`. A value that the schema does not contain is an error.
pub fn enum_from_row<E: StringEnum, I: ColIdx>(row: &QueryResult, index: I) -> Result<E, TryGetError> {
    let text = String::try_get_by(row, index)?;
    E::from_text(&text).ok_or_else(|| DbErr::Type(format!("unknown enum value {text:?}")).into())
}

/// Implements `ValueType`.
pub fn enum_from_value<E: StringEnum>(value: Value) -> Result<E, ValueTypeErr> {
    <String as ValueType>::try_from(value).ok().and_then(|text| E::from_text(&text)).ok_or(ValueTypeErr)
}

/// Implements `ValueType::array_type`.
pub fn enum_array_type() -> ArrayType {
    ArrayType::String
}

/// Implements `ValueType::column_type`.
pub fn enum_column_type() -> ColumnType {
    ColumnType::String(StringLen::None)
}

/// Implements `Nullable::null`.
pub fn enum_null() -> Value {
    <String as Nullable>::null()
}

/// Makes an enum a [`StringEnum`](crate::generated::StringEnum), a column of an entity and a field of a body. Declares
/// data conversions only; it hides no control flow.
#[doc(hidden)]
#[macro_export]
macro_rules! string_enum {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        const _: () = {
            use $crate::generated as g;

            impl g::StringEnum for $name {
                const TEXTS: &'static [&'static str] = &[$($text),+];
                const VALUES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];

                fn index(self) -> usize {
                    self as usize
                }
            }

            impl ::std::convert::From<$name> for g::Value {
                fn from(value: $name) -> g::Value {
                    g::StringEnum::as_str(value).into()
                }
            }

            impl g::FromJson for $name {
                fn from_json(value: g::Json) -> ::std::result::Result<$name, g::Mismatch> {
                    g::enum_from_json(&value)
                }
            }

            impl g::ToJson for $name {
                fn to_json(&self, out: &mut ::std::vec::Vec<u8>) {
                    g::ToJson::to_json(g::StringEnum::as_str(*self), out);
                }
            }

            impl g::FromColumn for $name {
                fn from_column(column: g::Column<'_>) -> ::std::result::Result<$name, g::DbError> {
                    g::enum_from_column(column)
                }
            }

            impl g::TryGetable for $name {
                fn try_get_by<I: g::ColIdx>(
                    row: &g::QueryResult,
                    index: I,
                ) -> ::std::result::Result<$name, g::TryGetError> {
                    g::enum_from_row(row, index)
                }
            }

            impl g::ValueType for $name {
                fn try_from(value: g::Value) -> ::std::result::Result<$name, g::ValueTypeErr> {
                    g::enum_from_value(value)
                }

                fn type_name() -> ::std::string::String {
                    ::std::string::String::from(stringify!($name))
                }

                fn array_type() -> g::ArrayType {
                    g::enum_array_type()
                }

                fn column_type() -> g::ColumnType {
                    g::enum_column_type()
                }
            }

            impl g::Nullable for $name {
                fn null() -> g::Value {
                    g::enum_null()
                }
            }
        };
    };
}
