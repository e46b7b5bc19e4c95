//! `Resource`, which generated code implements once per model. `AnyResource` erases its types, so that every operation
//! is compiled only once.

use std::any::Any;
use std::fmt::Debug;

use validator::Validate;

use super::input::BodyReader;
use super::nested::AnyInput;
use super::render::ObjectWriter;
use super::row::RowValues;
use super::{Id, RowId};
use crate::db::{DbError, Row};
use crate::meta::ModelMeta;

/// Implemented by generated code for each model. `Self` is the SeaORM `Model`, which is one row.
pub trait Resource: Sized + 'static {
    /// `Uuid` or `i64`, matching `META.id`.
    type Id: RowId;
    type Create: Input;
    type Update: Input + Default;
    const META: &'static ModelMeta;

    fn id(&self) -> Self::Id;
    /// Reads every column in table order.
    fn decode(row: &mut Row<'_>) -> Result<Self, DbError>;
    /// Writes every field in table order; the writer's mask selects the fields that are kept.
    fn write(&self, out: &mut ObjectWriter<'_>);
}

/// An input read from a request body, such as `CreatePost` or `UpdatePost`.
pub trait Input: Validate + Clone + Debug + PartialEq + 'static {
    /// Reads all known keys, in YAML order. Problems are collected in `body`; a field with a problem holds a
    /// placeholder that must not be used.
    fn read(body: &mut BodyReader<'_>) -> Self;
    fn into_row(self, row: &mut RowValues);
    /// Sets the foreign key at this position of `ModelMeta::fields`. Does nothing for a model without foreign keys.
    fn set_key(&mut self, _field: usize, _id: Option<Id>) {}
}

/// `Resource` without its types. Each `dyn Any` is the type implied by its name: `R::Create`, `R::Update`, `R`,
/// `Vec<R>`.
pub trait AnyResource: Send + Sync {
    fn meta(&self) -> &'static ModelMeta;
    fn read_create(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput>;
    fn read_update(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput>;
    /// Returns an update input that changes no field.
    fn no_update(&self) -> Box<dyn AnyInput>;
    fn create_row(&self, input: Box<dyn Any>) -> RowValues;
    fn update_row(&self, input: Box<dyn Any>) -> RowValues;
    fn batch(&self, inputs: Vec<Box<dyn Any>>) -> Box<dyn Any>;
    fn unbatch(&self, batch: Box<dyn Any>) -> Vec<Box<dyn Any>>;
    fn decode(&self, row: &mut Row<'_>) -> Result<Box<dyn Any>, DbError>;
    fn decode_many(&self, rows: &mut dyn Iterator<Item = Row<'_>>) -> Result<Box<dyn Any>, DbError>;
    fn id(&self, record: &dyn Any) -> Id;
    fn id_nth(&self, records: &dyn Any, nth: usize) -> Id;
    fn len(&self, records: &dyn Any) -> usize;
    fn write(&self, record: &dyn Any, out: &mut ObjectWriter<'_>);
    fn write_nth(&self, records: &dyn Any, nth: usize, out: &mut ObjectWriter<'_>);
}
