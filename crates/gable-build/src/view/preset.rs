//! Prints the preset of a route as an expression.

use gable_schema::schema::{FieldPreset, Model, RoutePreset, Schema, SortPreset};

use super::meta::condition_meta;
use super::{literal, position};

/// Returns a `RoutePreset` expression.
pub(super) fn route(schema: &Schema, model: &Model, preset: &RoutePreset) -> String {
    let conditions: Vec<String> = preset.conditions.iter().map(|condition| condition_meta(model, condition)).collect();
    let sort: Vec<String> = preset.sort.iter().map(|term| sorted(model, term)).collect();
    let selection = preset.fields.as_ref().map(|selection| fields(schema, model, model, selection));
    let parts = [
        selection.map(|selection| format!(".fields(&{selection})")),
        (!conditions.is_empty()).then(|| format!(".conditions(&[{}])", conditions.join(", "))),
        (!sort.is_empty()).then(|| format!(".sort(&[{}])", sort.join(", "))),
        preset.limit.map(|limit| format!(".limit({limit})")),
        preset.max_limit.map(|limit| format!(".max_limit({limit})")),
    ];
    format!("RoutePreset::new(){}", parts.into_iter().flatten().collect::<String>())
}

/// Returns a `FieldPreset` expression for fields of `model`, for the metadata of `printed`.
fn fields(schema: &Schema, printed: &Model, model: &Model, preset: &FieldPreset) -> String {
    let positions: Vec<String> = preset.fields.iter().map(|name| position::column(printed, model, name)).collect();
    let relations = preset.relations.as_ref().map(|relations| {
        let each = relations.iter().filter_map(|relation| related(schema, printed, model, relation));
        format!(".relations(&[{}])", each.collect::<Vec<_>>().join(", "))
    });
    format!("FieldPreset::new(&[{}]){}", positions.join(", "), relations.unwrap_or_default())
}

fn related(schema: &Schema, printed: &Model, model: &Model, (name, preset): &(String, FieldPreset)) -> Option<String> {
    let relation = model.relations.iter().find(|relation| relation.name == *name)?;
    let target = schema.model(&relation.target)?;
    Some(format!("({}, &{})", literal::text(name), fields(schema, printed, target, preset)))
}

fn sorted(model: &Model, term: &SortPreset) -> String {
    let direction = if term.descending { "descending" } else { "ascending" };
    format!("SortPreset::{direction}({})", position::column(model, model, &term.field))
}
