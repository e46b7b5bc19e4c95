//! Models, their indexes and their routes.

use serde::Serialize;

use super::{Access, Condition, Field, IdKind, ModelKind, Operation, Relation, RelationKind, Route};

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
    /// All columns in table order: `id`, declared fields and the keys of `belongsTo` in YAML order, the fields of an
    /// account, `createdAt`, `updatedAt`, `deletedAt`.
    pub fields: Vec<Field>,
    pub relations: Vec<Relation>,
    /// All indexes that are not unique: indexes of single fields (`index: true`, foreign keys) in field order, then
    /// the lists of `indexes:`.
    pub indexes: Vec<Index>,
    /// All unique constraints: single fields (`unique: true`) in field order, then the lists of `unique:`.
    pub uniques: Vec<Index>,
    /// `View`, `Create`, `Update`, `Delete`, then `Restore` if the model has soft delete, `Explain` for
    /// `AuthPermission`, then custom actions. A built-in action that the YAML does not mention is listed without
    /// rules: only super users may perform it.
    pub access: Vec<Access>,
    /// only operations that the YAML names
    pub routes: Vec<ModelRoute>,
}

impl Model {
    /// Finds a field by its JSON name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Returns the foreign key field of a `belongsTo` relation.
    pub fn key(&self, relation: &str) -> Option<&Field> {
        let relation = self.relations.iter().find(|declared| declared.name == relation)?;
        match &relation.kind {
            RelationKind::BelongsTo { field, .. } => self.field(field),
            _ => None,
        }
    }

    /// Returns the preset of the operation's route, or `None` if the YAML does not mention the route.
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

/// Defaults and restrictions that a route applies to every request of its operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RoutePreset {
    /// The fields that responses may contain and that requests may name.
    pub fields: Option<FieldPreset>,
    /// A row is visible to the operation only if all conditions hold.
    pub conditions: Vec<Condition>,
    /// Applies to requests without `sort`.
    pub sort: Vec<SortPreset>,
    /// Page size for requests without `limit`.
    pub limit: Option<u32>,
    /// at most `query.maxLimit`
    pub max_limit: Option<u32>,
}

impl RoutePreset {
    /// Returns true if the route presets nothing.
    pub fn is_empty(&self) -> bool {
        *self == RoutePreset::default()
    }
}

/// A selection of fields of one model and of its related models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldPreset {
    /// JSON names, in table order
    pub fields: Vec<String>,
    /// The relations that may be included, each with the selection of its target; `None` allows all relations.
    pub relations: Option<Vec<(String, FieldPreset)>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SortPreset {
    /// JSON name
    pub field: String,
    pub descending: bool,
}
