//! A model, and what is not a part of one field of it.

use serde::Serialize;

use super::{Access, Condition, Field, Relation, RelationKind, Route};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ModelKind {
    Ordinary,
    Account,
    /// `AuthRole`
    Role,
    /// `AuthPermission`
    Permission,
    /// `UserRole`
    AccountRole,
    /// `UserPermission`
    AccountPermission,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum IdKind {
    Uuid,
    /// a 64-bit sequence
    Integer,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// PascalCase: `UserProfile`
    pub name: String,
    /// the YAML file, relative to the schema directory, with `/`
    pub file: String,
    pub description: Option<String>,
    /// `user_profiles`
    pub table: String,
    /// `user-profiles`
    pub path: String,
    /// `user-profile`
    pub resource: String,
    /// Rust module name, a valid identifier that is no keyword: `user_profile`
    pub module: String,
    pub kind: ModelKind,
    pub id: IdKind,
    pub timestamps: bool,
    pub soft_delete: bool,
    /// Every column in table order: `id`, declared fields and the keys of `belongsTo` in YAML order, what an account
    /// receives, `createdAt`, `updatedAt`, `deletedAt`.
    pub fields: Vec<Field>,
    pub relations: Vec<Relation>,
    /// Every index that is not unique, those of single fields (`index: true`, keys) first, in field order, then
    /// `indexes:` lists.
    pub indexes: Vec<Index>,
    /// Every unique constraint, single fields (`unique: true`) first, in field order, then `unique:` lists.
    pub uniques: Vec<Index>,
    /// `View`, `Create`, `Update`, `Delete`, then `Restore` for soft delete, then the team's own; every one is here,
    /// with no rules where the YAML is silent (then only a super user may).
    pub access: Vec<Access>,
    /// only operations that the YAML names
    pub routes: Vec<ModelRoute>,
}

impl Model {
    /// The field of this JSON name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The key of this `belongsTo`.
    pub fn key(&self, relation: &str) -> Option<&Field> {
        let relation = self.relations.iter().find(|declared| declared.name == relation)?;
        match &relation.kind {
            RelationKind::BelongsTo { field, .. } => self.field(field),
            _ => None,
        }
    }

    /// What the route of the operation presets.
    pub fn preset(&self, operation: Operation) -> Option<&RoutePreset> {
        self.routes.iter().find(|written| written.operation == operation).map(|written| &written.preset)
    }

    /// Whether the operation is served.
    pub fn enables(&self, operation: Operation) -> bool {
        self.routes.iter().all(|written| written.operation != operation || !written.route.disabled)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Index {
    /// JSON names of fields
    pub fields: Vec<String>,
    /// at most 63 bytes, unique in the schema: `idx_posts_status_published_at`, `uq_posts_slug`
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelRoute {
    pub operation: Operation,
    pub route: Route,
    pub preset: RoutePreset,
}

/// What a route asks for by itself: it narrows what a request may ask for, and fills in what it does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RoutePreset {
    /// What answers may hold and requests may name.
    pub fields: Option<FieldPreset>,
    /// All must hold for the rows that the operation knows of.
    pub conditions: Vec<Condition>,
    /// Where a request has no `sort`.
    pub sort: Vec<SortPreset>,
    /// Rows of a page where a request has no `limit`.
    pub limit: Option<u32>,
    /// at most `query.maxLimit`
    pub max_limit: Option<u32>,
}

impl RoutePreset {
    /// Whether the route is like any other.
    pub fn is_empty(&self) -> bool {
        *self == RoutePreset::default()
    }
}

/// Fields of one model, and of those that its relations lead to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldPreset {
    /// JSON names, in table order
    pub fields: Vec<String>,
    /// The relations that may be followed, with what is shown behind them; all where there is no list.
    pub relations: Option<Vec<(String, FieldPreset)>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SortPreset {
    /// JSON name
    pub field: String,
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
