//! The fields that an answer contains of each row, and the related rows that it includes.

use super::direction::Direction;
use super::viewer::{View, Viewer};
use crate::error::Problem;
use crate::meta::limits::{DEFAULT_INCLUDED_ROWS, MAX_INCLUDED_RELATIONS};
use crate::meta::{FieldSet, QueryLimits, RelationKind, RelationMeta};

/// The selection of one model.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) fields: FieldSet,
    pub(crate) includes: Vec<Include>,
}

/// Rows at the other end of a relation, as far as the caller may see them.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    pub(crate) relation: &'static RelationMeta,
    pub(crate) view: View,
    pub(crate) selection: Selection,
    /// The most rows for each row that includes them.
    pub(crate) limit: u32,
    /// Never empty: the id comes last.
    pub(crate) sort: Vec<(usize, Direction)>,
}

/// Maximum number of names in the `fields` of one request.
const MAX_NAMES: usize = 256;

pub(super) fn usual_limit(limits: QueryLimits) -> u32 {
    DEFAULT_INCLUDED_ROWS.min(limits.max_limit)
}

impl Selection {
    /// The include that a path of relations leads to.
    pub(super) fn include_mut(&mut self, path: &[&str]) -> Option<&mut Include> {
        let (first, rest) = path.split_first()?;
        let include = self.includes.iter_mut().find(|include| include.relation.name == *first)?;
        if rest.is_empty() { Some(include) } else { include.selection.include_mut(rest) }
    }

    /// The most rows that an answer may include for `rows` rows of this model.
    pub(super) fn included_rows(&self, rows: u64) -> u64 {
        let count = |include: &Include| {
            let each = if include.is_to_many() { u64::from(include.limit) } else { 1 };
            let included = rows.saturating_mul(each);
            included.saturating_add(include.selection.included_rows(included))
        };
        self.includes.iter().map(count).fold(0, u64::saturating_add)
    }
}

impl Include {
    pub(crate) fn is_to_many(&self) -> bool {
        matches!(self.relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
    }
}

/// One name of a `fields` parameter.
struct Item<'a> {
    path: Vec<&'a str>,
    left_out: bool,
}

impl<'a> Item<'a> {
    /// `title`, `-content`, `+author`, `comments.author.name`. In a URL, a plus that is not encoded is a space.
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        let (left_out, path) = match text.strip_prefix('-') {
            Some(path) => (true, path),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        Self { path: path.split('.').collect(), left_out }
    }
}

/// The rest of an item's path, as seen from some model.
#[derive(Clone, Copy)]
struct Branch<'a> {
    item: &'a Item<'a>,
    rest: &'a [&'a str],
}

/// Reads the `fields` parameters of a request, which are merged.
///
/// Returns the selection and its problems; if there are any, the selection must not be used.
pub(super) fn read(viewer: Viewer<'_>, limits: QueryLimits, view: &View, texts: &[&str]) -> (Selection, Vec<Problem>) {
    let items: Vec<Item<'_>> =
        texts.iter().flat_map(|text| text.split(',')).take(MAX_NAMES + 1).map(Item::read).collect();
    let mut reader = SelectionReader { viewer, limits, relations: 0, problems: Vec::new() };
    if items.len() > MAX_NAMES {
        reader.problem("TooManyFields", format!("'fields' may hold at most {MAX_NAMES} names"));
        return (Selection { fields: view.fields(), includes: Vec::new() }, reader.problems);
    }
    let branches = items.iter().map(|item| Branch { item, rest: &item.path }).collect();
    let selection = reader.select(view, branches);
    if reader.relations > MAX_INCLUDED_RELATIONS as usize {
        reader.problem("TooManyRelations", format!("'fields' may include at most {MAX_INCLUDED_RELATIONS} relations"));
    }
    (selection, reader.problems)
}

struct SelectionReader<'a> {
    viewer: Viewer<'a>,
    limits: QueryLimits,
    /// The number of relations included so far.
    relations: usize,
    problems: Vec<Problem>,
}

impl SelectionReader<'_> {
    fn select<'a>(&mut self, view: &View, branches: Vec<Branch<'a>>) -> Selection {
        let mut own = Vec::new();
        let mut further: Vec<(&str, Vec<Branch<'a>>)> = Vec::new();
        for Branch { item, rest } in branches {
            let Some((first, rest)) = rest.split_first() else { continue };
            match (view.readable(first), rest) {
                (Some(field), []) => own.push((field, item.left_out)),
                _ => match further.iter_mut().find(|(name, _)| name == first) {
                    Some((_, branches)) => branches.push(Branch { item, rest }),
                    None => further.push((first, vec![Branch { item, rest }])),
                },
            }
        }
        let includes = further.into_iter().filter_map(|(name, branches)| self.include(view, name, branches)).collect();
        Selection { fields: fields(view, &own), includes }
    }

    fn include(&mut self, from: &View, name: &str, branches: Vec<Branch<'_>>) -> Option<Include> {
        let Some((relation, view)) = self.viewer.follow(from, name) else {
            branches.iter().for_each(|branch| self.unknown(branch.item));
            return None;
        };
        if from.steps == 0 {
            branches.iter().for_each(|branch| self.too_deep(branch.item));
            return None;
        }
        for branch in branches.iter().filter(|branch| branch.rest.is_empty() && branch.item.left_out) {
            let name = branch.item.path.join(".");
            self.problem(
                "Invalid",
                format!("'fields' cannot leave out '{name}': a relation is not included unless asked"),
            );
        }
        self.relations += 1;
        let selection = self.select(&view, branches);
        let limit = usual_limit(self.limits);
        Some(Include { relation, view, selection, limit, sort: vec![(0, Direction::Ascending)] })
    }

    fn unknown(&mut self, item: &Item<'_>) {
        self.problem("UnknownField", format!("'fields' cannot use '{}'", item.path.join(".")));
    }

    fn too_deep(&mut self, item: &Item<'_>) {
        let (name, max) = (item.path.join("."), self.limits.max_depth);
        self.problem("TooDeep", format!("'{name}' leads further than {max} steps"));
    }

    fn problem(&mut self, code: &str, message: String) {
        self.problems.push(Problem { field: "fields".to_owned(), code: code.to_owned(), message });
    }
}

/// The named fields alone, or all fields that may be read except those that are left out.
fn fields(view: &View, own: &[(usize, bool)]) -> FieldSet {
    let only = own.iter().any(|(_, left_out)| !left_out);
    let mut fields = if only { FieldSet::default() } else { view.fields() };
    for (field, left_out) in own {
        if *left_out { fields.remove(*field) } else { fields.insert(*field) }
    }
    fields
}
