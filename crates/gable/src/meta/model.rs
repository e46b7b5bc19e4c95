//! The metadata of models: constant tables that the build step prints from the YAML.

use gable_meta::{IdKind, ModelKind, Operation, RateLimit};
use serde::Serialize;

use super::permission::Permission;

/// The metadata of a model, which the build step prints from its YAML.
#[derive(Debug, Serialize)]
pub struct ModelMeta {
    /// The name in the YAML: `UserProfile`.
    pub name: &'static str,
    /// The name of the table: `user_profiles`.
    pub table: &'static str,
    /// The segment of its paths: `user-profiles`.
    pub path: &'static str,
    /// The name in permissions: `user-profile`.
    pub resource: &'static str,
    /// The part that the model has in authorization.
    pub kind: ModelKind,
    /// The type of its id.
    pub id: IdKind,
    /// Whether a deleted row is hidden and can be restored.
    pub soft_delete: bool,
    /// Every column, in table order; `fields[0]` is the id.
    pub fields: &'static [FieldMeta],
    /// Relations to other models.
    pub relations: &'static [RelationMeta],
    /// Unique indexes.
    pub uniques: &'static [UniqueMeta],
    /// `View`, `Create`, `Update`, `Delete`, in this order, then `Restore` and custom actions.
    pub actions: &'static [ActionMeta],
    /// Settings of single operations; only those that `routes:` lists.
    pub routes: &'static [RouteMeta],
}

/// A field of a model, which is one column of its table.
#[derive(Debug, Serialize)]
pub struct FieldMeta {
    /// The JSON name: `publishedAt`.
    pub name: &'static str,
    /// The name of the column: `published_at`.
    pub column: &'static str,
    /// The type.
    pub kind: FieldKind,
    /// Why the model has this field.
    pub origin: Origin,
    /// Whether the value can be null.
    pub optional: bool,
    /// Whether it is never part of a response.
    pub private: bool,
    /// Whether request bodies may not set it.
    pub read_only: bool,
    /// Whether it cannot change after its row was created.
    pub immutable: bool,
    /// Whether values are compared without regard to the case of ASCII letters. They are stored as written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub case_insensitive: bool,
    /// Roles that may read this field; `None`: everybody who may view the row.
    pub read_roles: Option<&'static [&'static str]>,
    /// Roles that may write this field; `None`: everybody who may write the row.
    pub write_roles: Option<&'static [&'static str]>,
}

/// The type of a field, as in the YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FieldKind {
    /// Text, usually short.
    String,
    /// Text, usually long.
    Text,
    /// An e-mail address.
    Email,
    /// An absolute URL.
    Url,
    /// A password, of which a hash is stored.
    Password,
    /// A 32-bit integer.
    Integer,
    /// A 64-bit integer.
    Bigint,
    /// A finite 64-bit floating-point number.
    Float,
    /// A decimal number.
    Decimal {
        /// The number of digits.
        precision: u32,
        /// The number of digits after the point.
        scale: u32,
    },
    /// True or false.
    Boolean,
    /// A date: `2026-03-22`.
    Date,
    /// A time of day, in milliseconds: `19:30:00.250`.
    Time,
    /// A point in time in UTC, in milliseconds.
    Datetime,
    /// A UUID.
    Uuid,
    /// Any JSON value.
    Json,
    /// One of these strings.
    Enum(&'static [&'static str]),
    /// A list of these strings.
    EnumList(&'static [&'static str]),
}

/// Why a model has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// The YAML lists it under `fields:`.
    Declared,
    /// It is the primary key.
    Id,
    /// It is the key of a `belongsTo` relation.
    ForeignKey,
    /// Every account has it.
    Account,
    /// It is the time when the row was created.
    CreatedAt,
    /// It is the time of the last change of the row.
    UpdatedAt,
    /// It is the time when the row was deleted; the model has `softDelete: true`.
    DeletedAt,
}

/// A relation of a model to another one.
#[derive(Debug, Serialize)]
pub struct RelationMeta {
    /// The JSON name: `author`.
    pub name: &'static str,
    /// The name of the target model.
    pub target: &'static str,
    /// Where its keys are stored.
    pub kind: RelationKind,
}

/// Where the keys of a relation are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RelationKind {
    /// In the row itself.
    BelongsTo {
        /// The JSON name of the key: `authorId`.
        field: &'static str,
    },
    /// In at most one row of the target.
    HasOne {
        /// The JSON name of the key on the target.
        field: &'static str,
    },
    /// In rows of the target.
    HasMany {
        /// The JSON name of the key on the target.
        field: &'static str,
    },
    /// In a table of pairs.
    ManyToMany {
        /// The name of that table.
        table: &'static str,
        /// Its column with the id of the model that has the relation.
        this_column: &'static str,
        /// Its column with the id of the target.
        target_column: &'static str,
    },
}

/// A unique index of a model.
#[derive(Debug, Serialize)]
pub struct UniqueMeta {
    /// The name of the index in the database: `uq_posts_slug`.
    pub name: &'static str,
    /// The JSON names of its fields.
    pub fields: &'static [&'static str],
    /// The code of the error for a duplicate: `PostSlugUniqueConstraint`.
    pub code: &'static str,
}

/// An action on a model, and who may perform it.
#[derive(Debug, Serialize)]
pub struct ActionMeta {
    /// The permission that the action requires.
    pub permission: Permission,
    /// The name: `Publish`.
    pub action: &'static str,
    /// A description for people who assign permissions.
    pub description: Option<&'static str>,
    /// The rules of `access:`. The action is permitted if at least one of them permits it.
    pub rules: &'static [RuleMeta],
}

/// One rule of `access:`, which permits an action.
#[derive(Debug, Serialize)]
pub struct RuleMeta {
    /// The callers that it applies to.
    pub who: Who,
    /// The rows that it applies to: all conditions must hold. An empty list matches every row.
    pub conditions: &'static [Condition],
}

/// The callers that a rule applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Who {
    /// Everybody.
    Public,
    /// Every account.
    Authenticated,
    /// Accounts with at least one of these roles.
    Roles(&'static [&'static str]),
}

/// A condition on one field of a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// Index into [`ModelMeta::fields`].
    pub field: usize,
    /// The value that the field must have.
    pub value: ConditionValue,
}

/// The value that a condition compares a field with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum ConditionValue {
    /// The id of the caller's account.
    Me,
    /// No value.
    Null,
    /// True or false.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A string or enum value, or the text form of a decimal, date, time or UUID.
    Text(&'static str),
}

/// Settings of one operation of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RouteMeta {
    /// The operation.
    pub operation: Operation,
    /// Whether the operation has no route. Bodies of related models cannot perform it either.
    pub disabled: bool,
    /// Its own rate limit, in addition to the global one.
    pub rate_limit: Option<RateLimit>,
    /// Defaults and restrictions that apply to all its requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<&'static RoutePreset>,
}

/// Defaults and restrictions that a route applies to every request of its operation.
#[derive(Debug, PartialEq, Serialize)]
pub struct RoutePreset {
    /// The fields that responses may contain and that requests may name.
    pub fields: Option<&'static FieldPreset>,
    /// A row is visible to the operation only if all conditions hold.
    pub conditions: &'static [Condition],
    /// Applies to requests without `sort`.
    pub sort: &'static [SortPreset],
    /// Page size for requests without `limit`.
    pub limit: Option<u32>,
    /// Maximum `limit` of a request.
    pub max_limit: Option<u32>,
}

/// A selection of fields of one model and of its related models.
#[derive(Debug, PartialEq, Serialize)]
pub struct FieldPreset {
    /// Positions in [`ModelMeta::fields`].
    pub fields: &'static [usize],
    /// The relations that may be included, by name, each with the selection of its target; `None` allows all
    /// relations.
    pub relations: Option<&'static [(&'static str, &'static FieldPreset)]>,
}

/// One key of the default order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SortPreset {
    /// Index into [`ModelMeta::fields`].
    pub field: usize,
    /// Whether the highest value comes first.
    pub descending: bool,
}

impl FieldKind {
    /// The name of the type in the YAML.
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
    /// Returns the form in which a value of this field is compared.
    pub(crate) fn folded(&self, value: sea_orm::Value) -> sea_orm::Value {
        match value {
            sea_orm::Value::String(Some(text)) if self.case_insensitive => text.to_ascii_lowercase().into(),
            value => value,
        }
    }
}

impl ModelMeta {
    /// Returns the action that a caller must be permitted to perform for this operation.
    pub(crate) fn action_of(&'static self, operation: Operation) -> &'static ActionMeta {
        let position = match operation {
            Operation::FindMany | Operation::FindOne => 0,
            Operation::CreateOne | Operation::CreateMany => 1,
            Operation::UpdateOne | Operation::UpdateMany => 2,
            Operation::DeleteOne | Operation::DeleteMany => 3,
        };
        &self.actions[position]
    }

    /// Returns the position of the field with this JSON name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Returns the settings of an operation, if the YAML lists it.
    pub fn route(&self, operation: Operation) -> Option<&'static RouteMeta> {
        self.routes.iter().find(|route| route.operation == operation)
    }
}
