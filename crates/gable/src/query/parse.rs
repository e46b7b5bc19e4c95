//! Parses a query string into a `ListQuery`. Nothing is dropped silently: an unknown parameter is a 400 that names it.

use std::borrow::Cow;
use std::collections::HashSet;

use percent_encoding::percent_decode_str;

use super::condition::{Case, Condition, Place, Test, TextTest};
use super::direction::Direction;
use super::filter::Filters;
use super::list::{Counting, ListQuery, Position};
use super::operator::{is_comparable, is_text};
use super::parameters::{elsewhere, not_known, repeated};
use super::preset::{self, Preset};
use super::refusal::Refusal;
use super::selection::{self, Selection};
use super::viewer::{View, Viewer};
use super::{cursor, json_filter, path, url_filter};
use crate::access::Scope;
use crate::error::{ApiError, Problem};
use crate::meta::{FilterMode, ModelMeta, Origin, QueryLimits};
use crate::model::input::json;
use crate::secrets::Secrets;

/// Bytes that the values of `filters={…}` may take in memory.
const FILTER_MEMORY: usize = 8 * 1024 * 1024;
/// The most problems that one answer reports.
const MAX_PROBLEMS: usize = 20;

/// The caller, model and limits of a query.
#[derive(Clone, Copy)]
pub(crate) struct QueryParser<'a> {
    pub(crate) viewer: Viewer<'a>,
    /// Verifies cursors.
    pub(crate) secrets: &'a Secrets,
    pub(crate) meta: &'static ModelMeta,
    pub(crate) scope: &'a Scope,
    pub(crate) limits: QueryLimits,
    /// The presets of the route.
    pub(crate) preset: Preset,
}

impl<'a> QueryParser<'a> {
    /// Reads a list request.
    ///
    /// # Errors
    /// 400 `InvalidRequestQuery` with every problem. A field that the caller may not read is treated like one that does
    /// not exist.
    pub(crate) fn list(self, query: &str) -> Result<ListQuery, ApiError> {
        self.each(query, self.preset.limit(self.limits), Parser::parameter)
    }

    /// Reads the filters of a bulk write. It applies to all rows that match, so parameters that order or page a list
    /// are refused. Filters are joined with AND, whatever the application sets for lists: an additional filter must
    /// never widen a write.
    pub(crate) fn filter(mut self, query: &str) -> Result<ListQuery, ApiError> {
        self.limits.filter_mode = FilterMode::And;
        self.each(query, 1, |parser, name, value| match name {
            "page" | "limit" | "sort" | "cursor" | "count" => parser.unknown(name),
            _ => parser.parameter(name, value),
        })
    }

    /// Reads which fields and relations of one row are answered; all other parameters are refused.
    pub(crate) fn selection(self, query: &str) -> Result<Selection, ApiError> {
        let read = self.each(query, 1, |parser, name, value| {
            if !parser.shape_include(name, value) {
                parser.unknown(name);
            }
        });
        read.map(|query| query.selection)
    }

    /// `rows` is the number of rows of the model in the answer, unless a parameter gives it.
    fn each(self, query: &str, rows: u32, read: impl Fn(&mut Parser<'a>, &str, &str)) -> Result<ListQuery, ApiError> {
        let mut parser = Parser::new(self);
        parser.limit = rows;
        let pairs = parser.pairs(query);
        for (name, value) in parser.selected(pairs) {
            // An answer must not grow far beyond its request.
            if parser.problems.len() >= MAX_PROBLEMS {
                break;
            }
            read(&mut parser, &name, &value);
        }
        parser.finish()
    }
}

/// A name and its value; `None` if they are not UTF-8, as invalid bytes must not be replaced by other text.
fn decoded(pair: &str) -> Option<(String, String)> {
    let spaced = pair.replace('+', " ");
    let (name, value) = spaced.split_once('=').unwrap_or((&spaced, ""));
    let text = |text: &str| percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned);
    Some((text(name)?, text(value)?))
}

/// The name of a parameter, with replacement characters for invalid bytes.
fn lossy(pair: &str) -> String {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    percent_decode_str(name).decode_utf8_lossy().into_owned()
}

/// Parameters that may be given only once, because one of two values would be dropped silently.
const ONCE: [&str; 6] = ["page", "limit", "cursor", "count", "sort", "filterMode"];

struct Parser<'a> {
    view: View,
    parser: QueryParser<'a>,
    filters: Filters<'a>,
    /// Parameters that are filters; they are read together.
    parameters: Vec<(String, String)>,
    /// Conditions of the filters, to be joined according to `mode`.
    conditions: Vec<Condition>,
    mode: FilterMode,
    /// Conditions that apply whatever the mode is.
    narrowing: Vec<Condition>,
    sort: Vec<(usize, Direction)>,
    page: Option<u32>,
    cursor: Option<String>,
    limit: u32,
    counting: Counting,
    selection: Selection,
    /// Identifies the query; a cursor is valid only for an equal fingerprint.
    fingerprint: String,
    /// Parameters that were given and cannot be given again.
    given: Vec<&'static str>,
    /// Options of included relations that were given already.
    shaped: HashSet<Vec<String>>,
    problems: Vec<Problem>,
}

impl<'a> Parser<'a> {
    fn new(parser: QueryParser<'a>) -> Self {
        let QueryParser { meta, scope, limits, preset, .. } = parser;
        let viewer = parser.viewer.limited(meta, preset.shown());
        let parser = QueryParser { viewer, ..parser };
        let view = View { meta, scope: scope.clone(), shown: preset.shown(), steps: limits.max_depth };
        Self {
            selection: preset::selection(viewer, limits, &view),
            view,
            filters: Filters::new(viewer, limits),
            parser,
            parameters: Vec::new(),
            conditions: Vec::new(),
            mode: limits.filter_mode,
            narrowing: Vec::new(),
            sort: Vec::new(),
            page: None,
            cursor: None,
            limit: limits.default_limit,
            counting: Counting::Total,
            fingerprint: meta.name.to_owned(),
            given: Vec::new(),
            shaped: HashSet::new(),
            problems: Vec::new(),
        }
    }

    fn parameter(&mut self, name: &str, value: &str) {
        if let Some(once) = ONCE.iter().find(|once| **once == name) {
            if self.given.contains(once) {
                return self.problems.push(repeated(name));
            }
            self.given.push(once);
        }
        match name {
            "page" => self.page = Some(self.number(name, value, u32::MAX)),
            "limit" => self.limit = self.number(name, value, self.parser.preset.max_limit(self.parser.limits)),
            "cursor" => self.cursor = Some(value.to_owned()),
            "count" => self.count(value),
            _ if self.shape_include(name, value) => {}
            _ => self.selecting(name, value),
        }
    }

    /// Reads a parameter that determines which rows are found, and in what order; it becomes part of the fingerprint.
    fn selecting(&mut self, name: &str, value: &str) {
        for part in [name, value] {
            self.fingerprint.push_str(&format!("\n{}:{part}", part.len()));
        }
        match name {
            "sort" => self.sort(value),
            "search" => self.search(value),
            "filterMode" => self.mode(value),
            "filters" => self.json(value),
            _ => self.parameters.push((name.to_owned(), value.to_owned())),
        }
    }

    fn number(&mut self, name: &str, value: &str, max: u32) -> u32 {
        let parsed = value.parse().ok().filter(|number| (1..=max).contains(number));
        parsed.unwrap_or_else(|| {
            let range =
                if max == u32::MAX { "a positive integer".to_owned() } else { format!("an integer from 1 to {max}") };
            self.problem(name, "Invalid", format!("'{name}' must be {range}"));
            1
        })
    }

    fn count(&mut self, value: &str) {
        match value {
            "true" => self.counting = Counting::Total,
            "false" => self.counting = Counting::Skipped,
            _ => self.problem("count", "Invalid", "'count' must be true or false".to_owned()),
        }
    }

    fn mode(&mut self, value: &str) {
        match value {
            "AND" => self.mode = FilterMode::And,
            "OR" => self.mode = FilterMode::Or,
            _ => self.problem("filterMode", "Invalid", "'filterMode' must be AND or OR".to_owned()),
        }
    }

    fn sort(&mut self, value: &str) {
        let view = self.view.clone();
        self.sort = self.sorted(&view, "sort", value);
    }

    /// Reads a list of fields to sort by. A repeated field is ignored.
    fn sorted(&mut self, view: &View, parameter: &str, value: &str) -> Vec<(usize, Direction)> {
        let mut sort: Vec<(usize, Direction)> = Vec::new();
        for part in value.split(',') {
            let (name, direction) = match part.trim().strip_prefix('-') {
                Some(name) => (name, Direction::Descending),
                None => (part.trim(), Direction::Ascending),
            };
            match view.readable(name).filter(|field| is_comparable(view.meta.fields[*field].kind)) {
                Some(field) if sort.iter().all(|(known, _)| *known != field) => sort.push((field, direction)),
                Some(_) => {}
                None if self.problems.len() >= MAX_PROBLEMS => break,
                None => self.problem(parameter, "UnknownField", format!("'{parameter}' cannot use '{name}'")),
            }
        }
        sort
    }

    /// Decodes the parameters, and reports those that are not UTF-8.
    fn pairs(&mut self, query: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match decoded(pair) {
                Some(read) => pairs.push(read),
                None if self.problems.len() >= MAX_PROBLEMS => break,
                None => self.problem(&lossy(pair), "Invalid", "a parameter must be encoded as UTF-8".to_owned()),
            }
        }
        pairs
    }

    /// Reads the `fields` parameters, on which other parameters depend, and returns the others.
    fn selected(&mut self, pairs: Vec<(String, String)>) -> Vec<(String, String)> {
        let (selecting, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| name == "fields");
        if !selecting.is_empty() {
            let QueryParser { viewer, limits, .. } = self.parser;
            let texts: Vec<&str> = selecting.iter().map(|(_, value)| value.as_str()).collect();
            let (selection, problems) = selection::read(viewer, limits, &self.view, &texts);
            self.selection = selection;
            self.problems.extend(problems);
        }
        others
    }

    /// Reads `comments[limit]=5` and `comments[sort]=-createdAt`, for included relations. If the other model has a
    /// field `limit` or `sort`, the parameter is a filter on it.
    fn shape_include(&mut self, name: &str, value: &str) -> bool {
        let Some(parts) = path::parts(name) else { return false };
        let Some((option @ ("limit" | "sort"), path)) = parts.split_last().map(|(last, path)| (*last, path)) else {
            return false;
        };
        let Some(include) = self.selection.include_mut(path) else { return false };
        if include.view.readable(option).is_some() || !include.is_to_many() {
            return false;
        }
        let view = include.view.clone();
        if !self.shaped.insert(parts.iter().map(|part| (*part).to_owned()).collect()) {
            self.note(repeated(name));
            return true;
        }
        let (limit, sort) = match option {
            "limit" => (Some(self.number(name, value, self.parser.limits.max_limit)), None),
            _ => (None, Some(self.sorted(&view, name, value))),
        };
        if let Some(include) = self.selection.include_mut(path) {
            include.limit = limit.unwrap_or(include.limit);
            include.sort = sort.map_or(std::mem::take(&mut include.sort), completed);
        }
        true
    }

    fn filter(&mut self) {
        let parameters = std::mem::take(&mut self.parameters);
        let read = url_filter::read(&mut self.filters, &self.view, &parameters);
        self.conditions.extend(read.conditions);
        self.narrowing.extend(read.narrowing);
        for (name, refusal) in read.refused {
            if self.problems.len() < MAX_PROBLEMS {
                self.refused(&name, refusal);
            }
        }
    }

    fn json(&mut self, value: &str) {
        let parsed = match json::parse(value.as_bytes(), FILTER_MEMORY) {
            Ok(parsed) => parsed,
            Err(json::ParseError::Malformed(_)) => {
                return self.problem("filters", "Invalid", "'filters' must be a JSON object".to_owned());
            }
            Err(json::ParseError::TooLarge) => {
                return self.problem("filters", "TooLarge", "'filters' has too many values".to_owned());
            }
        };
        match json_filter::read(&mut self.filters, &self.view, &parsed.value) {
            Ok(condition) => self.conditions.push(condition),
            Err(misplaced) => self.refused(&misplaced.place, misplaced.refusal),
        }
    }

    /// Searches all texts that the caller may read, except those that the server sets. An empty search keeps every row.
    fn search(&mut self, value: &str) {
        let fields = self.searchable();
        if fields.is_empty() {
            return self.unknown("search");
        }
        if value.contains('\0') {
            return self.problem("search", "Invalid", "'search' must be text without NUL characters".to_owned());
        }
        if let Err(refusal) = self.filters.counted() {
            return self.refused("search", refusal);
        }
        if !value.is_empty() {
            let text = TextTest { place: Place::Anywhere, case: Case::Insensitive, text: value.to_owned() };
            let contains = |field| Condition::field(field, Test::Text(text.clone()));
            self.narrowing.push(Condition::Any(fields.into_iter().map(contains).collect()));
        }
    }

    fn searchable(&self) -> Vec<usize> {
        let view = &self.view;
        let searched = |field: &usize| {
            let known = &view.meta.fields[*field];
            is_text(known.kind) && known.origin == Origin::Declared && view.reads(*field)
        };
        (0..view.meta.fields.len()).filter(searched).collect()
    }

    fn refused(&mut self, name: &str, refusal: Refusal) {
        let (code, message) = match refusal {
            Refusal::Unknown => return self.unknown(name),
            Refusal::Instead(instead) => return self.instead(name, instead),
            Refusal::Repeated => {
                let instead =
                    "for one of several values write 'in', for several filters of one field 'AND[0]' and 'AND[1]'";
                ("RepeatedParameter", format!("'{name}' may be given once: {instead}"))
            }
            Refusal::Mismatch(expected) => ("TypeConstraint", format!("'{name}' must be {expected}")),
            Refusal::TooDeep(max) => ("TooDeep", format!("'{name}' follows more than {max} relations")),
            Refusal::TooNested(max) => ("TooDeep", format!("'{name}' is nested deeper than {max} times")),
            Refusal::TooMany(max) => ("TooManyFilters", format!("at most {max} filters are allowed")),
            Refusal::TooLong(max) => ("TooManyValues", format!("'{name}' may list at most {max} values")),
        };
        self.problem(name, code, message);
    }

    fn unknown(&mut self, name: &str) {
        match self.known_elsewhere(name) {
            Some(instead) => self.instead(name, instead),
            None => self.note(not_known(name)),
        }
    }

    /// Reports an unknown parameter with its replacement.
    fn instead(&mut self, name: &str, instead: &str) {
        let Problem { field, code, message } = not_known(name);
        self.note(Problem { field, code, message: format!("{message}: {instead}") });
    }

    /// The replacement for a parameter of Prisma or Arkos, unless the model has a field or relation of that name.
    fn known_elsewhere(&self, name: &str) -> Option<&'static str> {
        let parts = path::element(name)?.0;
        let word = *parts.first()?;
        let instead = elsewhere(word)?;
        let own = self.view.readable(word).is_some() || self.parser.viewer.follow(&self.view, word).is_some();
        (!own).then_some(instead)
    }

    fn problem(&mut self, field: &str, code: &str, message: String) {
        self.note(Problem { field: field.to_owned(), code: code.to_owned(), message });
    }

    /// Records a problem once, even if a parameter is repeated a thousand times.
    fn note(&mut self, problem: Problem) {
        let is_known = |known: &Problem| known.field == problem.field && known.message == problem.message;
        if !self.problems.iter().any(is_known) {
            self.problems.push(problem);
        }
    }

    /// Limits the number of included rows as a whole, because the limits of nested relations multiply.
    fn bounded(&mut self) {
        let (max, rows) = (self.parser.limits.max_included, u64::from(self.limit));
        if self.selection.included_rows(rows) > u64::from(max) {
            let message = format!("'fields' may include at most {max} rows altogether: lower a limit");
            self.problem("fields", "TooManyIncluded", message);
        }
    }

    fn finish(mut self) -> Result<ListQuery, ApiError> {
        self.filter();
        if !self.given.contains(&"sort") {
            self.sort = self.parser.preset.sort(&self.view.scope);
        }
        // The defaults may have changed when the cursor comes back.
        self.fingerprint.push_str(&format!("\n{:?} {:?}", self.mode, self.sort));
        self.sort = completed(std::mem::take(&mut self.sort));
        self.bounded();
        let position = self.position();
        if !self.problems.is_empty() {
            return Err(ApiError::invalid_query(self.problems));
        }
        let filters = match self.mode {
            FilterMode::Or if !self.conditions.is_empty() => Condition::Any(self.conditions),
            _ => Condition::All(self.conditions),
        };
        Ok(ListQuery {
            meta: self.view.meta,
            filter: self.narrowing.into_iter().fold(filters, Condition::and),
            sort: self.sort,
            position,
            limit: self.limit,
            counting: self.counting,
            fingerprint: self.fingerprint,
            selection: self.selection,
        })
    }

    fn position(&mut self) -> Position {
        let Some(cursor) = self.cursor.take() else { return Position::Page(self.page.unwrap_or(1)) };
        if self.page.is_some() {
            self.problem("cursor", "Invalid", "'cursor' and 'page' exclude each other".to_owned());
        }
        let secrets = self.parser.secrets;
        match cursor::condition(secrets, self.view.meta, &self.sort, &self.fingerprint, &cursor) {
            Some(after) => Position::After(after),
            None => {
                self.problem("cursor", "Invalid", "'cursor' is not one of this query".to_owned());
                Position::Page(1)
            }
        }
    }
}

/// Appends the id to a sort order that lacks it, so that the order is the same each time.
fn completed(mut sort: Vec<(usize, Direction)>) -> Vec<(usize, Direction)> {
    if sort.iter().all(|(field, _)| *field != 0) {
        sort.push((0, Direction::Ascending));
    }
    sort
}
