//! A model as one file says it: every part read and of the right shape, nothing yet compared with other files.

use crate::diagnostic::Span;
use crate::node::{Node, Spanned};
use crate::schema::{Field, IdKind, OnDelete, Operation, Route};

#[derive(Debug)]
pub(crate) struct DraftModel<'n> {
    pub(crate) name: Spanned<String>,
    pub(crate) file: String,
    pub(crate) description: Option<String>,
    pub(crate) id: IdKind,
    pub(crate) timestamps: bool,
    pub(crate) soft_delete: bool,
    /// Where `account: true` stands.
    pub(crate) account: Option<Span>,
    /// Where `fields:` stands, or the model's name where it has none.
    pub(crate) fields_span: Span,
    pub(crate) fields: Vec<DraftField>,
    pub(crate) relations: Vec<DraftRelation>,
    pub(crate) indexes: Vec<DraftIndex>,
    pub(crate) uniques: Vec<DraftIndex>,
    pub(crate) access: Vec<DraftAccess<'n>>,
    pub(crate) routes: Vec<DraftRoute<'n>>,
}

#[derive(Debug)]
pub(crate) struct DraftField {
    pub(crate) field: Field,
    pub(crate) span: Span,
    /// False where the type was refused: then nothing that depends on it is reported again.
    pub(crate) sound: bool,
    /// Roles of `access:`, to be looked up once the roles are known.
    pub(crate) roles: Vec<Spanned<String>>,
    pub(crate) renamed_from: Option<Spanned<String>>,
}

#[derive(Debug)]
pub(crate) struct DraftRelation {
    pub(crate) name: Spanned<String>,
    pub(crate) target: Spanned<String>,
    pub(crate) kind: DraftKind,
}

#[derive(Debug)]
pub(crate) enum DraftKind {
    BelongsTo(Box<DraftKey>),
    HasOne { via: Option<Spanned<String>> },
    HasMany { via: Option<Spanned<String>> },
    ManyToMany { via: Option<Spanned<String>>, through: Option<Spanned<String>> },
}

/// The key that a `belongsTo` adds. Its type follows from the target.
#[derive(Debug)]
pub(crate) struct DraftKey {
    pub(crate) key: DraftField,
    pub(crate) on_delete: OnDelete,
    /// Where `default: $me` stands.
    pub(crate) me: Option<Span>,
}

impl DraftRelation {
    pub(crate) fn key(&self) -> Option<&DraftKey> {
        match &self.kind {
            DraftKind::BelongsTo(key) => Some(key),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct DraftIndex {
    pub(crate) span: Span,
    pub(crate) fields: Vec<Spanned<String>>,
}

#[derive(Debug)]
pub(crate) struct DraftAccess<'n> {
    pub(crate) action: Spanned<String>,
    pub(crate) description: Option<String>,
    pub(crate) rules: Vec<DraftRule<'n>>,
}

#[derive(Debug)]
pub(crate) struct DraftRule<'n> {
    pub(crate) span: Span,
    pub(crate) who: DraftWho,
    pub(crate) conditions: Vec<(Spanned<String>, &'n Node)>,
}

#[derive(Debug)]
pub(crate) enum DraftWho {
    Public,
    Authenticated,
    Roles(Vec<Spanned<String>>),
}

/// An operation that `routes:` names, and what it presets.
#[derive(Debug)]
pub(crate) struct DraftRoute<'n> {
    pub(crate) operation: Operation,
    pub(crate) route: Route,
    pub(crate) fields: Option<Vec<Spanned<String>>>,
    pub(crate) sort: Option<Vec<Spanned<String>>>,
    pub(crate) conditions: Vec<(Spanned<String>, &'n Node)>,
    pub(crate) limit: Option<Spanned<u32>>,
    pub(crate) max_limit: Option<Spanned<u32>>,
}
