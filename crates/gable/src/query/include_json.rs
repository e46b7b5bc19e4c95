//! Stage 10 for rows with included relations.

use std::any::Any;

use super::include::Included;
use crate::db::{RawRow, Row};
use crate::meta::{FieldSet, ModelMeta};
use crate::model::{AnyResource, Id, JsonBuffer, ObjectWriter, id_from};

/// Writes one row as an object, with its included relations.
pub(crate) fn object_including(
    resource: &dyn AnyResource,
    record: &dyn Any,
    fields: &FieldSet,
    included: &[Included<'_>],
    body: &mut JsonBuffer,
) {
    let mut out = ObjectWriter::new(body, resource.meta().fields, fields, &[]);
    resource.write(record, &mut out);
    included.iter().for_each(|included| write_relation(&mut out, resource.id(record), included));
    out.end();
}

/// Writes the row at position `nth` as an object, with its included relations: an object or null for a to-one
/// relation, a list for a to-many relation.
pub(crate) fn object_nth(
    resource: &dyn AnyResource,
    records: &dyn Any,
    nth: usize,
    fields: &FieldSet,
    included: &[Included<'_>],
    body: &mut JsonBuffer,
) {
    let mut out = ObjectWriter::new(body, resource.meta().fields, fields, &[]);
    resource.write_nth(records, nth, &mut out);
    if !included.is_empty() {
        let id = resource.id_nth(records, nth);
        included.iter().for_each(|included| write_relation(&mut out, id, included));
    }
    out.end();
}

/// Writes a row that was not decoded as an object, with its included relations.
pub(crate) fn object_of_row(
    meta: &ModelMeta,
    row: &RawRow,
    fields: &FieldSet,
    included: &[Included<'_>],
    body: &mut JsonBuffer,
) {
    let mut out = ObjectWriter::new(body, meta.fields, fields, &[]);
    out.row(row);
    if !included.is_empty() {
        match id_from(&mut Row::new(row), meta.id) {
            Ok(id) => included.iter().for_each(|included| write_relation(&mut out, id, included)),
            Err(error) => out.fail(error),
        }
    }
    out.end();
}

fn write_relation(out: &mut ObjectWriter<'_>, id: Id, included: &Included<'_>) {
    if out.is_full() {
        return;
    }
    let out = out.member(included.include.relation.name);
    let places = included.of(id);
    if included.include.is_to_many() {
        out.push("[");
        for (nth, place) in places.iter().enumerate() {
            if out.is_full() {
                break;
            }
            out.push(if nth > 0 { "," } else { "" });
            included.write(*place, out);
        }
        out.push("]");
    } else if let Some(place) = places.first() {
        included.write(*place, out);
    } else {
        out.push("null");
    }
}

impl Included<'_> {
    fn write(&self, place: usize, body: &mut JsonBuffer) {
        object_of_row(self.meta, &self.rows[place], &self.include.selection.fields, &self.nested, body);
    }
}
