//! From a URL to SQL text and values: the one door that reads pass. `parse` checks every name and value against what
//! the caller may see; `plan` adds the Scope and writes the text.

mod list;
mod parameters;
mod parse;
mod plan;
mod value;

pub use list::{Direction, Filter, ListQuery};
pub(crate) use parameters::{no_parameters, parameters};
pub(crate) use parse::{parse, parse_fields, parse_filter};
pub(crate) use plan::TableSql;
pub(crate) use value::typed_value;
