//! The only contract that templates target: constant tables about a model, and `Resource`, which generated code
//! implements once per model. `AnyResource` erases it, so that every operation is compiled once, not once per model.

mod id;
mod nested;
mod row;

use std::any::Any;
use std::fmt::Debug;

use serde::Serialize;
use validator::Validate;

use crate::access::Permission;
use crate::db::{DbError, Row};
use crate::http::ObjectWriter;
use crate::input::BodyReader;

pub use id::{Id, KeySlot, RowId};
pub(crate) use nested::{Among, Change, Draft, InlineKey, Key, Named, Reference, Replacement, Upsert};
pub use nested::{AnyInput, Nested};
pub(crate) use row::Relating;
pub use row::RowValues;

/// What the runtime knows of a model, printed by the build step from its YAML.
#[derive(Debug, Serialize)]
pub struct ModelMeta {
    /// `UserProfile`
    pub name: &'static str,
    /// `user_profiles`
    pub table: &'static str,
    /// `user-profiles`
    pub path: &'static str,
    /// `user-profile`
    pub resource: &'static str,
    pub kind: ModelKind,
    pub id: IdKind,
    pub soft_delete: bool,
    /// Every column, in table order; `fields[0]` is the id.
    pub fields: &'static [FieldMeta],
    pub relations: &'static [RelationMeta],
    pub uniques: &'static [UniqueMeta],
    /// `View`, `Create`, `Update`, `Delete` first and in this order, then `Restore` and the team's own.
    pub actions: &'static [ActionMeta],
    /// Only operations that the YAML names.
    pub routes: &'static [RouteMeta],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ModelKind {
    Ordinary,
    Account,
    Role,
    Permission,
    AccountRole,
    AccountPermission,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum IdKind {
    Uuid,
    Integer,
}

#[derive(Debug, Serialize)]
pub struct FieldMeta {
    /// `publishedAt`
    pub name: &'static str,
    /// `published_at`
    pub column: &'static str,
    pub kind: FieldKind,
    pub origin: Origin,
    pub optional: bool,
    /// Never leaves the server, on any path.
    pub private: bool,
    pub read_only: bool,
    pub immutable: bool,
    /// Compared without regard to the case of ASCII letters, and kept as written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub case_insensitive: bool,
    /// Roles that may read or write this one field; none: whoever may read or write the row.
    pub read_roles: Option<&'static [&'static str]>,
    pub write_roles: Option<&'static [&'static str]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FieldKind {
    String,
    Text,
    Email,
    Url,
    Password,
    Integer,
    Bigint,
    Float,
    Decimal { precision: u32, scale: u32 },
    Boolean,
    Date,
    Time,
    Datetime,
    Uuid,
    Json,
    Enum(&'static [&'static str]),
    EnumList(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    Declared,
    Id,
    ForeignKey,
    Account,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
}

#[derive(Debug, Serialize)]
pub struct RelationMeta {
    /// `author`
    pub name: &'static str,
    /// Name of the target model.
    pub target: &'static str,
    pub kind: RelationKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RelationKind {
    /// `field` is the JSON name of the key here: `authorId`.
    BelongsTo {
        field: &'static str,
    },
    /// `field` is the JSON name of the key on the target.
    HasOne {
        field: &'static str,
    },
    HasMany {
        field: &'static str,
    },
    ManyToMany {
        table: &'static str,
        this_column: &'static str,
        target_column: &'static str,
    },
}

#[derive(Debug, Serialize)]
pub struct UniqueMeta {
    /// The index name in the database: `uq_posts_slug`.
    pub name: &'static str,
    /// JSON names.
    pub fields: &'static [&'static str],
    /// `PostSlugUniqueConstraint`
    pub code: &'static str,
}

#[derive(Debug, Serialize)]
pub struct ActionMeta {
    pub permission: Permission,
    /// `Publish`
    pub action: &'static str,
    pub description: Option<&'static str>,
    pub rules: &'static [RuleMeta],
}

#[derive(Debug, Serialize)]
pub struct RuleMeta {
    pub who: Who,
    /// All must hold; empty: every row.
    pub conditions: &'static [Condition],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Who {
    Public,
    Authenticated,
    Roles(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// Index into `ModelMeta::fields`.
    pub field: usize,
    pub value: ConditionValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum ConditionValue {
    /// The caller's account id.
    Me,
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// Strings, enums, and the text form of decimals, dates, times and uuids.
    Text(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RouteMeta {
    pub operation: Operation,
    pub disabled: bool,
    pub rate_limit: Option<RateLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<&'static RoutePreset>,
}

/// What a route asks for by itself. It narrows what a request may ask for, and fills in what it does not say.
#[derive(Debug, PartialEq, Serialize)]
pub struct RoutePreset {
    /// What answers may hold, and requests may name.
    pub fields: Option<&'static FieldPreset>,
    /// Rows that the operation knows of; all must hold.
    pub conditions: &'static [Condition],
    /// Where the request has no `sort`.
    pub sort: &'static [SortPreset],
    /// Where the request has no `limit`.
    pub limit: Option<u32>,
    /// The greatest `limit` of a request.
    pub max_limit: Option<u32>,
}

/// Fields of one model, and of those that it leads to.
#[derive(Debug, PartialEq, Serialize)]
pub struct FieldPreset {
    /// Positions in `ModelMeta::fields`.
    pub fields: &'static [usize],
    /// The relations that may be followed, by name; all where there is no list.
    pub relations: Option<&'static [(&'static str, &'static FieldPreset)]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SortPreset {
    /// Position in `ModelMeta::fields`.
    pub field: usize,
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    pub window_ms: u64,
    pub max: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Operation {
    FindMany,
    FindOne,
    CreateOne,
    UpdateOne,
    DeleteOne,
    CreateMany,
    UpdateMany,
    DeleteMany,
}

impl Operation {
    /// What somebody must be allowed to do for this operation.
    pub(crate) fn action(self, meta: &'static ModelMeta) -> &'static ActionMeta {
        let position = match self {
            Operation::FindMany | Operation::FindOne => 0,
            Operation::CreateOne | Operation::CreateMany => 1,
            Operation::UpdateOne | Operation::UpdateMany => 2,
            Operation::DeleteOne | Operation::DeleteMany => 3,
        };
        &meta.actions[position]
    }
}

impl FieldKind {
    /// As the YAML names the type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FieldKind::String => "string",
            FieldKind::Text => "text",
            FieldKind::Email => "email",
            FieldKind::Url => "url",
            FieldKind::Password => "password",
            FieldKind::Integer => "integer",
            FieldKind::Bigint => "bigint",
            FieldKind::Float => "float",
            FieldKind::Decimal { .. } => "decimal",
            FieldKind::Boolean => "boolean",
            FieldKind::Date => "date",
            FieldKind::Time => "time",
            FieldKind::Datetime => "datetime",
            FieldKind::Uuid => "uuid",
            FieldKind::Json => "json",
            FieldKind::Enum(_) => "enum",
            FieldKind::EnumList(_) => "enum list",
        }
    }
}

impl FieldMeta {
    /// The form in which a value of this field is compared.
    pub(crate) fn folded(&self, value: sea_orm::Value) -> sea_orm::Value {
        match value {
            sea_orm::Value::String(Some(text)) if self.case_insensitive => text.to_ascii_lowercase().into(),
            value => value,
        }
    }
}

impl ModelMeta {
    /// Position of the field with this JSON name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    pub fn route(&self, operation: Operation) -> Option<&'static RouteMeta> {
        self.routes.iter().find(|route| route.operation == operation)
    }
}

/// What generated code says of one model. `Self` is the SeaORM `Model`, a row.
pub trait Resource: Sized + 'static {
    /// `Uuid` or `i64`, as `META.id` says.
    type Id: RowId;
    type Create: Input;
    type Update: Input + Default;
    const META: &'static ModelMeta;

    fn id(&self) -> Self::Id;
    /// Reads every column in table order.
    fn decode(row: &mut Row<'_>) -> Result<Self, DbError>;
    /// Writes every field in table order; the writer's mask decides what is kept.
    fn write(&self, out: &mut ObjectWriter<'_>);
}

/// A body that was read field by field: what `CreatePost` and `UpdatePost` are.
pub trait Input: Validate + Clone + Debug + PartialEq + 'static {
    /// Reads what is known, in YAML order. Problems are collected in `body`; where there is one, the placeholder that
    /// stands in the field must not be used.
    fn read(body: &mut BodyReader<'_>) -> Self;
    fn into_row(self, row: &mut RowValues);
    /// Gives the key in this position of `ModelMeta::fields` its value. A model without keys has none to give.
    fn set_key(&mut self, _field: usize, _id: Option<Id>) {}
}

/// `Resource` without its types. Every `dyn Any` here is the type that its name says: `R::Create`, `R::Update`, `R`, `Vec<R>`.
pub trait AnyResource: Send + Sync {
    fn meta(&self) -> &'static ModelMeta;
    fn read_create(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput>;
    fn read_update(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput>;
    /// A change that changes nothing yet.
    fn no_update(&self) -> Box<dyn AnyInput>;
    fn create_row(&self, input: Box<dyn Any>) -> RowValues;
    fn update_row(&self, input: Box<dyn Any>) -> RowValues;
    fn batch(&self, inputs: Vec<Box<dyn Any>>) -> Box<dyn Any>;
    fn unbatch(&self, batch: Box<dyn Any>) -> Vec<Box<dyn Any>>;
    fn decode(&self, row: &mut Row<'_>) -> Result<Box<dyn Any>, DbError>;
    fn decode_many(&self, rows: &mut dyn Iterator<Item = Row<'_>>) -> Result<Box<dyn Any>, DbError>;
    fn id(&self, record: &dyn Any) -> Id;
    fn id_nth(&self, records: &dyn Any, nth: usize) -> Id;
    fn len(&self, records: &dyn Any) -> usize;
    fn write(&self, record: &dyn Any, out: &mut ObjectWriter<'_>);
    fn write_nth(&self, records: &dyn Any, nth: usize, out: &mut ObjectWriter<'_>);
}
