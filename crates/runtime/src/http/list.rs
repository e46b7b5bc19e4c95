//! Bodies that hold many rows.

use std::any::Any;
use std::io::Write;

use super::ObjectWriter;
use crate::access::FieldSet;
use crate::crud::Page;
use crate::resource::AnyResource;

/// `{ "total": …, "results": …, "page": …, …, "data": [ … ] }`
pub(crate) fn page(resource: &dyn AnyResource, page: &Page) -> Vec<u8> {
    let (query, total) = (&page.query, page.total);
    let limit = u64::from(query.limit);
    let pages = total.div_ceil(limit);
    let (number, results) = (u64::from(query.page), resource.len(page.records.as_ref()));
    let (next, previous) = (number < pages, number > 1 && total > 0);
    let mut body = Vec::with_capacity(128 + results * 256);
    write!(
        body,
        "{{\"total\":{total},\"results\":{results},\"page\":{number},\"pages\":{pages},\"limit\":{limit},\
         \"hasNextPage\":{next},\"hasPrevPage\":{previous},\"data\":"
    )
    .expect("a Vec takes every byte");
    rows(resource, page.records.as_ref(), &query.fields, &mut body);
    body.push(b'}');
    body
}

/// `{ "results": …, "data": [ … ] }`
pub(crate) fn results(resource: &dyn AnyResource, records: &dyn Any, fields: &FieldSet) -> Vec<u8> {
    let mut body = Vec::new();
    write!(body, "{{\"results\":{},\"data\":", resource.len(records)).expect("a Vec takes every byte");
    rows(resource, records, fields, &mut body);
    body.push(b'}');
    body
}

fn rows(resource: &dyn AnyResource, records: &dyn Any, fields: &FieldSet, body: &mut Vec<u8>) {
    body.push(b'[');
    for nth in 0..resource.len(records) {
        if nth > 0 {
            body.push(b',');
        }
        let mut out = ObjectWriter::new(body, resource.meta().fields, fields, &[]);
        resource.write_nth(records, nth, &mut out);
        out.end();
    }
    body.push(b']');
}
