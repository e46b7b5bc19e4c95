//! All keys of the schema language. The reader refuses keys that are not in these tables, and the JSON Schema for
//! editors is printed from them, so the two cannot differ.

mod app;
mod model;

pub(crate) use app::*;
pub(crate) use model::*;

/// The keys of one map of the language.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name of the definition in the JSON Schema.
    pub(crate) name: &'static str,
    /// The noun for a key in messages: `key`, `operation`.
    pub(crate) noun: &'static str,
    pub(crate) keys: &'static [Key],
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
}

/// The kind of value that a key takes.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    Boolean,
    Integer,
    Number,
    /// `15m`
    Duration,
    /// `1mb` or bytes
    Size,
    Any,
    Texts,
    TextLists,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
    Map(&'static Table),
    /// JSON name to field
    Fields,
    /// JSON name to relation
    Relations,
    /// action to rule or rules
    Actions,
    /// key of a body to its rule
    BodyRules,
    /// `public`, `authenticated`, or a list of roles
    Who,
    /// a list of names, or one text with commas
    Names,
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, about, required: false }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, about, required: true }
}

pub(crate) const TYPES: &[&str] = &[
    "string", "text", "email", "url", "password", "integer", "bigint", "float", "decimal", "boolean", "date", "time",
    "datetime", "uuid", "json", "enum", "enum[]",
];
