//! The SeaORM entity: columns and relations.

use gable_schema::schema::{Field, FieldType, IdKind, Model, OnDelete, Origin, Relation, RelationKind, Schema};
use heck::{ToSnakeCase, ToUpperCamelCase};
use serde::Serialize;

use super::{literal, types};

#[derive(Serialize)]
pub(super) struct ColumnView {
    rust_name: String,
    ty: String,
    docs: Vec<String>,
    /// The arguments of `#[sea_orm(..)]`; at most one.
    attributes: Vec<String>,
}

pub(super) fn column(schema: &Schema, model: &Model, field: &Field) -> ColumnView {
    ColumnView {
        rust_name: field.rust_name.clone(),
        ty: types::optional(&types::column_type(schema, model, field), field.optional),
        docs: literal::docs(field.description.as_deref()),
        attributes: attributes(model, field),
    }
}

/// Returns the arguments of `columns!`: the names of the columns, and the scale of each decimal.
pub(super) fn column_list(model: &Model) -> Vec<String> {
    let argument = |field: &Field| match &field.ty {
        FieldType::Decimal { scale, .. } => format!("{}({scale})", field.rust_name),
        _ => field.rust_name.clone(),
    };
    model.fields.iter().map(argument).collect()
}

fn attributes(model: &Model, field: &Field) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    if field.origin == Origin::Id {
        parts.push("primary_key".to_owned());
        if model.id == IdKind::Uuid {
            parts.push("auto_increment = false".to_owned());
        }
    }
    match &field.ty {
        FieldType::Decimal { precision, scale, .. } => {
            parts.push(format!("column_type = \"Decimal(Some(({precision}, {scale})))\""));
        }
        FieldType::Text { .. } => parts.push("column_type = \"Text\"".to_owned()),
        _ => {}
    }
    parts.extend(spelling(field));
    if parts.is_empty() { Vec::new() } else { vec![parts.join(", ")] }
}

/// Returns the attributes for names that differ from those the derive would compute.
fn spelling(field: &Field) -> Vec<String> {
    let plain = field.rust_name.trim_start_matches("r#");
    let variant = unambiguous(&field.variant);
    let mut parts = Vec::new();
    if plain.to_upper_camel_case() != variant {
        parts.push(format!("enum_name = {}", literal::text(&variant)));
    }
    if plain != field.column || variant.to_snake_case() != field.column {
        parts.push(format!("column_name = {}", literal::text(&field.column)));
    }
    parts
}

/// Appends `_` to variants that the code of SeaORM's derives would confuse with associated types, such as
/// `Self::Err`.
pub(super) fn unambiguous(variant: &str) -> String {
    let mark = if ["EntityName", "Err", "Iterator"].contains(&variant) { "_" } else { "" };
    format!("{variant}{mark}")
}

#[derive(Serialize)]
pub(super) struct RelationView {
    variant: String,
    attribute: String,
}

/// Many-to-many relations are left out: their join tables have no entity.
pub(super) fn relations(schema: &Schema, model: &Model) -> Vec<RelationView> {
    let views = model.relations.iter().filter_map(|relation| {
        let attribute = relation_attribute(schema, model, relation)?;
        Some(RelationView { variant: unambiguous(&relation.variant), attribute })
    });
    views.collect()
}

fn relation_attribute(schema: &Schema, model: &Model, relation: &Relation) -> Option<String> {
    let target = schema.model(&relation.target)?;
    let path = path_to(model, target);
    match &relation.kind {
        RelationKind::BelongsTo { field, on_delete } => {
            let key = unambiguous(&model.field(field)?.variant);
            let action = foreign_key_action(*on_delete);
            Some(format!(
                "belongs_to = \"{path}Entity\", from = \"Column::{key}\", to = \"{path}Column::Id\", on_delete = \"{action}\""
            ))
        }
        // `has_one` relies on `Related`, which exists only for a sole relation; the join can be built from the other
        // side.
        RelationKind::HasOne { .. } if is_sole(target, model) => Some(format!("has_one = \"{path}Entity\"")),
        RelationKind::HasOne { via } | RelationKind::HasMany { via } => {
            let back = target.relations.iter().find(|relation| relation.name == *via)?;
            Some(format!("has_many = \"{path}Entity\", via_rel = \"Relation::{}\"", unambiguous(&back.variant)))
        }
        RelationKind::ManyToMany { .. } => None,
    }
}

pub(super) fn path_to(model: &Model, target: &Model) -> String {
    if model.name == target.name { String::new() } else { format!("super::{}::", target.module) }
}

fn foreign_key_action(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Cascade => "Cascade",
        OnDelete::Restrict => "Restrict",
        OnDelete::SetNull => "SetNull",
    }
}

#[derive(Serialize)]
pub(super) struct RelatedView {
    entity: String,
    variant: String,
}

/// `impl Related` defines the one relation between two entities, so it is printed only if there is exactly one.
pub(super) fn related(schema: &Schema, model: &Model) -> Vec<RelatedView> {
    let views = model.relations.iter().filter_map(|relation| {
        let target = schema.model(&relation.target)?;
        let printed = !matches!(relation.kind, RelationKind::ManyToMany { .. });
        (printed && is_sole(model, target)).then(|| RelatedView {
            entity: format!("super::{}::Entity", target.module),
            variant: unambiguous(&relation.variant),
        })
    });
    views.collect()
}

/// Returns true if `from` has exactly one relation to `to`, which is another model.
fn is_sole(from: &Model, to: &Model) -> bool {
    from.name != to.name && from.relations.iter().filter(|relation| relation.target == to.name).count() == 1
}
