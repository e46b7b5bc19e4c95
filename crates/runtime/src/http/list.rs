//! Bodies that hold many rows.

use std::any::Any;
use std::fmt::Display;
use std::io::Write;

use super::object_nth;
use crate::access::FieldSet;
use crate::crud::Page;
use crate::query::Included;
use crate::resource::AnyResource;

/// `{ "total": …, "results": …, "page": …, …, "data": [ … ] }`, without what nobody counted, and without the number of a
/// page that a cursor began.
pub(crate) fn page(resource: &dyn AnyResource, page: &Page, included: &[Included<'_>]) -> Vec<u8> {
    let limit = u64::from(page.query.limit);
    let results = resource.len(page.records.as_ref());
    let mut body = Vec::with_capacity(128 + results * 256);
    body.push(b'{');
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
        // A cursor is letters, digits, dashes and underscores: nothing to escape.
        member(&mut body, "nextCursor", format_args!("\"{next}\""));
    }
    body.extend_from_slice(b"\"data\":");
    rows(resource, page.records.as_ref(), &page.query.selection.fields, included, &mut body);
    body.push(b'}');
    body
}

fn member(body: &mut Vec<u8>, name: &str, value: impl Display) {
    write!(body, "\"{name}\":{value},").expect("a Vec takes every byte");
}

/// `{ "results": …, "data": [ … ] }`
pub(crate) fn results(resource: &dyn AnyResource, records: &dyn Any, fields: &FieldSet) -> Vec<u8> {
    let mut body = Vec::new();
    write!(body, "{{\"results\":{},\"data\":", resource.len(records)).expect("a Vec takes every byte");
    rows(resource, records, fields, &[], &mut body);
    body.push(b'}');
    body
}

fn rows(
    resource: &dyn AnyResource,
    records: &dyn Any,
    fields: &FieldSet,
    included: &[Included<'_>],
    body: &mut Vec<u8>,
) {
    body.push(b'[');
    for nth in 0..resource.len(records) {
        if nth > 0 {
            body.push(b',');
        }
        object_nth(resource, records, nth, fields, included, body);
    }
    body.push(b']');
}
