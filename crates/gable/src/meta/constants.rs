//! Constructors for generated tables: common values are defaults, so that an entry takes one line.

use super::{
    ActionMeta, Condition, ConditionValue, FieldKind, FieldMeta, FieldPreset, Operation, Origin, Permission, RateLimit,
    RelationKind, RelationMeta, RouteMeta, RoutePreset, RuleMeta, SortPreset, UniqueMeta, Who,
};

impl FieldMeta {
    /// Creates a declared, required field without restrictions beyond those of its row.
    pub const fn new(name: &'static str, column: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            column,
            kind,
            origin: Origin::Declared,
            optional: false,
            private: false,
            read_only: false,
            immutable: false,
            case_insensitive: false,
            read_roles: None,
            write_roles: None,
        }
    }

    /// Creates the primary key.
    pub const fn id(kind: FieldKind) -> Self {
        Self::new("id", "id", kind).origin(Origin::Id).read_only()
    }

    /// Creates the key of a `belongsTo` relation.
    pub const fn foreign_key(name: &'static str, column: &'static str, kind: FieldKind) -> Self {
        Self::new(name, column, kind).origin(Origin::ForeignKey)
    }

    /// Creates a field that every account has.
    pub const fn account(name: &'static str, column: &'static str, kind: FieldKind) -> Self {
        Self::new(name, column, kind).origin(Origin::Account)
    }

    pub const fn created_at() -> Self {
        Self::new("createdAt", "created_at", FieldKind::Datetime).origin(Origin::CreatedAt).read_only()
    }

    pub const fn updated_at() -> Self {
        Self::new("updatedAt", "updated_at", FieldKind::Datetime).origin(Origin::UpdatedAt).read_only()
    }

    pub const fn deleted_at() -> Self {
        Self::new("deletedAt", "deleted_at", FieldKind::Datetime).origin(Origin::DeletedAt).optional().read_only()
    }

    pub const fn origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub const fn private(self) -> Self {
        Self { private: true, ..self }
    }

    pub const fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    pub const fn immutable(self) -> Self {
        Self { immutable: true, ..self }
    }

    pub const fn case_insensitive(self) -> Self {
        Self { case_insensitive: true, ..self }
    }

    pub const fn read_roles(self, roles: &'static [&'static str]) -> Self {
        Self { read_roles: Some(roles), ..self }
    }

    pub const fn write_roles(self, roles: &'static [&'static str]) -> Self {
        Self { write_roles: Some(roles), ..self }
    }
}

impl FieldKind {
    pub const fn decimal(precision: u32, scale: u32) -> Self {
        Self::Decimal { precision, scale }
    }
}

impl RelationMeta {
    pub const fn new(name: &'static str, target: &'static str, kind: RelationKind) -> Self {
        Self { name, target, kind }
    }

    /// `field` is the JSON name of the key here.
    pub const fn belongs_to(name: &'static str, target: &'static str, field: &'static str) -> Self {
        Self::new(name, target, RelationKind::BelongsTo { field })
    }

    /// `field` is the JSON name of the key on the target.
    pub const fn has_one(name: &'static str, target: &'static str, field: &'static str) -> Self {
        Self::new(name, target, RelationKind::HasOne { field })
    }

    /// `field` is the JSON name of the key on the target.
    pub const fn has_many(name: &'static str, target: &'static str, field: &'static str) -> Self {
        Self::new(name, target, RelationKind::HasMany { field })
    }
}

impl UniqueMeta {
    pub const fn new(name: &'static str, fields: &'static [&'static str], code: &'static str) -> Self {
        Self { name, fields, code }
    }
}

impl ActionMeta {
    pub const fn new(permission: Permission, action: &'static str, rules: &'static [RuleMeta]) -> Self {
        Self { permission, action, description: None, rules }
    }

    pub const fn description(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }
}

impl RuleMeta {
    pub const fn new(who: Who, conditions: &'static [Condition]) -> Self {
        Self { who, conditions }
    }

    pub const fn public() -> Self {
        Self::new(Who::Public, &[])
    }

    pub const fn authenticated() -> Self {
        Self::new(Who::Authenticated, &[])
    }

    pub const fn roles(roles: &'static [&'static str]) -> Self {
        Self::new(Who::Roles(roles), &[])
    }

    /// Limits the rule to the rows for which all conditions hold.
    pub const fn matching(self, conditions: &'static [Condition]) -> Self {
        Self { conditions, ..self }
    }
}

impl Condition {
    /// `field` is a position in `ModelMeta::fields`.
    pub const fn new(field: usize, value: ConditionValue) -> Self {
        Self { field, value }
    }

    /// The field equals the id of the caller's account.
    pub const fn me(field: usize) -> Self {
        Self::new(field, ConditionValue::Me)
    }

    pub const fn null(field: usize) -> Self {
        Self::new(field, ConditionValue::Null)
    }

    pub const fn boolean(field: usize, value: bool) -> Self {
        Self::new(field, ConditionValue::Boolean(value))
    }

    pub const fn integer(field: usize, value: i64) -> Self {
        Self::new(field, ConditionValue::Integer(value))
    }

    pub const fn float(field: usize, value: f64) -> Self {
        Self::new(field, ConditionValue::Float(value))
    }

    pub const fn text(field: usize, value: &'static str) -> Self {
        Self::new(field, ConditionValue::Text(value))
    }
}

impl RouteMeta {
    /// Creates the settings of an operation: enabled, without a rate limit of its own, without a preset.
    pub const fn new(operation: Operation) -> Self {
        Self { operation, disabled: false, rate_limit: None, preset: None }
    }

    pub const fn disabled(self) -> Self {
        Self { disabled: true, ..self }
    }

    pub const fn rate_limit(self, limit: RateLimit) -> Self {
        Self { rate_limit: Some(limit), ..self }
    }

    pub const fn preset(self, preset: &'static RoutePreset) -> Self {
        Self { preset: Some(preset), ..self }
    }
}

impl RoutePreset {
    /// Creates a preset that neither restricts a request nor sets a default.
    #[expect(clippy::new_without_default, reason = "generated constants need a const function")]
    pub const fn new() -> Self {
        Self { fields: None, conditions: &[], sort: &[], limit: None, max_limit: None }
    }

    pub const fn fields(self, fields: &'static FieldPreset) -> Self {
        Self { fields: Some(fields), ..self }
    }

    pub const fn conditions(self, conditions: &'static [Condition]) -> Self {
        Self { conditions, ..self }
    }

    pub const fn sort(self, sort: &'static [SortPreset]) -> Self {
        Self { sort, ..self }
    }

    pub const fn limit(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub const fn max_limit(self, limit: u32) -> Self {
        Self { max_limit: Some(limit), ..self }
    }
}

impl FieldPreset {
    /// Selects fields by their positions in `ModelMeta::fields`, and allows all relations.
    pub const fn new(fields: &'static [usize]) -> Self {
        Self { fields, relations: None }
    }

    /// Allows only these relations, each with the selection of its target.
    pub const fn relations(self, relations: &'static [(&'static str, &'static FieldPreset)]) -> Self {
        Self { relations: Some(relations), ..self }
    }
}

impl SortPreset {
    /// `field` is a position in `ModelMeta::fields`.
    pub const fn ascending(field: usize) -> Self {
        Self { field, descending: false }
    }

    /// `field` is a position in `ModelMeta::fields`.
    pub const fn descending(field: usize) -> Self {
        Self { field, descending: true }
    }
}
