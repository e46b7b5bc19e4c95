//! Turns a URL into SQL text and values; all reads pass through here. `parse` checks every name and value against the
//! fields and rows that the caller may see; `plan` adds the Scope and writes the SQL.
//!
//! A field that the caller may not read behaves exactly like one that does not exist, including the text of the error;
//! so does a relation to a model that the caller may not view.
//!
//! `caseInsensitive` fields are folded by `lower(…)` of ASCII letters rather than by a collation: both databases and
//! Rust fold the same letters, and no index depends on a locale. Included rows are not ranked by a window function,
//! which would read all related rows to keep a few.

mod condition;
mod cursor;
mod direction;
mod filter;
#[cfg(feature = "fuzzing")]
mod fuzzing;
mod include;
mod include_json;
mod include_sql;
mod json_filter;
mod list;
mod model_set;
mod operator;
mod page;
mod parameters;
mod parse;
mod path;
mod plan;
mod preset;
mod refusal;
mod selection;
mod sql;
mod tautology;
#[cfg(test)]
mod test_model;
mod url_filter;
mod viewer;

#[cfg(test)]
pub(crate) use condition::{Condition, Test};
pub(crate) use cursor::after as cursor_after;
pub use direction::Direction;
pub(crate) use include::{Included, load as load_included};
pub(crate) use include_json::{object_including, object_nth, object_of_row};
pub(crate) use list::Counting;
pub use list::ListQuery;
pub(crate) use model_set::{CascadeEffects, Model, ModelSet};
pub(crate) use parameters::{no_parameters, parameters};
pub(crate) use parse::QueryParser;
pub(crate) use plan::TableSql;
pub(crate) use preset::Preset;
pub(crate) use selection::Selection;
pub(crate) use viewer::Viewer;
