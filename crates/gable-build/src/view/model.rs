//! The two files of a model: its types and its metadata.

use gable_schema::schema::{Model, ModelKind, Schema};
use serde::Serialize;

use super::entity::{ColumnView, RelatedView, RelationView};
use super::enums::EnumView;
use super::input::InputView;
use super::meta::MetaView;
use super::validation::{CheckView, PatternView};
use super::{entity, enums, input, literal, meta, types, validation};

#[derive(Serialize)]
pub(crate) struct ModelView {
    name: String,
    module: String,
    docs: Vec<String>,
    table: String,
    path: String,
    resource: String,
    kind: &'static str,
    id: String,
    id_type: &'static str,
    soft_delete: String,
    columns: Vec<ColumnView>,
    column_list: Vec<String>,
    relations: Vec<RelationView>,
    related: Vec<RelatedView>,
    enums: Vec<EnumView>,
    patterns: Vec<PatternView>,
    checks: Vec<CheckView>,
    /// The create input, then the update input.
    inputs: [InputView; 2],
    meta: MetaView,
}

impl ModelView {
    pub(crate) fn of(schema: &Schema, model: &Model) -> Self {
        Self {
            name: model.name.clone(),
            module: model.module.clone(),
            docs: literal::docs(model.description.as_deref()),
            table: model.table.clone(),
            path: model.path.clone(),
            resource: model.resource.clone(),
            kind: kind(model.kind),
            id: format!("{:?}", model.id),
            id_type: types::id_type(model.id),
            soft_delete: model.soft_delete.to_string(),
            columns: model.fields.iter().map(|field| entity::column(schema, model, field)).collect(),
            column_list: entity::column_list(model),
            relations: entity::relations(schema, model),
            related: entity::related(schema, model),
            enums: enums::enums(model),
            patterns: model.fields.iter().filter_map(validation::pattern).collect(),
            checks: model.fields.iter().filter_map(validation::check).collect(),
            inputs: [input::create(schema, model), input::update(schema, model)],
            meta: meta::meta(schema, model),
        }
    }
}

fn kind(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Ordinary => "Ordinary",
        ModelKind::Account => "Account",
        ModelKind::Role => "Role",
        ModelKind::Permission => "Permission",
        ModelKind::AccountRole => "AccountRole",
        ModelKind::AccountPermission => "AccountPermission",
    }
}
