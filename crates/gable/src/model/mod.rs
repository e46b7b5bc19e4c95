//! Rows, inputs and their JSON: the types that generated code and operations exchange. Generated code implements
//! `Resource`; operations use it as `AnyResource`, without its types, so a downcast can fail only because of a bug of
//! the runtime.
//!
//! `Nested<R>` has a typed interface, but stores its input without the type: a chain of a hundred models with typed
//! inputs would not compile.

mod answer_budget;
mod erased;
mod id;
pub(crate) mod input;
mod nested;
mod render;
mod resource;
mod row;
mod string_enum;
mod typed_value;

pub(crate) use answer_budget::{AnswerBudget, AnswerMemory, JsonBuffer, most_held};
pub use erased::Erased;
pub use id::{Id, KeySlot, RowId};
pub(crate) use id::{id_from, optional_id};
pub(crate) use nested::{Among, Change, Draft, InlineKey, Key, Reference, Replacement, RowRef, Upsert};
pub use nested::{AnyInput, Nested};
pub(crate) use render::{Names, name_in, object, object_named};
pub use render::{ObjectWriter, ToJson};
pub use resource::{AnyResource, Input, Resource};
pub(crate) use row::Relating;
pub use row::RowValues;
pub use string_enum::{
    StringEnum, enum_array_type, enum_column_type, enum_from_column, enum_from_json, enum_from_row, enum_from_value,
    enum_null,
};
pub(crate) use typed_value::{typed_json, typed_value};
