//! Positions of fields and relations in `ModelMeta`, which generated code names instead of counting.

use gable_schema::schema::{Field, FieldPreset, Model, Relation, RelationKind, RoutePreset, Rule, Schema};
use serde::Serialize;

use super::entity;

/// Returns the position of a field of the model whose module prints it: `Column::Title as usize`. SeaORM's derive
/// declares the variants of `Column` in the order of the fields.
pub(super) fn own_column(field: &Field) -> String {
    format!("{} as usize", variant(field))
}

/// Returns the variant of `Column` of a field of the model whose module prints it.
pub(super) fn variant(field: &Field) -> String {
    format!("Column::{}", entity::unambiguous(&field.variant))
}

/// Returns the position of the field `name` of `model`, for the metadata of `printed`.
pub(super) fn column(printed: &Model, model: &Model, name: &str) -> String {
    let position = model.field(name).map(own_column).unwrap_or_default();
    if printed.name == model.name { position } else { format!("crate::{}::{position}", model.module) }
}

/// Returns true if the metadata of the model names a column of the model itself.
pub(super) fn names_columns(schema: &Schema, model: &Model) -> bool {
    let conditional = |rule: &Rule| !rule.conditions.is_empty();
    let preset = |preset: &RoutePreset| {
        let selects = |fields: &FieldPreset| selects(schema, model, model, fields);
        !preset.conditions.is_empty() || !preset.sort.is_empty() || preset.fields.as_ref().is_some_and(selects)
    };
    model.access.iter().any(|access| access.rules.iter().any(conditional))
        || model.routes.iter().any(|route| preset(&route.preset))
}

/// Returns true if a selection of fields of `at` or of models related to it names a column of `model`.
fn selects(schema: &Schema, model: &Model, at: &Model, preset: &FieldPreset) -> bool {
    let behind = |(name, preset): &(String, FieldPreset)| {
        let relation = at.relations.iter().find(|relation| relation.name == *name);
        let target = relation.and_then(|relation| schema.model(&relation.target));
        target.is_some_and(|target| selects(schema, model, target, preset))
    };
    at.name == model.name && !preset.fields.is_empty() || preset.relations.iter().flatten().any(behind)
}

/// A constant for the position of a relation.
#[derive(Serialize)]
pub(super) struct RelationPosition {
    constant: String,
    position: usize,
}

/// Returns the relations that inputs name.
pub(super) fn relations(model: &Model) -> Vec<RelationPosition> {
    let named = model.relations.iter().enumerate().filter(|(_, relation)| is_nested(relation));
    named.map(|(position, relation)| RelationPosition { constant: constant(relation), position }).collect()
}

/// Returns the position of a relation of the model whose module prints it: `meta::relation::TAGS`.
pub(super) fn relation(relation: &Relation) -> String {
    format!("meta::relation::{}", constant(relation))
}

fn constant(relation: &Relation) -> String {
    relation.rust_name.trim_start_matches("r#").to_uppercase()
}

/// Returns true if inputs have a field for the relation. Rows of a many-to-many relation `through` a model are
/// written through that model.
pub(super) fn is_nested(relation: &Relation) -> bool {
    match &relation.kind {
        RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { through: Some(_), .. } => false,
        RelationKind::HasOne { .. } | RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. } => true,
    }
}
