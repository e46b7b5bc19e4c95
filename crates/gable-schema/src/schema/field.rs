//! Columns and their types.

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// JSON name: `publishedAt`
    pub name: String,
    /// `published_at`
    pub column: String,
    /// Rust field name, raw where it is a keyword: `published_at`, `r#type`
    pub rust_name: String,
    /// SeaORM column variant: `PublishedAt`
    pub variant: String,
    pub ty: FieldType,
    pub optional: bool,
    pub default: Option<Default>,
    pub unique: bool,
    /// has a single-column index of its own (foreign keys always do, unless unique)
    pub index: bool,
    pub description: Option<String>,
    pub example: Option<serde_json::Value>,
    pub private: bool,
    pub read_only: bool,
    pub immutable: bool,
    /// compared without regard to the case of ASCII letters; stored as written
    pub case_insensitive: bool,
    /// roles that may read or write this field; none: everybody who may read or write the row
    pub read_roles: Option<Vec<String>>,
    pub write_roles: Option<Vec<String>>,
    pub renamed_from: Option<String>,
    pub origin: Origin,
}

/// Where a column comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    Declared,
    Id,
    /// the relation that owns this key
    ForeignKey {
        relation: String,
    },
    /// a field that every account model has
    Account,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum FieldType {
    String {
        min: Option<u32>,
        /// 255 if the YAML has no `max`
        max: u32,
        pattern: Option<String>,
    },
    Text {
        min: Option<u32>,
        /// 65536 if the YAML has no `max`
        max: u32,
        pattern: Option<String>,
    },
    Email,
    Url,
    Password,
    Integer {
        min: Option<i32>,
        max: Option<i32>,
    },
    Bigint {
        min: Option<i64>,
        max: Option<i64>,
    },
    Float {
        min: Option<f64>,
        max: Option<f64>,
    },
    Decimal {
        precision: u32,
        scale: u32,
        /// decimal literals
        min: Option<String>,
        max: Option<String>,
    },
    Boolean,
    Date,
    Time,
    Datetime,
    Uuid,
    Json {
        max_bytes: u64,
    },
    Enum {
        /// `PostStatus`
        rust_name: String,
        values: Vec<EnumValue>,
    },
    /// `enum[]`: only the `roles` of an account in static mode
    EnumList {
        rust_name: String,
        values: Vec<EnumValue>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnumValue {
    /// as in JSON and in the database: `in-review`
    pub value: String,
    /// `InReview`
    pub variant: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Default {
    /// already checked against the type; decimals, dates, times, uuids and enums as strings
    Value(serde_json::Value),
    /// `now`
    Now,
    /// `uuid`
    Uuid,
    /// `$me`: the caller's account, on a `belongsTo` the account model only
    Me,
}
