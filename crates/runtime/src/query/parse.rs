//! A query string to a `ListQuery`. Nothing is dropped silently: what is not known is a 400 that names it.

use super::list::{Direction, Filter, ListQuery};
use super::parameters::not_known;
use super::value::typed_value;
use crate::access::{FieldSet, Scope};
use crate::app_meta::QueryLimits;
use crate::http::ApiError;
use crate::input::{Mismatch, Problem};
use crate::resource::{FieldKind, ModelMeta};

/// # Errors
/// 400 `InvalidRequestQuery` with every problem. A field that the caller may not read is treated like one that does
/// not exist.
pub(crate) fn parse(
    meta: &'static ModelMeta,
    scope: &Scope,
    limits: QueryLimits,
    query: &str,
) -> Result<ListQuery, ApiError> {
    let mut parser = Parser::new(meta, scope, limits);
    for (name, value) in pairs(query) {
        parser.parameter(&name, &value);
    }
    parser.finish()
}

/// The filters of a bulk write. Its rows are all that match, so that what orders and pages a list is refused.
pub(crate) fn parse_filter(
    meta: &'static ModelMeta,
    scope: &Scope,
    limits: QueryLimits,
    query: &str,
) -> Result<ListQuery, ApiError> {
    let mut parser = Parser::new(meta, scope, limits);
    for (name, value) in pairs(query) {
        match name.as_str() {
            "fields" => parser.fields(&value),
            "page" | "limit" | "sort" => parser.unknown(&name),
            _ => parser.filter(&name, &value),
        }
    }
    parser.finish()
}

/// The `fields` parameter alone, for requests that answer with one row.
pub(crate) fn parse_fields(meta: &'static ModelMeta, scope: &Scope, query: &str) -> Result<FieldSet, ApiError> {
    let limits = QueryLimits { default_limit: 1, max_limit: 1, max_filters: 0, max_depth: 0, max_bulk: 0 };
    let mut parser = Parser::new(meta, scope, limits);
    for (name, value) in pairs(query) {
        match name.as_str() {
            "fields" => parser.fields(&value),
            _ => parser.unknown(&name),
        }
    }
    parser.finish().map(|query| query.fields)
}

pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

struct Parser<'a> {
    scope: &'a Scope,
    limits: QueryLimits,
    query: ListQuery,
    problems: Vec<Problem>,
}

impl<'a> Parser<'a> {
    fn new(meta: &'static ModelMeta, scope: &'a Scope, limits: QueryLimits) -> Self {
        let query = ListQuery {
            meta,
            filters: Vec::new(),
            sort: Vec::new(),
            page: 1,
            limit: limits.default_limit,
            fields: scope.read,
        };
        Self { scope, limits, query, problems: Vec::new() }
    }

    fn parameter(&mut self, name: &str, value: &str) {
        match name {
            "page" => self.query.page = self.number(name, value, u32::MAX),
            "limit" => self.query.limit = self.number(name, value, self.limits.max_limit),
            "sort" => self.sort(value),
            "fields" => self.fields(value),
            _ => self.filter(name, value),
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

    fn sort(&mut self, value: &str) {
        self.query.sort.clear();
        for part in value.split(',') {
            let (name, direction) = match part.trim().strip_prefix('-') {
                Some(name) => (name, Direction::Descending),
                None => (part.trim(), Direction::Ascending),
            };
            match self.readable(name) {
                Some(field) if comparable(self.query.meta.fields[field].kind) => self.sort_by(field, direction),
                _ => self.problem("sort", "UnknownField", format!("'sort' cannot use '{name}'")),
            }
        }
    }

    /// A field that already sorts decides nothing the second time.
    fn sort_by(&mut self, field: usize, direction: Direction) {
        if self.query.sort.iter().all(|(known, _)| *known != field) {
            self.query.sort.push((field, direction));
        }
    }

    /// `id,title` answers with these alone, `-content` with all but these.
    fn fields(&mut self, value: &str) {
        let names: Vec<&str> = value.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let only = names.iter().any(|name| !name.starts_with('-'));
        let mut fields = if only { FieldSet::default() } else { self.scope.read };
        for name in names {
            let bare = name.trim_start_matches('-');
            match self.readable(bare) {
                Some(field) if name == bare => fields.insert(field),
                Some(field) => fields.remove(field),
                None => self.problem("fields", "UnknownField", format!("'fields' cannot use '{bare}'")),
            }
        }
        self.query.fields = fields;
    }

    fn filter(&mut self, name: &str, value: &str) {
        let Some(field) = self.readable(name) else { return self.unknown(name) };
        if self.query.filters.len() >= self.limits.max_filters as usize {
            let max = self.limits.max_filters;
            return self.problem(name, "TooManyFilters", format!("at most {max} filters are allowed"));
        }
        match typed_value(self.query.meta.fields[field].kind, value) {
            Ok(value) => self.query.filters.push(Filter { field, value: Some(value) }),
            Err(Mismatch(expected)) => self.problem(name, "TypeConstraint", format!("'{name}' must be {expected}")),
        }
    }

    fn readable(&self, name: &str) -> Option<usize> {
        self.query.meta.field_index(name).filter(|field| self.scope.read.contains(*field))
    }

    fn unknown(&mut self, name: &str) {
        self.problems.push(not_known(name));
    }

    fn problem(&mut self, field: &str, code: &str, message: String) {
        self.problems.push(Problem { field: field.to_owned(), code: code.to_owned(), message });
    }

    fn finish(mut self) -> Result<ListQuery, ApiError> {
        if !self.problems.is_empty() {
            return Err(ApiError::invalid_query(self.problems));
        }
        self.sort_by(0, Direction::Ascending);
        Ok(self.query)
    }
}

fn comparable(kind: FieldKind) -> bool {
    !matches!(kind, FieldKind::Json | FieldKind::EnumList(_) | FieldKind::Password)
}
