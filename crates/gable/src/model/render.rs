//! Stage 10: writes rows directly as JSON bytes, without `serde_json::Value`: those that interceptors have seen as typed
//! rows, and others as the database returned them.

use std::any::Any;
use std::io::Write;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use crate::db::{Column, DbError, DecimalColumn, FromColumn, RawJson, RawRow};
use crate::meta::{FieldKind, FieldMeta, FieldSet};
use crate::model::{AnyResource, JsonBuffer};

/// Implemented by types that can be written to a response.
pub trait ToJson {
    /// Appends the value to the response, as JSON.
    fn to_json(&self, out: &mut Vec<u8>);
}

/// Renamed fields: pairs of the field's own name and the name in the body or response.
pub(crate) type Names = &'static [(&'static str, &'static str)];

/// The name of a field in the body or response.
pub(crate) fn name_in(names: Names, field: &str) -> &str {
    names.iter().find(|(own, _)| *own == field).map_or(field, |(_, other)| other)
}

/// Writes one object, field by field in table order, with only the fields of the mask.
pub struct ObjectWriter<'a> {
    out: &'a mut JsonBuffer,
    fields: &'static [FieldMeta],
    mask: &'a FieldSet,
    names: Names,
    next: usize,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn new(out: &'a mut JsonBuffer, fields: &'static [FieldMeta], mask: &'a FieldSet, names: Names) -> Self {
        out.push("{");
        Self { out, fields, mask, names, next: 0, empty: true }
    }

    /// Writes the next field in table order.
    pub fn field(&mut self, value: &impl ToJson) -> &mut Self {
        let field = self.next;
        self.next += 1;
        if self.mask.contains(field) && !self.out.is_full() {
            self.key(name_in(self.names, self.fields[field].name));
            value.to_json(self.out.raw());
        }
        self
    }

    /// Writes the fields of a row that was not decoded. An unreadable value ends the answer with an error.
    pub(crate) fn row(&mut self, row: &RawRow) {
        for (position, field) in self.fields.iter().enumerate() {
            if self.mask.contains(position) && !self.out.is_full() {
                self.key(name_in(self.names, field.name));
                if let Err(error) = write_column(row.column(position), field, self.out.raw()) {
                    self.out.fail(error);
                }
            }
        }
    }

    /// Begins a member that is not a column, such as an included relation; its value is written to the buffer.
    pub(crate) fn member(&mut self, name: &str) -> &mut JsonBuffer {
        self.key(name);
        self.out
    }

    pub(crate) fn is_full(&mut self) -> bool {
        self.out.is_full()
    }

    /// Ends the answer with an error.
    pub(crate) fn fail(&mut self, error: DbError) {
        self.out.fail(error);
    }

    pub(crate) fn end(self) {
        self.out.push("}");
    }

    /// Names come from the checked YAML: ASCII letters and digits, which need no escaping.
    fn key(&mut self, name: &str) {
        if !self.empty {
            self.out.push(",");
        }
        self.empty = false;
        self.out.push("\"");
        self.out.push(name);
        self.out.push("\":");
    }
}

/// Writes a column as the type that generated code reads it as.
fn write_column(column: Column<'_>, field: &FieldMeta, out: &mut Vec<u8>) -> Result<(), DbError> {
    fn typed<T: FromColumn + ToJson>(column: Column<'_>, out: &mut Vec<u8>) -> Result<(), DbError> {
        Option::<T>::from_column(column)?.to_json(out);
        Ok(())
    }
    if !field.optional && column.is_null()? {
        return Err(DbError::other(format!("the column {} is null", field.column)));
    }
    match field.kind {
        FieldKind::String | FieldKind::Text | FieldKind::Email | FieldKind::Url | FieldKind::Password => {
            column.text()?.to_json(out);
            Ok(())
        }
        FieldKind::Enum(values) => match column.text()? {
            Some(text) if !values.contains(&text) => Err(DbError::other(format!("unknown enum value {text:?}"))),
            text => {
                text.to_json(out);
                Ok(())
            }
        },
        FieldKind::Integer => typed::<i32>(column, out),
        FieldKind::Bigint => typed::<i64>(column, out),
        FieldKind::Float => typed::<f64>(column, out),
        FieldKind::Decimal { scale, .. } => {
            Option::<Decimal>::from_column(column)?.rescale(scale).to_json(out);
            Ok(())
        }
        FieldKind::Boolean => typed::<bool>(column, out),
        FieldKind::Date => typed::<NaiveDate>(column, out),
        FieldKind::Time => typed::<NaiveTime>(column, out),
        FieldKind::Datetime => typed::<DateTime<Utc>>(column, out),
        FieldKind::Uuid => typed::<Uuid>(column, out),
        FieldKind::Json | FieldKind::EnumList(_) => typed::<RawJson>(column, out),
    }
}

/// Writes one row as an object.
pub(crate) fn object(resource: &dyn AnyResource, record: &dyn Any, fields: &FieldSet, body: &mut JsonBuffer) {
    object_named(resource, record, fields, &[], body);
}

/// Like [`object`], but writes some fields under other names, as another wire format requires.
pub(crate) fn object_named(
    resource: &dyn AnyResource,
    record: &dyn Any,
    fields: &FieldSet,
    names: Names,
    body: &mut JsonBuffer,
) {
    let mut out = ObjectWriter::new(body, resource.meta().fields, fields, names);
    resource.write(record, &mut out);
    out.end();
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.to_json(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self, out: &mut Vec<u8>) {
        (**self).to_json(out);
    }
}

impl ToJson for str {
    fn to_json(&self, out: &mut Vec<u8>) {
        serialize(self, out);
    }
}

impl ToJson for String {
    fn to_json(&self, out: &mut Vec<u8>) {
        self.as_str().to_json(out);
    }
}

impl ToJson for bool {
    fn to_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl ToJson for i32 {
    fn to_json(&self, out: &mut Vec<u8>) {
        serialize(self, out);
    }
}

impl ToJson for i64 {
    fn to_json(&self, out: &mut Vec<u8>) {
        serialize(self, out);
    }
}

impl ToJson for f64 {
    fn to_json(&self, out: &mut Vec<u8>) {
        serialize(self, out);
    }
}

impl ToJson for Value {
    fn to_json(&self, out: &mut Vec<u8>) {
        serialize(self, out);
    }
}

impl ToJson for RawJson {
    fn to_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_str().as_bytes());
    }
}

impl ToJson for Uuid {
    fn to_json(&self, out: &mut Vec<u8>) {
        let mut buffer = Uuid::encode_buffer();
        quoted(self.hyphenated().encode_lower(&mut buffer), out);
    }
}

impl ToJson for Decimal {
    fn to_json(&self, out: &mut Vec<u8>) {
        display(self, out);
    }
}

impl ToJson for DateTime<Utc> {
    fn to_json(&self, out: &mut Vec<u8>) {
        match rfc3339(self) {
            Some(text) => out.extend_from_slice(&text),
            None => quoted(&self.to_rfc3339_opts(SecondsFormat::Millis, true), out),
        }
    }
}

impl ToJson for NaiveDate {
    fn to_json(&self, out: &mut Vec<u8>) {
        display(self, out);
    }
}

impl ToJson for NaiveTime {
    fn to_json(&self, out: &mut Vec<u8>) {
        display(&self.format("%H:%M:%S%.3f"), out);
    }
}

/// A time in quotes, to the millisecond. `None` for years without four digits, and for leap seconds. Takes a third of the
/// time that chrono takes, and most rows have several times.
fn rfc3339(time: &DateTime<Utc>) -> Option<[u8; 26]> {
    let mut text = *b"\"0000-00-00T00:00:00.000Z\"";
    let millis = time.nanosecond() / 1_000_000;
    let year = u32::try_from(time.year()).ok().filter(|year| *year < 10_000 && millis < 1_000)?;
    let parts = [
        (1, 4, year),
        (6, 2, time.month()),
        (9, 2, time.day()),
        (12, 2, time.hour()),
        (15, 2, time.minute()),
        (18, 2, time.second()),
        (21, 3, millis),
    ];
    for (start, digits, mut number) in parts {
        for digit in text[start..start + digits].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    Some(text)
}

fn serialize<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("plain values always serialize, and a Vec takes every byte");
}

/// Writes text that needs no escaping.
fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn display(value: &impl std::fmt::Display, out: &mut Vec<u8>) {
    write!(out, "\"{value}\"").expect("a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn times_are_written_as_chrono_writes_them() {
        let mut time = DateTime::<Utc>::UNIX_EPOCH - TimeDelta::days(800_000);
        let mut written = Vec::new();
        for _ in 0..60_000 {
            time += TimeDelta::milliseconds(6_123_456_789);
            written.clear();
            time.to_json(&mut written);
            assert_eq!(written, format!("\"{}\"", time.to_rfc3339_opts(SecondsFormat::Millis, true)).as_bytes());
        }
        assert!(time.year() > 10_000);
    }
}
