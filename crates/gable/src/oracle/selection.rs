//! Random selections of fields and included rows, and the answer expected for each row.

use serde_json::{Map, Value as Json};

use super::choices::Choices;
use super::order::{Order, sorted};
use super::schema::Kind;
use super::seen::Seen;
use super::spelling::Spelling;
use super::world::{Row, World};

#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// Fields that are the only ones kept, or the ones that are left out.
    fields: Vec<usize>,
    left_out: bool,
    includes: Vec<Include>,
}

#[derive(Clone, Debug)]
struct Include {
    relation: usize,
    selection: Selection,
    limit: Option<usize>,
    order: Option<Order>,
    spelling: Spelling,
}

/// Included rows for each row by default.
const USUAL: usize = 10;

impl Selection {
    pub(super) fn everything() -> Self {
        Self { fields: Vec::new(), left_out: false, includes: Vec::new() }
    }

    pub(super) fn random(seen: &Seen<'_>, model: usize, steps: u32, choices: &mut Choices<'_>) -> Self {
        let relations = if steps == 0 { Vec::new() } else { seen.relations(model) };
        let included = choices.subset(&relations, 2);
        let includes = included.into_iter().map(|relation| Include::random(seen, model, relation, steps - 1, choices));
        let includes = includes.collect();
        let left_out = choices.percent(50);
        Self { includes, left_out, fields: choices.subset(&seen.readable(model), 2) }
    }

    /// The items of the parameter `fields`.
    pub(super) fn items(&self, world: &World, model: usize) -> Vec<String> {
        let known = &world.schema.models[model];
        let sign = if self.left_out { "-" } else { "" };
        let mut items: Vec<String> =
            self.fields.iter().map(|field| format!("{sign}{}", known.fields[*field].name)).collect();
        for include in &self.includes {
            let relation = &known.relations[include.relation];
            items.push(format!("+{}", relation.name));
            let inner = include.selection.items(world, relation.target);
            items.extend(inner.iter().map(|item| {
                let (sign, item) = item.split_at(usize::from(item.starts_with(['-', '+'])));
                format!("{sign}{}.{item}", relation.name)
            }));
        }
        items
    }

    /// Options such as `comments[limit]=5`. `before` holds the relations that lead here.
    pub(super) fn shapes(&self, world: &World, model: usize, before: &[String]) -> Vec<(String, String)> {
        let known = &world.schema.models[model];
        let mut shapes = Vec::new();
        for Include { relation, selection, limit, order, spelling } in &self.includes {
            let relation = &known.relations[*relation];
            let path = [before, std::slice::from_ref(&relation.name)].concat();
            let named = |option: &str| spelling.name(&[&path[..], &[option.to_owned()]].concat());
            shapes.extend(limit.map(|limit| (named("limit"), limit.to_string())));
            let target = &world.schema.models[relation.target];
            shapes.extend(order.as_ref().map(|order| (named("sort"), order.text(target))));
            shapes.extend(selection.shapes(world, relation.target, &path));
        }
        shapes
    }

    /// The row as an answer should show it.
    pub(super) fn shown(&self, seen: &Seen<'_>, model: usize, row: &Row) -> Json {
        let known = seen.model(model);
        let is_kept = |field: &usize| self.fields.is_empty() || self.fields.contains(field) != self.left_out;
        let fields = seen.readable(model).into_iter().filter(is_kept);
        let mut object: Map<String, Json> =
            fields.map(|field| (known.fields[field].name.clone(), row[field].json())).collect();
        for include in &self.includes {
            let name = known.relations[include.relation].name.clone();
            object.insert(name, include.shown(seen, model, row));
        }
        Json::Object(object)
    }
}

impl Include {
    fn random(seen: &Seen<'_>, model: usize, relation: usize, steps: u32, choices: &mut Choices<'_>) -> Self {
        let known = &seen.model(model).relations[relation];
        let target = known.target;
        let is_to_many = matches!(known.kind, Kind::HasMany(_) | Kind::ManyToMany(..));
        // If the other model has a field of that name, the parameter is a filter on it.
        let may_shape = |option| is_to_many && !seen.shows(target, option);
        let max = usize::try_from(seen.world.schema.limits.max_limit).expect("small");
        let limit = (may_shape("limit") && choices.percent(60)).then(|| 1 + choices.below(max.min(4)));
        let order = (may_shape("sort") && choices.percent(60)).then(|| Order::random(seen, target, 1, choices));
        let spelling = choices.among(&Spelling::ALL);
        Self { relation, limit, order, spelling, selection: Selection::random(seen, target, steps, choices) }
    }

    fn shown(&self, seen: &Seen<'_>, model: usize, row: &Row) -> Json {
        let relation = &seen.model(model).relations[self.relation];
        let rows = seen.related(model, row, self.relation);
        let shown = |row: &&Row| self.selection.shown(seen, relation.target, row);
        if matches!(relation.kind, Kind::BelongsTo(_) | Kind::HasOne(_)) {
            return rows.first().map_or(Json::Null, shown);
        }
        let usual = USUAL.min(usize::try_from(seen.world.schema.limits.max_limit).expect("small"));
        let rows = sorted(rows, self.order.as_ref());
        rows.iter().take(self.limit.unwrap_or(usual)).map(shown).collect()
    }
}
