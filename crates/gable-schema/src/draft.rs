//! Drafts of models: each holds the contents of one file, with checked shapes, not yet compared with other files.

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
    /// Position of `account: true`.
    pub(crate) account: Option<Span>,
    /// Position of `fields:`, or of the model's name if there is no `fields:`.
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
    /// False if the type was refused; problems that follow from the type are then not reported.
    pub(crate) valid: bool,
    /// Roles named in the `access:` of the field; checked once all roles are known.
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

/// The foreign key that a `belongsTo` adds. Its type is the type of the target's id.
#[derive(Debug)]
pub(crate) struct DraftKey {
    pub(crate) key: DraftField,
    pub(crate) on_delete: OnDelete,
    /// Position of `default: $me`.
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

/// An operation listed in `routes:`, with its presets.
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
