//! Implements `AnyResource` for every `Resource`: a few short functions, the only code of the runtime compiled per
//! model.

use std::any::Any;
use std::marker::PhantomData;

use crate::db::{DbError, Row};
use crate::meta::ModelMeta;
use crate::model::input::{BodyReader, read};
use crate::model::{AnyInput, AnyResource, Id, Input, ObjectWriter, Resource, RowValues};

/// Represents the model `R` where types are erased.
pub struct Erased<R>(PhantomData<fn() -> R>);

impl<R> Default for Erased<R> {
    fn default() -> Self {
        Erased(PhantomData)
    }
}

const TYPED: &str = "an operation hands back the value that the same resource made";

fn reference<T: 'static>(value: &dyn Any) -> &T {
    value.downcast_ref().expect(TYPED)
}

fn owned<T: 'static>(value: Box<dyn Any>) -> T {
    *value.downcast().expect(TYPED)
}

fn row_of<I: Input>(meta: &ModelMeta, input: Box<dyn Any>) -> RowValues {
    let mut row = RowValues::new(meta);
    owned::<I>(input).into_row(&mut row);
    row
}

impl<R: Resource> AnyResource for Erased<R> {
    fn meta(&self) -> &'static ModelMeta {
        R::META
    }

    fn read_create(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput> {
        read::<R::Create>(body)
    }

    fn read_update(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput> {
        read::<R::Update>(body)
    }

    fn no_update(&self) -> Box<dyn AnyInput> {
        Box::<R::Update>::default()
    }

    fn create_row(&self, input: Box<dyn Any>) -> RowValues {
        row_of::<R::Create>(R::META, input)
    }

    fn update_row(&self, input: Box<dyn Any>) -> RowValues {
        row_of::<R::Update>(R::META, input)
    }

    fn batch(&self, inputs: Vec<Box<dyn Any>>) -> Box<dyn Any> {
        Box::new(inputs.into_iter().map(owned::<R::Create>).collect::<Vec<_>>())
    }

    fn unbatch(&self, batch: Box<dyn Any>) -> Vec<Box<dyn Any>> {
        owned::<Vec<R::Create>>(batch).into_iter().map(|input| Box::new(input) as Box<dyn Any>).collect()
    }

    fn decode(&self, row: &mut Row<'_>) -> Result<Box<dyn Any>, DbError> {
        Ok(Box::new(R::decode(row)?))
    }

    fn decode_many(&self, rows: &mut dyn Iterator<Item = Row<'_>>) -> Result<Box<dyn Any>, DbError> {
        let records: Result<Vec<R>, DbError> = rows.map(|mut row| R::decode(&mut row)).collect();
        Ok(Box::new(records?))
    }

    fn id(&self, record: &dyn Any) -> Id {
        reference::<R>(record).id().into()
    }

    fn id_nth(&self, records: &dyn Any, nth: usize) -> Id {
        reference::<Vec<R>>(records)[nth].id().into()
    }

    fn len(&self, records: &dyn Any) -> usize {
        reference::<Vec<R>>(records).len()
    }

    fn write(&self, record: &dyn Any, out: &mut ObjectWriter<'_>) {
        reference::<R>(record).write(out);
    }

    fn write_nth(&self, records: &dyn Any, nth: usize, out: &mut ObjectWriter<'_>) {
        reference::<Vec<R>>(records)[nth].write(out);
    }
}
