//! `Resource`, which generated code implements once per model. `AnyResource` erases its types, so that every operation
//! is compiled only once.

use std::any::Any;
use std::fmt::Debug;

use validator::Validate;

use super::input::BodyReader;
use super::nested::AnyInput;
use super::render::ObjectWriter;
use super::row::RowValues;
use super::{Id, KeySlot, RowId};
use crate::db::{DbError, Row};
use crate::meta::ModelMeta;

/// Implemented by generated code for each model. `Self` is the SeaORM `Model`, which is one row.
pub trait Resource: Sized + 'static {
    /// `Uuid` or `i64`, matching `META.id`.
    type Id: RowId;
    /// The validated body of a request that creates a row.
    type Create: Input;
    /// The validated body of a request that updates a row. The default changes no field.
    type Update: Input + Default;
    /// The metadata of the model.
    const META: &'static ModelMeta;

    /// Returns the id of the row.
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
    /// Moves the values to the row that will be written.
    fn into_row(self, row: &mut RowValues);
    /// Returns the foreign key at this position of [`ModelMeta::fields`]; `None` if another field is there.
    fn key(&mut self, _field: usize) -> Option<&mut dyn KeySlot> {
        None
    }
}

/// [`Resource`] without its types. Each `dyn Any` is the type implied by its name: `R::Create`, `R::Update`, `R`,
/// `Vec<R>`.
pub trait AnyResource: Send + Sync {
    /// Returns [`Resource::META`].
    fn meta(&self) -> &'static ModelMeta;
    /// Reads the body of a request that creates a row.
    fn read_create(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput>;
    /// Reads the body of a request that updates a row.
    fn read_update(&self, body: &mut BodyReader<'_>) -> Box<dyn AnyInput>;
    /// Returns an update input that changes no field.
    fn no_update(&self) -> Box<dyn AnyInput>;
    /// Turns a create input into the values of a row.
    fn create_row(&self, input: Box<dyn Any>) -> RowValues;
    /// Turns an update input into the values of a row.
    fn update_row(&self, input: Box<dyn Any>) -> RowValues;
    /// Collects create inputs in a `Vec<R::Create>`.
    fn batch(&self, inputs: Vec<Box<dyn Any>>) -> Box<dyn Any>;
    /// Takes a `Vec<R::Create>` apart.
    fn unbatch(&self, batch: Box<dyn Any>) -> Vec<Box<dyn Any>>;
    /// Reads a row of the database.
    fn decode(&self, row: &mut Row<'_>) -> Result<Box<dyn Any>, DbError>;
    /// Reads rows of the database into a `Vec<R>`.
    fn decode_many(&self, rows: &mut dyn Iterator<Item = Row<'_>>) -> Result<Box<dyn Any>, DbError>;
    /// Returns the id of a row.
    fn id(&self, record: &dyn Any) -> Id;
    /// Returns the id of one row of a `Vec<R>`.
    fn id_nth(&self, records: &dyn Any, nth: usize) -> Id;
    /// Returns the number of rows in a `Vec<R>`.
    fn len(&self, records: &dyn Any) -> usize;
    /// Writes a row to a response.
    fn write(&self, record: &dyn Any, out: &mut ObjectWriter<'_>);
    /// Writes one row of a `Vec<R>` to a response.
    fn write_nth(&self, records: &dyn Any, nth: usize, out: &mut ObjectWriter<'_>);
}
