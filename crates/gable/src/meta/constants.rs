//! Constructors for generated tables: common values are defaults, so that an entry takes one line.

use crate::meta::{
    ActionMeta, Condition, ConditionValue, FieldKind, FieldMeta, Operation, Origin, Permission, RateLimit,
    RelationKind, RelationMeta, RouteMeta, RoutePreset, RuleMeta, UniqueMeta, Who,
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

impl RelationMeta {
    pub const fn new(name: &'static str, target: &'static str, kind: RelationKind) -> Self {
        Self { name, target, kind }
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
}

impl Condition {
    pub const fn new(field: usize, value: ConditionValue) -> Self {
        Self { field, value }
    }
}

impl RouteMeta {
    pub const fn new(operation: Operation, disabled: bool, rate_limit: Option<RateLimit>) -> Self {
        Self { operation, disabled, rate_limit, preset: None }
    }

    pub const fn preset(self, preset: &'static RoutePreset) -> Self {
        Self { preset: Some(preset), ..self }
    }
}
