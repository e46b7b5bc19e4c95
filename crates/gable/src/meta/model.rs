//! The metadata of models: constant tables that the build step prints from the YAML.

use serde::Serialize;

use super::permission::Permission;

/// The metadata of a model, which the build step prints from its YAML.
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
    /// `View`, `Create`, `Update`, `Delete`, in this order, then `Restore` and custom actions.
    pub actions: &'static [ActionMeta],
    /// Only the operations listed in `routes:`.
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
    /// Never part of a response.
    pub private: bool,
    pub read_only: bool,
    pub immutable: bool,
    /// Compared without regard to the case of ASCII letters; stored as written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub case_insensitive: bool,
    /// Roles that may read or write this field; none: everybody who may read or write the row.
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
    /// All must hold; an empty list matches every row.
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
    /// A string or enum value, or the text form of a decimal, date, time or UUID.
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
    /// Positions in `ModelMeta::fields`.
    pub fields: &'static [usize],
    /// The relations that may be included, by name, each with the selection of its target; `None` allows all
    /// relations.
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
    /// Returns the action that a caller must be permitted to perform for this operation.
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
    /// Returns the position of the field with this JSON name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    pub fn route(&self, operation: Operation) -> Option<&'static RouteMeta> {
        self.routes.iter().find(|route| route.operation == operation)
    }
}
