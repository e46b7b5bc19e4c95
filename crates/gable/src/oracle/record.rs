//! Rows of models for which no code was generated.

use std::any::Any;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::db::{DbError, RawJson, Row};
use crate::meta::{FieldKind, IdKind, ModelMeta};
use crate::model::input::BodyReader;
use crate::model::{AnyInput, AnyResource, Id, ObjectWriter, RowValues, ToJson};

/// A model whose rows are only read.
pub(super) struct Cells(pub(super) &'static ModelMeta);

struct Record {
    id: Id,
    cells: Vec<Cell>,
}

struct Cell(Box<dyn ToJson>);

impl ToJson for Cell {
    fn to_json(&self, out: &mut Vec<u8>) {
        self.0.to_json(out);
    }
}

impl Cells {
    fn record(&self, row: &mut Row<'_>) -> Result<Record, DbError> {
        let id = match self.0.id {
            IdKind::Uuid => Id::Uuid(row.next()?),
            IdKind::Integer => Id::Integer(row.next()?),
        };
        let first: Cell = match id {
            Id::Uuid(id) => Cell(Box::new(id)),
            Id::Integer(id) => Cell(Box::new(id)),
        };
        let mut cells = vec![first];
        for field in &self.0.fields[1..] {
            cells.push(cell(field.kind, row)?);
        }
        Ok(Record { id, cells })
    }
}

fn cell(kind: FieldKind, row: &mut Row<'_>) -> Result<Cell, DbError> {
    Ok(Cell(match kind {
        FieldKind::Integer => Box::new(row.next::<Option<i32>>()?),
        FieldKind::Bigint => Box::new(row.next::<Option<i64>>()?),
        FieldKind::Float => Box::new(row.next::<Option<f64>>()?),
        FieldKind::Decimal { scale, .. } => Box::new(row.decimal::<Option<Decimal>>(scale)?),
        FieldKind::Boolean => Box::new(row.next::<Option<bool>>()?),
        FieldKind::Date => Box::new(row.next::<Option<NaiveDate>>()?),
        FieldKind::Time => Box::new(row.next::<Option<NaiveTime>>()?),
        FieldKind::Datetime => Box::new(row.next::<Option<DateTime<Utc>>>()?),
        FieldKind::Uuid => Box::new(row.next::<Option<Uuid>>()?),
        FieldKind::Json | FieldKind::EnumList(_) => Box::new(row.next::<Option<RawJson>>()?),
        _ => Box::new(row.next::<Option<String>>()?),
    }))
}

fn records(records: &dyn Any) -> &[Record] {
    records.downcast_ref::<Vec<Record>>().expect("what it made itself")
}

fn write(record: &Record, out: &mut ObjectWriter<'_>) {
    for cell in &record.cells {
        out.field(cell);
    }
}

impl AnyResource for Cells {
    fn meta(&self) -> &'static ModelMeta {
        self.0
    }

    fn read_create(&self, _: &mut BodyReader<'_>) -> Box<dyn AnyInput> {
        unreachable!("nothing is written")
    }

    fn read_update(&self, _: &mut BodyReader<'_>) -> Box<dyn AnyInput> {
        unreachable!("nothing is written")
    }

    fn no_update(&self) -> Box<dyn AnyInput> {
        unreachable!("nothing is written")
    }

    fn create_row(&self, _: Box<dyn Any>) -> RowValues {
        unreachable!("nothing is written")
    }

    fn update_row(&self, _: Box<dyn Any>) -> RowValues {
        unreachable!("nothing is written")
    }

    fn batch(&self, _: Vec<Box<dyn Any>>) -> Box<dyn Any> {
        unreachable!("nothing is written")
    }

    fn unbatch(&self, _: Box<dyn Any>) -> Vec<Box<dyn Any>> {
        unreachable!("nothing is written")
    }

    fn decode(&self, row: &mut Row<'_>) -> Result<Box<dyn Any>, DbError> {
        Ok(Box::new(self.record(row)?))
    }

    fn decode_many(&self, rows: &mut dyn Iterator<Item = Row<'_>>) -> Result<Box<dyn Any>, DbError> {
        let records: Result<Vec<Record>, DbError> = rows.map(|mut row| self.record(&mut row)).collect();
        Ok(Box::new(records?))
    }

    fn id(&self, record: &dyn Any) -> Id {
        record.downcast_ref::<Record>().expect("what it made itself").id
    }

    fn id_nth(&self, all: &dyn Any, nth: usize) -> Id {
        records(all)[nth].id
    }

    fn len(&self, all: &dyn Any) -> usize {
        records(all).len()
    }

    fn write(&self, record: &dyn Any, out: &mut ObjectWriter<'_>) {
        write(record.downcast_ref::<Record>().expect("what it made itself"), out);
    }

    fn write_nth(&self, all: &dyn Any, nth: usize, out: &mut ObjectWriter<'_>) {
        write(&records(all)[nth], out);
    }
}
