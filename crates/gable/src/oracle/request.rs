//! Random list requests, and the rows that they should find.

use std::collections::BTreeSet;

use super::choices::Choices;
use super::condition::{Condition, is_searched};
use super::order::{Order, sorted};
use super::page::Page;
use super::seen::Seen;
use super::selection::Selection;
use super::spelling::Spelling;
use super::world::{Row, World};

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) model: usize,
    filters: Vec<Filter>,
    /// `filterMode` if it is given: whether it is `OR`.
    any: Option<bool>,
    search: Option<String>,
    order: Option<Order>,
    limit: Option<usize>,
    /// Whether pages are requested by cursor and not by number.
    pub(super) by_cursor: bool,
    counted: Option<bool>,
    selection: Selection,
}

#[derive(Clone, Debug)]
enum Filter {
    Json(Condition),
    Parameter(Condition, Spelling),
}

impl Filter {
    fn random(seen: &Seen<'_>, model: usize, choices: &mut Choices<'_>) -> Self {
        let steps = seen.world.schema.limits.max_depth;
        if choices.percent(50) {
            return Filter::Json(Condition::random(seen, model, 3, steps, choices));
        }
        match Condition::path(seen, model, steps, choices) {
            condition if condition.has_commas() => Filter::Json(condition),
            condition => Filter::Parameter(condition, choices.among(&Spelling::ALL)),
        }
    }

    /// The parts of a parameter's name that a request may give only once; `None` for JSON.
    fn place(&self) -> Option<Vec<String>> {
        let Filter::Parameter(condition, _) = self else { return None };
        let means = |part: &String| part != "some" && part != "eq";
        Some(condition.parameter().0.into_iter().filter(means).collect())
    }

    fn condition(&self) -> &Condition {
        match self {
            Filter::Json(condition) | Filter::Parameter(condition, _) => condition,
        }
    }

    fn parameter(&self) -> (String, String) {
        match self {
            Filter::Json(condition) => ("filters".to_owned(), condition.json().to_string()),
            Filter::Parameter(condition, spelling) => {
                let (parts, value) = condition.parameter();
                (spelling.name(&parts), value)
            }
        }
    }
}

impl Request {
    pub(super) fn random(seen: &Seen<'_>, choices: &mut Choices<'_>) -> Self {
        let (viewable, _) = seen.models();
        let model = choices.among(&viewable);
        let mut filters = choices.several(2, |choices| Filter::random(seen, model, choices));
        let mut places = BTreeSet::new();
        filters.retain(|filter: &Filter| filter.place().is_none_or(|place| places.insert(place)));
        Self {
            model,
            filters,
            any: choices.percent(40).then(|| choices.percent(60)),
            search: text(seen, model, choices),
            order: choices.percent(50).then(|| Order::random(seen, model, 1, choices)),
            limit: choices.percent(70).then(|| 1 + choices.below(4)),
            by_cursor: choices.percent(50),
            counted: choices.percent(30).then(|| choices.percent(50)),
            selection: match choices.percent(50) {
                true => Selection::random(seen, model, seen.world.schema.limits.max_depth, choices),
                false => Selection::everything(),
            },
        }
    }

    /// The parameters without those that select a page.
    pub(super) fn parameters(&self, world: &World) -> Vec<(String, String)> {
        let parameter = |name: &str, value: String| (name.to_owned(), value);
        let known = &world.schema.models[self.model];
        let mut parameters: Vec<(String, String)> = self.filters.iter().map(Filter::parameter).collect();
        parameters.extend(self.any.map(|any| parameter("filterMode", if any { "OR" } else { "AND" }.to_owned())));
        parameters.extend(self.search.clone().map(|text| parameter("search", text)));
        parameters.extend(self.order.as_ref().map(|order| parameter("sort", order.text(known))));
        parameters.extend(self.limit.map(|limit| parameter("limit", limit.to_string())));
        parameters.extend(self.counted.map(|counted| parameter("count", counted.to_string())));
        let items = self.selection.items(world, self.model);
        parameters.extend(Some(parameter("fields", items.join(","))).filter(|_| !items.is_empty()));
        parameters.extend(self.selection.shapes(world, self.model, &[]));
        parameters
    }

    /// The number of rows on a page.
    pub(super) fn limit(&self, world: &World) -> usize {
        self.limit.unwrap_or_else(|| usize::try_from(world.schema.limits.default_limit).expect("small"))
    }

    /// The rows that the request should find, in order.
    pub(super) fn expected<'w>(&self, seen: &Seen<'w>) -> Vec<&'w Row> {
        let rows = seen.visible(self.model).filter(|row| self.keeps(seen, row)).collect();
        sorted(rows, self.order.as_ref())
    }

    /// The expected answer with one page of these rows.
    pub(super) fn page(&self, seen: &Seen<'_>, rows: &[&Row], page: usize) -> Page {
        let limit = self.limit(seen.world);
        let shown = rows.iter().skip(limit * (page - 1)).take(limit);
        let has_next = rows.len() > limit * page;
        Page {
            data: shown.map(|row| self.selection.shown(seen, self.model, row)).collect(),
            total: (self.counted != Some(false)).then_some(rows.len() as u64),
            has_next,
            cursor: has_next.then(String::new),
        }
    }

    fn keeps(&self, seen: &Seen<'_>, row: &Row) -> bool {
        let mut holds = self.filters.iter().map(|filter| filter.condition().holds(seen, self.model, row));
        let filtered = match self.any {
            Some(true) if !self.filters.is_empty() => holds.any(|holds| holds),
            _ => holds.all(|holds| holds),
        };
        let found = |text: &String| is_searched(seen, self.model, row, text);
        filtered && self.search.as_ref().is_none_or(found)
    }
}

/// A short text, so that it is found; `None` if no field is searched.
fn text(seen: &Seen<'_>, model: usize, choices: &mut Choices<'_>) -> Option<String> {
    if seen.searched(model).is_empty() || !choices.percent(15) {
        return None;
    }
    Some(choices.among(&["a", "B", "", "%", "_", "É", "example", "\\"]).to_owned())
}
