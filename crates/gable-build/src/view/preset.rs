//! Prints the preset of a route as an expression.

use gable_schema::schema::{FieldPreset, Model, RoutePreset, Schema, SortPreset};

use super::literal;
use super::meta::condition_meta;

/// Returns a `RoutePreset` expression.
pub(super) fn route(schema: &Schema, model: &Model, preset: &RoutePreset) -> String {
    let shown =
        preset.fields.as_ref().map_or("None".to_owned(), |shown| format!("Some(&{})", fields(schema, model, shown)));
    let conditions: Vec<String> = preset.conditions.iter().map(|condition| condition_meta(model, condition)).collect();
    let sort: Vec<String> = preset.sort.iter().map(|term| sorted(model, term)).collect();
    format!(
        "RoutePreset {{ fields: {shown}, conditions: &[{}], sort: &[{}], limit: {:?}, max_limit: {:?} }}",
        conditions.join(", "),
        sort.join(", "),
        preset.limit,
        preset.max_limit
    )
}

fn fields(schema: &Schema, model: &Model, preset: &FieldPreset) -> String {
    let positions: Vec<String> = preset.fields.iter().map(|name| position(model, name).to_string()).collect();
    let relations = match &preset.relations {
        None => "None".to_owned(),
        Some(relations) => {
            let each: Vec<String> = relations.iter().filter_map(|relation| behind(schema, model, relation)).collect();
            format!("Some(&[{}])", each.join(", "))
        }
    };
    format!("FieldPreset {{ fields: &[{}], relations: {relations} }}", positions.join(", "))
}

fn behind(schema: &Schema, model: &Model, (name, preset): &(String, FieldPreset)) -> Option<String> {
    let relation = model.relations.iter().find(|relation| relation.name == *name)?;
    let target = schema.model(&relation.target)?;
    Some(format!("({}, &{})", literal::text(name), fields(schema, target, preset)))
}

fn sorted(model: &Model, term: &SortPreset) -> String {
    format!("SortPreset {{ field: {}, descending: {} }}", position(model, &term.field), term.descending)
}

fn position(model: &Model, name: &str) -> usize {
    model.fields.iter().position(|field| field.name == name).unwrap_or_default()
}
