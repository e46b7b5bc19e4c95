//! Checks the presets of `routes:` against the fields, the relations and the limits of the application.

use gable_meta::limits::DEFAULT_INCLUDED_ROWS;

use crate::diagnostic::{Problem, Sink};
use crate::draft::{DraftModel, DraftRoute};
use crate::node::Spanned;
use crate::schema::{
    Condition, FieldPreset, FieldType, ModelRoute, Operation, QueryLimits, Relation, RelationKind, RoutePreset,
    SortPreset, Who,
};

use super::CheckContext;
use super::access::Checker;
use super::auth::CheckedAuth;
use super::columns::{Column, Columns};

/// The results of earlier checks.
pub(crate) struct Parts<'c, 'd, 'n> {
    pub(crate) context: &'c CheckContext<'d, 'n>,
    pub(crate) columns: &'c [Columns],
    pub(crate) relations: &'c [Vec<Relation>],
    pub(crate) auth: &'c CheckedAuth,
}

/// Checks the routes of each model.
pub(crate) fn check(parts: &Parts<'_, '_, '_>, limits: &QueryLimits, sink: &mut Sink) -> Vec<Vec<ModelRoute>> {
    let of_model = |position: usize| {
        let presets = Presets { parts, limits, position };
        let routes = parts.context.drafts[position].routes.iter();
        routes.map(|route| presets.route(route, sink)).collect()
    };
    (0..parts.context.drafts.len()).map(of_model).collect()
}

/// One entry of `fields:`, and the part of its path that is not resolved yet.
#[derive(Clone, Copy)]
struct Item<'i> {
    name: &'i Spanned<String>,
    rest: &'i str,
    left_out: bool,
}

impl<'i> Item<'i> {
    fn read(name: &'i Spanned<String>) -> Self {
        let text = name.value.as_str();
        match text.strip_prefix('-') {
            Some(rest) => Self { name, rest, left_out: true },
            None => Self { name, rest: text.strip_prefix('+').unwrap_or(text), left_out: false },
        }
    }

    /// Splits off the first part of the path; the second value is the item for the rest.
    fn split(self) -> (Spanned<String>, Option<Self>) {
        let (first, rest) = match self.rest.split_once('.') {
            Some((first, rest)) => (first, Some(Self { rest, ..self })),
            None => (self.rest, None),
        };
        (Spanned { value: first.to_owned(), span: self.name.span }, rest)
    }

    fn problem(self, message: String) -> Problem {
        Problem::new("invalid-preset", self.name.span, message)
    }
}

/// A relation named in `fields:`, and the items of its target.
struct SelectedRelation<'i> {
    name: String,
    items: Vec<Item<'i>>,
}

/// The presets of one model.
struct Presets<'p, 'c, 'd, 'n> {
    parts: &'p Parts<'c, 'd, 'n>,
    limits: &'p QueryLimits,
    /// position of the model
    position: usize,
}

impl<'n> Presets<'_, '_, '_, 'n> {
    fn draft(&self) -> &DraftModel<'n> {
        &self.parts.context.drafts[self.position]
    }

    fn route(&self, draft: &DraftRoute<'n>, sink: &mut Sink) -> ModelRoute {
        let fields = draft.fields.as_ref().map(|names| self.fields(draft.operation, names, sink));
        let preset = RoutePreset {
            conditions: self.conditions(draft, sink),
            sort: self.sort(draft, fields.as_ref(), sink),
            limit: draft.limit.as_ref().map(|limit| limit.value),
            max_limit: draft.max_limit.as_ref().map(|limit| limit.value),
            fields,
        };
        self.check_limits(draft, sink);
        self.check_included(draft, &preset, sink);
        ModelRoute { operation: draft.operation, route: draft.route.clone(), preset }
    }

    fn conditions(&self, draft: &DraftRoute<'n>, sink: &mut Sink) -> Vec<Condition> {
        let Parts { context, columns, auth, .. } = *self.parts;
        let checker = Checker { context, draft: self.draft(), columns: &columns[self.position], auth };
        let checked = draft.conditions.iter().filter_map(|(name, node)| {
            if matches!(&node.value, crate::node::Value::Text(text) if text == "$me") {
                checker.check_account(node.span, sink);
            }
            checker.condition(&Who::Authenticated, name, node, sink)
        });
        checked.collect()
    }

    fn sort(&self, draft: &DraftRoute<'_>, shown: Option<&FieldPreset>, sink: &mut Sink) -> Vec<SortPreset> {
        let mut sort: Vec<SortPreset> = Vec::new();
        for name in draft.sort.iter().flatten() {
            let item = Item::read(name);
            let field = Spanned { value: item.rest.to_owned(), span: name.span };
            let Some(column) = self.parts.columns[self.position].resolve(&field, self.draft(), sink) else { continue };
            if let Some(why) = unsortable(column, shown, &sort) {
                let message = format!("a list cannot be sorted by `{}`", field.value);
                sink.push(item.problem(message).label(why));
                continue;
            }
            sort.push(SortPreset { field: field.value, descending: item.left_out });
        }
        sort
    }

    fn check_limits(&self, draft: &DraftRoute<'_>, sink: &mut Sink) {
        let max = self.limits.max_limit;
        let own = draft.max_limit.as_ref().map(|limit| limit.value);
        for (limit, key, most, of) in [
            (&draft.max_limit, "maxLimit", max, "query.maxLimit"),
            (&draft.limit, "limit", own.unwrap_or(max), if own.is_some() { "maxLimit" } else { "query.maxLimit" }),
        ] {
            let Some(limit) = limit.as_ref().filter(|limit| limit.value > most) else { continue };
            let message = format!("`{key}` is greater than `{of}`, which is {most}");
            sink.push(Problem::new("invalid-bounds", limit.span, message).label("a route can only lower the limit"));
        }
    }

    /// Checks that the rows included by the preset fit the limits, so that a request without parameters is not
    /// refused.
    fn check_included(&self, draft: &DraftRoute<'_>, preset: &RoutePreset, sink: &mut Sink) {
        let (Some(fields), Some(first)) = (&preset.fields, draft.fields.iter().flatten().next()) else { return };
        let most = preset.max_limit.unwrap_or(self.limits.max_limit);
        let rows = match draft.operation {
            Operation::FindMany => preset.limit.unwrap_or(self.limits.default_limit).min(most),
            _ => 1,
        };
        let included = self.included(self.position, fields, rows.into());
        if included > u64::from(self.limits.max_included) {
            let message = format!("{rows} rows would include up to {included} related rows");
            let label = format!("`query.maxIncluded` is {}", self.limits.max_included);
            sink.push(Problem::new("invalid-preset", first.span, message).label(label).help("lower `limit`"));
        }
    }

    fn included(&self, position: usize, shown: &FieldPreset, rows: u64) -> u64 {
        let of = |(name, rest): &(String, FieldPreset)| {
            let Some((relation, target)) = self.relation(position, name) else { return 0 };
            let each =
                if is_to_many(relation) { u64::from(DEFAULT_INCLUDED_ROWS.min(self.limits.max_limit)) } else { 1 };
            let there = rows.saturating_mul(each);
            there.saturating_add(self.included(target, rest, there))
        };
        shown.relations.iter().flatten().map(of).fold(0, u64::saturating_add)
    }

    /// Resolves the fields and relations that `fields:` selects.
    fn fields(&self, operation: Operation, names: &[Spanned<String>], sink: &mut Sink) -> FieldPreset {
        let items: Vec<Item<'_>> = names.iter().map(Item::read).collect();
        let bulk = matches!(operation, Operation::CreateMany | Operation::UpdateMany | Operation::DeleteMany);
        let FieldPreset { fields, relations } = self.shown(self.position, &items, self.limits.max_depth, sink);
        let named = relations.as_ref().is_some_and(|relations| !relations.is_empty());
        if let Some(first) = names.first().filter(|_| bulk && named) {
            let problem =
                Problem::new("invalid-preset", first.span, "answers of bulk operations contain no related rows");
            sink.push(problem.label("no relation can be included"));
        }
        // A list that only removes fields does not restrict relations.
        let only_less = !named && items.iter().all(|item| item.left_out);
        FieldPreset { fields, relations: relations.filter(|_| !only_less) }
    }

    fn shown(&self, position: usize, items: &[Item<'_>], depth: u32, sink: &mut Sink) -> FieldPreset {
        let (draft, columns) = (&self.parts.context.drafts[position], &self.parts.columns[position]);
        let (mut named, mut left_out): (Vec<String>, Vec<String>) = Default::default();
        let mut selected: Vec<SelectedRelation<'_>> = Vec::new();
        for item in items {
            let (first, rest) = item.split();
            match (columns.get(&first.value), rest) {
                (Some(column), None) if column.field.private && !item.left_out => {
                    let problem = item.problem(format!("`{}` cannot be shown", first.value));
                    sink.push(problem.label("it is private"));
                }
                (Some(_), None) if item.left_out => left_out.push(first.value),
                (Some(_), None) => named.push(first.value),
                (None, _) if self.relation(position, &first.value).is_some() => {
                    follow(&mut selected, first.value, *item, rest, sink);
                }
                (Some(_), Some(_)) => {
                    let problem = item.problem(format!("`{}` is a field, not a relation", first.value));
                    sink.push(problem.label("a field has no fields of its own"));
                }
                (None, _) => drop(columns.resolve(&first, draft, sink)),
            }
        }
        let shows = |column: &&Column| match named.is_empty() {
            true => !column.field.private,
            false => named.contains(&column.field.name),
        };
        let fields = columns.iter().filter(shows).map(|column| column.field.name.clone());
        let fields = fields.filter(|name| !left_out.contains(name)).collect();
        let relations =
            selected.into_iter().filter_map(|selected| self.relation_preset(position, selected, depth, sink));
        FieldPreset { fields, relations: Some(relations.collect()) }
    }

    fn relation_preset(
        &self,
        position: usize,
        SelectedRelation { name, items }: SelectedRelation<'_>,
        depth: u32,
        sink: &mut Sink,
    ) -> Option<(String, FieldPreset)> {
        let (relation, target) = self.relation(position, &name)?;
        let first = *items.first()?;
        if depth == 0 {
            let label = format!("`query.maxDepth` is {}", self.limits.max_depth);
            sink.push(first.problem(format!("`{}` follows too many relations", first.name.value)).label(label));
            return None;
        }
        if self.has_private_key(position, relation, target) {
            sink.push(first.problem(format!("`{name}` cannot be shown")).label("its key is private"));
            return None;
        }
        let further: Vec<Item<'_>> = items.into_iter().filter(|item| !item.rest.is_empty()).collect();
        Some((name, self.shown(target, &further, depth - 1, sink)))
    }

    fn relation(&self, position: usize, name: &str) -> Option<(&Relation, usize)> {
        let relation = self.parts.relations[position].iter().find(|relation| relation.name == name)?;
        let target = self.parts.context.drafts.iter().position(|draft| draft.name.value == relation.target)?;
        Some((relation, target))
    }

    fn has_private_key(&self, position: usize, relation: &Relation, target: usize) -> bool {
        let private = |of: usize, key: &str| self.parts.columns[of].get(key).is_some_and(|column| column.field.private);
        match &relation.kind {
            RelationKind::BelongsTo { field, .. } => private(position, field),
            RelationKind::HasOne { via } | RelationKind::HasMany { via } => private(target, &format!("{via}Id")),
            RelationKind::ManyToMany { .. } => false,
        }
    }
}

/// Adds an item to its relation. A relation without a path becomes an item with an empty path.
fn follow<'i>(
    selected: &mut Vec<SelectedRelation<'i>>,
    name: String,
    item: Item<'i>,
    rest: Option<Item<'i>>,
    sink: &mut Sink,
) {
    if rest.is_none() && item.left_out {
        let problem = item.problem(format!("the relation `{name}` cannot be excluded"));
        sink.push(problem.label("a relation is not included unless it is named"));
        return;
    }
    let item = rest.unwrap_or(Item { rest: "", ..item });
    match selected.iter_mut().find(|known| known.name == name) {
        Some(known) => known.items.push(item),
        None => selected.push(SelectedRelation { name, items: vec![item] }),
    }
}

fn is_to_many(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
}

fn unsortable(column: &Column, shown: Option<&FieldPreset>, sort: &[SortPreset]) -> Option<&'static str> {
    let field = &column.field;
    let compared = !matches!(field.ty, FieldType::Json { .. } | FieldType::EnumList { .. } | FieldType::Password);
    if field.private {
        Some("it is private")
    } else if column.valid && !compared {
        Some("its type has no order")
    } else if sort.iter().any(|other| other.field == field.name) {
        Some("already listed")
    } else if shown.is_some_and(|shown| !shown.fields.contains(&field.name)) {
        Some("`fields` leaves it out, but cursors would reveal its values")
    } else {
        None
    }
}
