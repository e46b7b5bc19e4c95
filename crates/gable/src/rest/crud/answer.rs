//! Responses: their status and headers, and bodies that contain many rows.

use std::any::Any;
use std::fmt::Display;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::crud::Page;
use crate::error::ApiError;
use crate::http::{json_response, set_header};
use crate::meta::FieldSet;
use crate::model::{AnswerBudget, AnyResource, JsonBuffer};
use crate::query::{Included, object_nth, object_of_row};

/// The response to a write. It is complete before the commit: if it cannot be built, the write is rolled back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The URL of a new row, for `Location`.
    pub(super) location: Option<String>,
    /// The version of the row, for `ETag`.
    pub(super) etag: Option<String>,
    /// JSON
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, location: None, etag: None, body }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = json_response(self.status, self.body);
        for (name, value) in [("Location", self.location), ("ETag", self.etag)] {
            if let Some(value) = value {
                set_header(&mut response, name, &value);
            }
        }
        response
    }
}

/// Writes `{ "total": …, "results": …, "page": …, …, "data": [ … ] }`, without totals that were not counted and
/// without a page number if the page began at a cursor.
///
/// # Errors
/// Those of `AnswerBudget::finish`.
pub(crate) fn page(
    resource: &dyn AnyResource,
    page: &Page,
    included: &[Included<'_>],
    budget: &AnswerBudget,
) -> Result<Vec<u8>, ApiError> {
    let limit = u64::from(page.query.limit);
    let results = page.records.as_ref().map_or(page.rows.len(), |records| resource.len(records.as_ref()));
    let mut body = budget.buffer();
    body.push("{");
    if let Some(total) = page.total {
        member(&mut body, "total", total);
    }
    member(&mut body, "results", results);
    if let Some(number) = page.query.page() {
        member(&mut body, "page", number);
    }
    if let Some(total) = page.total {
        member(&mut body, "pages", total.div_ceil(limit));
    }
    member(&mut body, "limit", limit);
    member(&mut body, "hasNextPage", page.has_next);
    let before = page.query.page().is_none_or(|number| number > 1 && page.total != Some(0));
    member(&mut body, "hasPrevPage", before);
    if let Some(next) = &page.next {
        // A cursor contains only letters, digits, `-` and `_`, so nothing has to be escaped.
        member(&mut body, "nextCursor", format_args!("\"{next}\""));
    }
    body.push("\"data\":");
    let fields = &page.query.selection.fields;
    match &page.records {
        Some(records) => rows(resource, records.as_ref(), fields, included, &mut body),
        None => list(&mut body, &page.rows, |row, body| object_of_row(resource.meta(), row, fields, included, body)),
    }
    body.push("}");
    budget.finish(body)
}

fn member(body: &mut JsonBuffer, name: &str, value: impl Display) {
    body.push(&format!("\"{name}\":{value},"));
}

/// Writes `{ "total": …, "results": …, "data": [ … ] }`: a bulk write returns every row it wrote, so both numbers are
/// equal.
///
/// # Errors
/// Those of `AnswerBudget::finish`.
pub(crate) fn results(
    resource: &dyn AnyResource,
    records: &dyn Any,
    fields: &FieldSet,
    budget: &AnswerBudget,
) -> Result<Vec<u8>, ApiError> {
    let mut body = budget.buffer();
    let written = resource.len(records);
    body.push(&format!("{{\"total\":{written},\"results\":{written},\"data\":"));
    rows(resource, records, fields, &[], &mut body);
    body.push("}");
    budget.finish(body)
}

fn rows(
    resource: &dyn AnyResource,
    records: &dyn Any,
    fields: &FieldSet,
    included: &[Included<'_>],
    body: &mut JsonBuffer,
) {
    list(body, 0..resource.len(records), |nth, body| object_nth(resource, records, nth, fields, included, body));
}

/// Writes a list, until the buffer is full.
fn list<T>(body: &mut JsonBuffer, items: impl IntoIterator<Item = T>, write: impl Fn(T, &mut JsonBuffer)) {
    body.push("[");
    for (nth, item) in items.into_iter().enumerate() {
        if body.is_full() {
            break;
        }
        body.push(if nth > 0 { "," } else { "" });
        write(item, body);
    }
    body.push("]");
}
