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

    /// Creates the time when a row was created.
    pub const fn created_at() -> Self {
        Self::new("createdAt", "created_at", FieldKind::Datetime).origin(Origin::CreatedAt).read_only()
    }

    /// Creates the time of the last change of a row.
    pub const fn updated_at() -> Self {
        Self::new("updatedAt", "updated_at", FieldKind::Datetime).origin(Origin::UpdatedAt).read_only()
    }

    /// Creates the time when a row was deleted.
    pub const fn deleted_at() -> Self {
        Self::new("deletedAt", "deleted_at", FieldKind::Datetime).origin(Origin::DeletedAt).optional().read_only()
    }

    /// Sets why the model has the field.
    pub const fn origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Allows null.
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Excludes the field from all responses.
    pub const fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// Forbids request bodies to set the field.
    pub const fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// Forbids changes after the row was created.
    pub const fn immutable(self) -> Self {
        Self { immutable: true, ..self }
    }

    /// Compares values without regard to the case of ASCII letters.
    pub const fn case_insensitive(self) -> Self {
        Self { case_insensitive: true, ..self }
    }

    /// Allows only these roles to read the field.
    pub const fn read_roles(self, roles: &'static [&'static str]) -> Self {
        Self { read_roles: Some(roles), ..self }
    }

    /// Allows only these roles to write the field.
    pub const fn write_roles(self, roles: &'static [&'static str]) -> Self {
        Self { write_roles: Some(roles), ..self }
    }
}

impl FieldKind {
    /// Creates the type of decimals with `precision` digits, `scale` of them after the point.
    pub const fn decimal(precision: u32, scale: u32) -> Self {
        Self::Decimal { precision, scale }
    }
}

impl RelationMeta {
    /// Creates a relation from its JSON name and the name of its target model.
    pub const fn new(name: &'static str, target: &'static str, kind: RelationKind) -> Self {
        Self { name, target, kind }
    }

    /// Creates a relation whose key is in the row itself. `field` is the JSON name of that key.
    pub const fn belongs_to(name: &'static str, target: &'static str, field: &'static str) -> Self {
        Self::new(name, target, RelationKind::BelongsTo { field })
    }

    /// Creates a relation to at most one row. `field` is the JSON name of the key on the target.
    pub const fn has_one(name: &'static str, target: &'static str, field: &'static str) -> Self {
        Self::new(name, target, RelationKind::HasOne { field })
    }

    /// Creates a relation to any number of rows. `field` is the JSON name of the key on the target.
    pub const fn has_many(name: &'static str, target: &'static str, field: &'static str) -> Self {
        Self::new(name, target, RelationKind::HasMany { field })
    }
}

impl UniqueMeta {
    /// Creates a unique index from its name in the database, its fields and the code of its error.
    pub const fn new(name: &'static str, fields: &'static [&'static str], code: &'static str) -> Self {
        Self { name, fields, code }
    }
}

impl ActionMeta {
    /// Creates an action without a description.
    pub const fn new(permission: Permission, action: &'static str, rules: &'static [RuleMeta]) -> Self {
        Self { permission, action, description: None, rules }
    }

    /// Adds a description for people who assign permissions.
    pub const fn description(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }
}

impl RuleMeta {
    /// Creates a rule for these callers and the rows for which all conditions hold.
    pub const fn new(who: Who, conditions: &'static [Condition]) -> Self {
        Self { who, conditions }
    }

    /// Creates a rule for everybody and all rows.
    pub const fn public() -> Self {
        Self::new(Who::Public, &[])
    }

    /// Creates a rule for every account and all rows.
    pub const fn authenticated() -> Self {
        Self::new(Who::Authenticated, &[])
    }

    /// Creates a rule for accounts with at least one of these roles, and all rows.
    pub const fn roles(roles: &'static [&'static str]) -> Self {
        Self::new(Who::Roles(roles), &[])
    }

    /// Limits the rule to the rows for which all conditions hold.
    pub const fn matching(self, conditions: &'static [Condition]) -> Self {
        Self { conditions, ..self }
    }
}

impl Condition {
    /// Creates a condition. `field` is an index into [`ModelMeta::fields`](super::ModelMeta::fields).
    pub const fn new(field: usize, value: ConditionValue) -> Self {
        Self { field, value }
    }

    /// Creates a condition that the field is the id of the caller's account.
    pub const fn me(field: usize) -> Self {
        Self::new(field, ConditionValue::Me)
    }

    /// Creates a condition that the field has no value.
    pub const fn null(field: usize) -> Self {
        Self::new(field, ConditionValue::Null)
    }

    /// Creates a condition that the field has this value.
    pub const fn boolean(field: usize, value: bool) -> Self {
        Self::new(field, ConditionValue::Boolean(value))
    }

    /// Creates a condition that the field has this value.
    pub const fn integer(field: usize, value: i64) -> Self {
        Self::new(field, ConditionValue::Integer(value))
    }

    /// Creates a condition that the field has this value.
    pub const fn float(field: usize, value: f64) -> Self {
        Self::new(field, ConditionValue::Float(value))
    }

    /// Creates a condition that the field has this value, which is the text form of a decimal, date, time or UUID if
    /// the field has such a type.
    pub const fn text(field: usize, value: &'static str) -> Self {
        Self::new(field, ConditionValue::Text(value))
    }
}

impl RouteMeta {
    /// Creates the settings of an operation: enabled, without a rate limit of its own, without a preset.
    pub const fn new(operation: Operation) -> Self {
        Self { operation, disabled: false, rate_limit: None, preset: None }
    }

    /// Disables the operation.
    pub const fn disabled(self) -> Self {
        Self { disabled: true, ..self }
    }

    /// Sets a rate limit of the operation's own.
    pub const fn rate_limit(self, limit: RateLimit) -> Self {
        Self { rate_limit: Some(limit), ..self }
    }

    /// Sets defaults and restrictions for all requests.
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

    /// Limits the fields that responses may contain and that requests may name.
    pub const fn fields(self, fields: &'static FieldPreset) -> Self {
        Self { fields: Some(fields), ..self }
    }

    /// Limits the operation to rows for which all conditions hold.
    pub const fn conditions(self, conditions: &'static [Condition]) -> Self {
        Self { conditions, ..self }
    }

    /// Sets the order for requests without `sort`.
    pub const fn sort(self, sort: &'static [SortPreset]) -> Self {
        Self { sort, ..self }
    }

    /// Sets the page size for requests without `limit`.
    pub const fn limit(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Sets the maximum `limit` of a request.
    pub const fn max_limit(self, limit: u32) -> Self {
        Self { max_limit: Some(limit), ..self }
    }
}

impl FieldPreset {
    /// Selects fields by their positions in [`ModelMeta::fields`](super::ModelMeta::fields), and allows all relations.
    pub const fn new(fields: &'static [usize]) -> Self {
        Self { fields, relations: None }
    }

    /// Allows only these relations, each with the selection of its target.
    pub const fn relations(self, relations: &'static [(&'static str, &'static FieldPreset)]) -> Self {
        Self { relations: Some(relations), ..self }
    }
}

impl SortPreset {
    /// Creates an order from the lowest value. `field` is an index into
    /// [`ModelMeta::fields`](super::ModelMeta::fields).
    pub const fn ascending(field: usize) -> Self {
        Self { field, descending: false }
    }

    /// Creates an order from the highest value. `field` is an index into
    /// [`ModelMeta::fields`](super::ModelMeta::fields).
    pub const fn descending(field: usize) -> Self {
        Self { field, descending: true }
    }
}
